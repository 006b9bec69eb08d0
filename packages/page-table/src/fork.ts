/**
 * Copies of whole tables, whose pages are copied when one of the two writes to them.
 *
 * @module
 */

export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
export { type FaultOptions, type FaultOutcome, handleFault } from "./table/fault.js";
export { COPY_ON_WRITE, fork } from "./table/fork.js";
