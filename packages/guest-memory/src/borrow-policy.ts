/**
 * What guest memory asks of whoever keeps track of borrows.
 *
 * {@link BorrowChecker} is the policy that everybody should want: exact to the byte. The interface is there for hosts
 * that must count differently (a coarser rule, an accounting of their own).
 *
 * @module
 */

import type { Borrow } from "./error.js";

/**
 * How exact a {@link BorrowChecker} is.
 *
 * - `precise`: to the byte.
 * - `coarse`: the whole memory is one thing, which any number may share or one may change, as in wiggle 20 to 24. Where a
 *   borrow lies and how long it is count for nothing: two buffers that do not touch exclude each other all the same, and so
 *   do empty ones. Handles are checked as ever. No cheaper than `precise`: for hosts that want wiggle's answers.
 * - `none`: nothing is recorded and nothing refused. Two views may change the same bytes, the guest may run while a view
 *   is out, releases of any handle, stale ones too, pass unseen. For measuring what the checks cost, and for hosts that
 *   hold no view beyond a read or write.
 */
export type PolicyName = "precise" | "coarse" | "none";

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
  /** `holder`, a guard, holds the borrow of `memory` that `handle` names. */
  held(handle: number, holder: object, memory: { base(): Uint8Array }): void;
  /** What the holder of the borrow may see instead of its range of `memory`: the same bytes at every call. */
  lend(handle: number, memory: { base(): Uint8Array }): Uint8Array;
  /** Where the borrow of `holder` ended, as a stack. */
  endOf(holder: object): string | undefined;
}

/** How many borrows are live, in words. */
export function sayCounts({ mutCount, sharedCount }: BorrowPolicy): string {
  return `${mutCount} mut and ${sharedCount} shared borrows`;
}

/** The policy again, if it watches. */
export function watching(policy: BorrowPolicy): WatchingPolicy | null {
  const { held, lend, endOf } = policy as Partial<WatchingPolicy>;
  const watches = [held, lend, endOf].every((method) => typeof method === "function");
  return watches ? (policy as WatchingPolicy) : null;
}
