/**
 * Hardware page tables: the constants of the paging formats, the arithmetic of addresses, and the package's error. Formats,
 * the walker and what looks at whole address spaces are subpaths.
 *
 * @packageDocumentation
 */

export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
export {
  AARCH64_4K,
  type CanonicalRule,
  checkCanonical,
  isCanonical,
  isCanonicalHi,
  type PagingConsts,
  pteIndex,
  pteIndexOfWords,
  SV39,
  SV48,
  SV57,
  X86_64,
  X86_64_LA57,
} from "./paging.js";
export type { TableErrorDetail } from "./table/table-error.js";
export type { VirtualAddress } from "./virtual-address.js";
export type { VmSpaceErrorDetail } from "./vm-space/vm-space-error.js";
