/**
 * A policy for debugging: it remembers where every live borrow was taken.
 *
 * `ptr-borrowed` and `reentered` errors then name the culprit's stack, and {@link GuestMemory.outstandingBorrows} is a leak
 * report. A stack costs some microseconds a borrow; memories without a tracer pay nothing.
 *
 * @module
 */

import type { BorrowPolicy } from "./borrow-policy.js";
import type { Borrow, BorrowKind } from "./error.js";

/**
 * Another policy's decisions, with stacks.
 *
 * @example
 * ```ts
 * import { BorrowChecker, BorrowTracer, GuestMemory } from "@memkit/guest-memory";
 *
 * const policy = new BorrowTracer(new BorrowChecker());
 * const mem = new GuestMemory({ buffer: new ArrayBuffer(16) }, { policy });
 * mem.mutBorrow({ start: 0, len: 4 });
 * mem.outstandingBorrows()[0]?.stack?.includes("at "); // => true
 * ```
 */
export class BorrowTracer implements BorrowPolicy {
  readonly #inner: BorrowPolicy;
  readonly #live = new Map<number, Borrow>();

  constructor(inner: BorrowPolicy) {
    this.#inner = inner;
  }

  get mutCount(): number {
    return this.#inner.mutCount;
  }

  get sharedCount(): number {
    return this.#inner.sharedCount;
  }

  mutBorrow(start: number, len: number): number {
    return this.#traced("mut", start, len, this.#inner.mutBorrow(start, len));
  }

  sharedBorrow(start: number, len: number): number {
    return this.#traced("shared", start, len, this.#inner.sharedBorrow(start, len));
  }

  mutUnborrow(handle: number): void {
    this.#inner.mutUnborrow(handle);
    this.#live.delete(handle);
  }

  sharedUnborrow(handle: number): void {
    this.#inner.sharedUnborrow(handle);
    this.#live.delete(handle);
  }

  isMutBorrowed(start: number, len: number): boolean {
    return this.#inner.isMutBorrowed(start, len);
  }

  isSharedBorrowed(start: number, len: number): boolean {
    return this.#inner.isSharedBorrowed(start, len);
  }

  conflict(start: number, len: number, shared: boolean): Borrow | undefined {
    const found = this.#inner.conflict(start, len, shared);
    if (found === undefined) return undefined;
    const { region, kind } = found;
    for (const live of this.#live.values()) {
      const same = live.region.start === region.start && live.region.len === region.len;
      if (same && live.kind === kind) return live;
    }
    return found;
  }

  lookup(handle: number): Borrow | undefined {
    return this.#live.get(handle) ?? this.#inner.lookup(handle);
  }

  outstanding(): Borrow[] {
    return [...this.#live.values()];
  }

  #traced(kind: BorrowKind, start: number, len: number, handle: number): number {
    if (handle >= 0) {
      const stack = (new Error().stack ?? "").split("\n").slice(2).join("\n");
      this.#live.set(handle, { region: { start, len }, kind, stack });
    }
    return handle;
  }
}
