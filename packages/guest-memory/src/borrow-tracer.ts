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
 * import { GuestMemory } from "@memkit/guest-memory";
 * import { BorrowChecker, BorrowTracer } from "@memkit/guest-memory/borrow";
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
    const stack = callers();
    return this.#traced("mut", start, len, this.#inner.mutBorrow(start, len), stack);
  }

  sharedBorrow(start: number, len: number): number {
    const stack = callers();
    return this.#traced("shared", start, len, this.#inner.sharedBorrow(start, len), stack);
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
    for (const live of this.#live.values()) if (alike(live, found)) return live;
    return found;
  }

  lookup(handle: number): Borrow | undefined {
    return this.#live.get(handle) ?? this.#inner.lookup(handle);
  }

  outstanding(): Borrow[] {
    const untraced = this.#inner.outstanding(); // some may have been taken behind the tracer's back
    for (const live of this.#live.values()) {
      const at = untraced.findIndex((borrow) => alike(live, borrow));
      if (at >= 0) untraced.splice(at, 1);
    }
    return [...this.#live.values(), ...untraced];
  }

  #traced(kind: BorrowKind, start: number, len: number, handle: number, stack: string): number {
    if (handle >= 0) this.#live.set(handle, { region: { start, len }, kind, stack });
    return handle;
  }
}

function alike(a: Borrow, b: Borrow): boolean {
  return a.kind === b.kind && a.region.start === b.region.start && a.region.len === b.region.len;
}

/** The stack from the policy's method on. Taken before the borrow: what `Error.prepareStackTrace` does may fail. */
function callers(): string {
  const lines = String(new Error().stack ?? "").split("\n"); // no string if a host prepares it
  return lines.slice(2).join("\n"); // "Error", this function
}
