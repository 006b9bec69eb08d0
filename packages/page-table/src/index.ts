/**
 * Hardware page tables. Today: the constants of the paging formats and the arithmetic of addresses.
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
export type { VirtualAddress } from "./virtual-address.js";
