/**
 * Tables that several agents change at a time, and those that somebody else has made.
 *
 * @module
 */

export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
export { adoptTable, attachTable } from "./table/attach.js";
export { type ShareOptions, shareTables } from "./table/share.js";
