/**
 * Address spaces: a page table with caches, devices, faults, and readers and writers through the translation.
 *
 * @module
 */

export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
export type { FaultOutcome } from "./table/fault.js";
export { checkInvariants, type VmInvariant, type VmViolation } from "./vm-space/check.js";
export { IoMem } from "./vm-space/io-mem.js";
export { UserReader, UserWriter } from "./vm-space/user-memory.js";
export { type VmAccess, VmCpu } from "./vm-space/vm-cpu.js";
export { VmCursorMut } from "./vm-space/vm-cursor-mut.js";
export {
  type VmFault,
  type VmFaultHandler,
  VmSpace,
  type VmSpaceOptions,
} from "./vm-space/vm-space.js";
export type { VmSpaceErrorDetail } from "./vm-space/vm-space-error.js";
