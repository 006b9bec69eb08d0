/**
 * What guest memory asks of whoever keeps track of borrows.
 *
 * {@link BorrowChecker} is the policy that everybody should want: exact to the byte. The interface is there for hosts
 * that must count differently (a coarser rule, an accounting of their own).
 *
 * @module
 */

import type { Borrow } from "./error.js";

/** Returned instead of a handle: the range overlaps a live borrow that excludes it. */
export const REFUSED = -1;
/** Returned instead of a handle: too many borrows are live. */
export const OUT_OF_HANDLES = -2;

/**
 * Keeps the live borrows of one memory.
 *
 * Ranges come as `(start, len)` in bytes, both safe integers that the caller has checked. Refusals are numbers, so that
 * trying costs no exception; handles are non-negative integers, and 0 is one of them.
 */
export interface BorrowPolicy {
  /** Live mut borrows, empty ranges included. Guest memory skips every query while it is 0. */
  readonly mutCount: number;
  /** Live shared borrows, empty ranges included. */
  readonly sharedCount: number;
  /** A handle, or {@link REFUSED} if any live borrow overlaps the range, or {@link OUT_OF_HANDLES}. */
  mutBorrow(start: number, len: number): number;
  /** A handle, or {@link REFUSED} if a live mut borrow overlaps the range, or {@link OUT_OF_HANDLES}. */
  sharedBorrow(start: number, len: number): number;
  /** @throws {@link GuestError} `stale-handle`, `wrong-handle-kind` */
  mutUnborrow(handle: number): void;
  /** @throws {@link GuestError} `stale-handle`, `wrong-handle-kind` */
  sharedUnborrow(handle: number): void;
  /** Whether a live mut borrow overlaps the range. */
  isMutBorrowed(start: number, len: number): boolean;
  /** Whether a live shared borrow overlaps the range. */
  isSharedBorrowed(start: number, len: number): boolean;
  /** Some live borrow that overlaps the range: a mut one if there is one, else (if `shared` counts too) a shared one. */
  conflict(start: number, len: number, shared: boolean): Borrow | undefined;
  /** The borrow that `handle` names, if it is live. */
  lookup(handle: number): Borrow | undefined;
  /** Every live borrow, in no particular order. */
  outstanding(): Borrow[];
  /** Ends every live borrow. Their handles are stale afterwards. */
  releaseAll(): void;
}

/**
 * A policy that also stands between the holders of borrows and the bytes, to find out who breaks the rules.
 *
 * `BorrowDebugger` of `@memkit/guest-memory/debug` is one. A memory without one asks nothing of all this.
 */
export interface WatchingPolicy extends BorrowPolicy {
  /** `holder`, a guard, holds the borrow that `handle` names. */
  held(handle: number, holder: object): void;
  /** What the holder of the borrow may see instead of its range of `memory`: the same bytes at every call. */
  lend(handle: number, memory: { base(): Uint8Array }): Uint8Array;
  /** Where the borrow of `holder` ended, as a stack. */
  endOf(holder: object): string | undefined;
}

/** The policy again, if it watches. */
export function watching(policy: BorrowPolicy): WatchingPolicy | null {
  const { held, lend, endOf } = policy as Partial<WatchingPolicy>;
  const watches = [held, lend, endOf].every((method) => typeof method === "function");
  return watches ? (policy as WatchingPolicy) : null;
}
