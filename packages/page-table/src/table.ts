/**
 * Page tables kept in frames, and the cursors that change them.
 *
 * @module
 */

export { Cursor } from "./cursor/cursor.js";
export { CursorMut } from "./cursor/cursor-mut.js";
export { StrayTable, type Taken, type TakenItem } from "./cursor/taken.js";
export type { PageTableConfig } from "./format/config.js";
export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
export type { NodeFrame, PageTablePageMeta } from "./table/node-store.js";
export { PageTable, type Translation } from "./table/page-table.js";
export type { Item } from "./table/references.js";
export type { TableErrorDetail } from "./table/table-error.js";
export type { VirtualAddress } from "./virtual-address.js";
