/**
 * Looking at address spaces: list, dump, compare, search, explain; and memory dumps to look at.
 *
 * @module
 */

export { type Change, diff, type Side } from "./inspect/diff.js";
export { dump, explain } from "./inspect/explain.js";
export { elfCore, rawImage } from "./inspect/image.js";
export { type Found, mappings, type ScanOptions, scan } from "./inspect/scan.js";
export { search, virtualOf, type Wanted } from "./inspect/search.js";
export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
