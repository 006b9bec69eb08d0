/**
 * Borrow checking on its own, for whoever guards other memory than a guest's.
 *
 * @module
 */

export { BorrowChecker, type BorrowCheckerSizes } from "./borrow-checker.js";
export {
  type BorrowPolicy,
  OUT_OF_HANDLES,
  REFUSED,
  type WatchingPolicy,
} from "./borrow-policy.js";
export type { Borrow, BorrowKind } from "./error.js";
