/**
 * The vocabulary that the packages of memkit share.
 *
 * @packageDocumentation
 */

export {
  hiWord,
  joinWords,
  joinWordsBig,
  loWord,
  MAX_NUMERIC_ADDRESS,
  MAX_PAGE_NUMBER,
  type Paddr,
  type Pfn,
  paddr,
  paddrOf,
  pfn,
  pfnOf,
  type Vaddr,
  type Vpn,
  vaddr,
  vaddrOf,
  vpn,
  vpnOf,
} from "./address.js";
export { CoreError, type CoreErrorDetail } from "./core-error.js";
export { DropOnce, type Droppable } from "./dispose.js";
export {
  defineError,
  type ErrorClass,
  type ErrorDetail,
  type ErrorOf,
  MemkitError,
} from "./error.js";
export * from "./layout.js";
export { Ledger, type LedgerEntry } from "./ledger.js";
export type { AddressKind, MemoryErrorDetail } from "./memory-error.js";
export {
  alignDown,
  alignUp,
  basePagesAt,
  isAligned,
  LEVEL_BITS,
  MAX_PAGING_LEVEL,
  NR_ENTRIES,
  PAGE_SHIFT,
  PAGE_SIZE,
  type PageSpan,
  type PagingLevel,
  pageShift,
  pageSizeAt,
  pagesTouched,
  pagingLevel,
} from "./paging.js";
export {
  BANK_ALIGN,
  type Bank,
  type BankInit,
  type FrameKind,
  type FrameRange,
  PhysicalMemory,
} from "./physical.js";
export { containsRegion, formatRegion, overlaps, type Region } from "./region.js";
export { type RegistryKey, sharedRegistry } from "./registry.js";
export { type BufferTraits, bufferOf, bufferTraits, type MemorySource } from "./source.js";
export { ViewCache } from "./view-cache.js";
export {
  BaseReader,
  BaseWriter,
  type Exchange,
  type FallibleMemory,
  FallibleVmReader,
  FallibleVmWriter,
  type Pod,
  VmCursor,
  VmReader,
  VmWriter,
} from "./vm-io.js";
