/**
 * The walker: translation and access over tables in a memory or in a dump.
 *
 * @module
 */

export { rightsText, SR, SW, SX, UR, UW, UX } from "./format/rights.js";
export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
export type { VirtualAddress } from "./virtual-address.js";
export {
  type Dialect,
  EXECUTE_ACCESS,
  type Half,
  type Leaf,
  READ_ACCESS,
  type Tuning,
  USER_ACCESS,
  WRITE_ACCESS,
} from "./walk/dialect.js";
export type { Machine } from "./walk/machine.js";
export { type Access, type AccessRequest, type Fault, Mmu, type Part } from "./walk/mmu.js";
export { type Reason, reasonName } from "./walk/reason.js";
export { type MmuSettings, type StatusSettings, statusWith } from "./walk/settings.js";
export type { Page, PageSource, Tables, Target, Window } from "./walk/tables.js";
export {
  type SoftwareHook,
  type SoftwarePte,
  type Step,
  Walker,
  type WalkerInit,
} from "./walk/walker.js";
