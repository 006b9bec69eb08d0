/**
 * Tables that several agents change at a time.
 *
 * @module
 */

export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
export { type ShareOptions, shareTables } from "./table/share.js";
