/**
 * A processor's memory unit over a table that agents change.
 *
 * @module
 */

export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
export { type MmuOfOptions, mmuOf } from "./table/node-tables.js";
