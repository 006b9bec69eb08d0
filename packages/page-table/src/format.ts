/**
 * Entry formats: x86-64, RISC-V, AArch64, and properties of mappings in their terms.
 *
 * @module
 */

export { type Aarch64FormatOptions, aarch64Format } from "./format/aarch64.js";
export {
  type Entry,
  type EntryKind,
  encodeLeaf,
  encodeTable,
  kindOf,
  propertyOf,
} from "./format/codec.js";
export {
  kernelConfig,
  type PageTableConfig,
  pageTableConfig,
  userConfig,
  vaddrRange,
} from "./format/config.js";
export {
  bits,
  defineFormat,
  type FormatSpec,
  frameOf,
  type PteFormat,
  rightsTable,
  type SoftwareBit,
} from "./format/format.js";
export {
  ACCESSED,
  AVAIL1,
  AVAIL2,
  CACHE_POLICIES,
  type CachePolicy,
  cachePolicyOf,
  DIRTY,
  EXECUTE,
  GLOBAL,
  pageProperty,
  READ,
  USER,
  WRITE,
} from "./format/property.js";
export { RESERVED_RIGHTS, rightsText, SR, SW, SX, UR, UW, UX } from "./format/rights.js";
export { type RiscvFormatOptions, riscvFormat } from "./format/riscv.js";
export { type X86FormatOptions, x86Format } from "./format/x86-64.js";
export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
