/**
 * Guest memory, checked: bounds, alignment, and byte-precise borrows.
 *
 * @packageDocumentation
 */

export { BorrowChecker, type BorrowCheckerSizes } from "./borrow-checker.js";
export {
  type BorrowPolicy,
  OUT_OF_HANDLES,
  type PolicyName,
  REFUSED,
  type WatchingPolicy,
} from "./borrow-policy.js";
export { ByteMemory } from "./byte-memory.js";
export { CheckedMemory, type Result } from "./checked-memory.js";
export type { GuestMemoryOptions, GuestTarget } from "./claim.js";
export { ClaimedMemory } from "./claimed-memory.js";
export {
  type Borrow,
  type BorrowKind,
  type BoundaryFault,
  type DebugFault,
  type GuestAccess,
  GuestError,
  type GuestErrorDetail,
} from "./error.js";
export { Guard } from "./guard.js";
export { GuestArrayPtr } from "./guest-array-ptr.js";
export { GuestMemory } from "./guest-memory.js";
export { GuestPtr } from "./guest-ptr.js";
export { GuestCow, GuestSlice, GuestSliceMut } from "./guest-slice.js";
export { GuestStr, GuestStrCow, GuestStrMut } from "./guest-str.js";
export { GuestStrPtr } from "./guest-str-ptr.js";
export type { GuestInput, GuestValue } from "./guest-value.js";
export { ScalarMemory } from "./scalar-memory.js";
export type { Transparent, VectorOf, Vectors } from "./transparent.js";
export { TypedMemory } from "./typed-memory.js";
export { UnsafeGuestSlice } from "./unsafe-guest-slice.js";
