/**
 * Guest memory, checked: bounds, alignment, and byte-precise borrows.
 *
 * @packageDocumentation
 */

export { BorrowChecker, type BorrowCheckerSizes } from "./borrow-checker.js";
export { type BorrowPolicy, OUT_OF_HANDLES, REFUSED } from "./borrow-policy.js";
export { ByteMemory } from "./byte-memory.js";
export { CheckedMemory, type Result } from "./checked-memory.js";
export type { GuestMemoryOptions, GuestTarget } from "./claim.js";
export {
  type Borrow,
  type BorrowKind,
  type GuestAccess,
  GuestError,
  type GuestErrorDetail,
} from "./error.js";
export { GuestMemory } from "./guest-memory.js";
export { trap, trapCause } from "./raise-trap.js";
export { ScalarMemory } from "./scalar-memory.js";
export {
  type BorrowedMemory,
  type InstanceLike,
  type WrapOptions,
  wrapInstance,
} from "./wrap-instance.js";
