/**
 * Borrow checking on its own, for whoever guards other memory than a guest's.
 *
 * @module
 */

export { BorrowChecker, type BorrowCheckerSizes } from "./borrow-checker.js";
export {
  type BorrowPolicy,
  OUT_OF_HANDLES,
  type PolicyName,
  REFUSED,
  type WatchingPolicy,
} from "./borrow-policy.js";
export { checkInvariants } from "./check-invariants.js";
export type { Borrow, BorrowKind } from "./error.js";
