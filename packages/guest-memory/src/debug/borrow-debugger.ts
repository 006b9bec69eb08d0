/**
 * A policy for finding out who breaks the rules of borrowing, and where.
 *
 * It leaves the decisions to another policy and adds three things. Every live borrow has the stack of its taker, which
 * `ptr-borrowed` and `reentered` then name. Holders see a {@link Shadow}, so that a view kept for too long can neither
 * read the guest nor write to it, and a write that breaks the rules is reported when the borrow ends. A guard
 * that was lost without `drop()` is reported once it has been garbage-collected.
 *
 * Keeps GM-14 also against holders of a `bytes` view. Invariant GM-16: what a holder may not write never reaches the
 * guest, and what it may write does when its borrow ends. Who could break it: nobody through a view; holders of `base()`, and
 * the guest.
 *
 * It hides one kind of mistake: growth does not detach a shadow, but does detach the views that a host gets without it.
 *
 * @module
 */

import { isRecord } from "@memkit/core";
import { BorrowChecker } from "../borrow-checker.js";
import { type BorrowPolicy, sayCounts, type WatchingPolicy } from "../borrow-policy.js";
import { demandPolicy } from "../claim.js";
import { demandOption } from "../demand.js";
import { type Borrow, type BorrowKind, GuestError, sayBorrow } from "../error.js";
import { printsAs } from "../inspect.js";
import { type Breach, Shadow } from "./shadow.js";
import { stackBelow } from "./stack.js";

/** How a {@link BorrowDebugger} decides and reports. */
export interface BorrowDebuggerOptions {
  /** Who decides. Default: a {@link BorrowChecker} of its own. */
  readonly policy?: BorrowPolicy;
  /**
   * Told of every guard that was garbage-collected while its borrow was live, some turn of the event loop after. Default:
   * `console.warn`.
   */
  readonly onLeak?: (leak: Borrow) => void;
}

/** Bytes of a memory. */
interface Memory {
  base(): Uint8Array;
}

/** One live borrow. Must not keep its holder alive. */
interface Loan extends Borrow {
  readonly stack: string;
  /** Its handle with the other policy. */
  readonly inner: number;
  holder: WeakRef<object> | undefined;
  memory: Memory | undefined;
  shadow: Shadow | undefined;
}

/**
 * Another policy's decisions, watched.
 *
 * A borrow costs some 15 µs and two copies of its bytes, made when a guard or callback gets it; a borrow that is only a
 * handle (`mem.mutBorrow`) has no view, so none are made, and who else writes its bytes is not seen. Ending a borrow whose
 * rules were broken throws `borrow-violated`; by then it has ended. Each memory wants a debugger of its own.
 *
 * @example
 * ```ts
 * import { GuestMemory } from "@memkit/guest-memory";
 * import { BorrowDebugger } from "@memkit/guest-memory/debug";
 *
 * const mem = new GuestMemory({ buffer: new ArrayBuffer(16) }, { policy: new BorrowDebugger() });
 * let stale: Uint8Array = new Uint8Array();
 * mem.withSliceMut(0, 4, (bytes) => {
 *   bytes[0] = 1;
 *   stale = bytes;
 * });
 * stale[0] = 2; // too late
 * mem.readU8(0); // => 1
 * mem.mutBorrow({ start: 8, len: 4 });
 * mem.outstandingBorrows()[0]?.stack?.includes("at "); // => true
 * ```
 */
export class BorrowDebugger implements WatchingPolicy {
  readonly #inner: BorrowPolicy;
  /** Handles of its own, none twice: the other policy may give the same to all, or an old one again. */
  #next = 0;
  readonly #live = new Map<number, Loan>();
  readonly #ends = new WeakMap<object, string>();
  readonly #lost: FinalizationRegistry<Loan>;

  /** @throws {@link GuestError} `invalid-option` for what are no options, no policy or no function */
  constructor(options: BorrowDebuggerOptions = {}) {
    demandOption(isRecord(options), "options", options);
    const { policy = new BorrowChecker(), onLeak = warn } = options;
    demandOption(typeof onLeak === "function", "onLeak", onLeak);
    this.#inner = demandPolicy(policy);
    this.#lost = new FinalizationRegistry((loan) => onLeak(named(loan)));
  }

  get mutCount(): number {
    return this.#inner.mutCount;
  }

  get sharedCount(): number {
    return this.#inner.sharedCount;
  }

  /** Live borrows whose guards were lost: garbage-collected without `drop()`. */
  leaks(): Borrow[] {
    const lost = [...this.#live.values()].filter(
      ({ holder }) => holder !== undefined && holder.deref() === undefined,
    );
    return lost.map(named);
  }

  mutBorrow(start: number, len: number): number {
    const stack = stackBelow(this.mutBorrow); // first: what a host's prepareStackTrace does may fail
    return this.#note("mut", start, len, stack, this.#inner.mutBorrow(start, len));
  }

  sharedBorrow(start: number, len: number): number {
    const stack = stackBelow(this.sharedBorrow);
    return this.#note("shared", start, len, stack, this.#inner.sharedBorrow(start, len));
  }

  mutUnborrow(handle: number): void {
    const loan = this.#loan(handle, "mut");
    this.#unborrow(handle, loan, () => this.#inner.mutUnborrow(loan.inner));
  }

  sharedUnborrow(handle: number): void {
    const loan = this.#loan(handle, "shared");
    this.#unborrow(handle, loan, () => this.#inner.sharedUnborrow(loan.inner));
  }

  releaseAll(): void {
    const stack = stackBelow(this.releaseAll); // first, as in mutBorrow
    // What mut holders wrote arrives, as it would have without a debugger. Breaches are not reported: whoever ends all
    // borrows at once has done with their holders.
    for (const { kind, shadow, memory } of this.#live.values()) {
      if (kind === "mut") shadow?.settle(kind, bytesOf(memory));
    }
    this.#inner.releaseAll();
    for (const [handle, loan] of this.#live) this.#end(handle, loan, stack);
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
    for (const loan of this.#live.values()) if (keyOf(loan) === keyOf(found)) return named(loan);
    return found;
  }

  lookup(handle: number): Borrow | undefined {
    const loan = this.#live.get(handle);
    return loan && named(loan);
  }

  outstanding(): Borrow[] {
    const loans = [...this.#live.values()];
    const counts = new Map<string, number>();
    for (const loan of loans) counts.set(keyOf(loan), (counts.get(keyOf(loan)) ?? 0) + 1);
    // Borrows that were taken from the other policy behind this one's back have no stack, but count.
    const others = this.#inner.outstanding().filter((borrow) => {
      const left = counts.get(keyOf(borrow)) ?? 0;
      counts.set(keyOf(borrow), left - 1);
      return left <= 0;
    });
    return [...loans.map(named), ...others];
  }

  /** Called by guards. Their copy is made now: from here on nobody else may write those bytes. */
  held(handle: number, holder: object, memory: Memory): void {
    const loan = this.#loan(handle, undefined);
    loan.holder = new WeakRef(holder);
    this.#lost.register(holder, loan, loan);
    try {
      this.lend(handle, memory);
    } catch {
      loan.shadow = undefined; // a memory that is gone: the guard says so when its bytes are asked for
    }
  }

  /** Called by guards and scoped borrows. */
  lend(handle: number, memory: Memory): Uint8Array {
    const loan = this.#loan(handle, undefined);
    const { start, len } = loan.region;
    loan.memory = memory;
    loan.shadow ??= new Shadow(memory.base(), start, len);
    return loan.shadow.bytes;
  }

  /** Called by guards. */
  endOf(holder: object): string | undefined {
    return this.#ends.get(holder);
  }

  /** `BorrowDebugger { 1 mut and 0 shared borrows }` */
  toString(): string {
    return `BorrowDebugger { ${sayCounts(this)} }`;
  }

  /** What a structured log wants. */
  toJSON(): object {
    return { borrows: this.outstanding() };
  }

  #note(kind: BorrowKind, start: number, len: number, stack: string, inner: number): number {
    if (inner < 0) return inner; // refused
    const region = { start, len };
    const nobody = { holder: undefined, memory: undefined, shadow: undefined };
    this.#live.set(this.#next, { region, kind, stack, inner, ...nobody });
    return this.#next++;
  }

  #loan(handle: number, kind: BorrowKind | undefined): Loan {
    const loan = this.#live.get(handle);
    if (loan !== undefined && (kind === undefined || kind === loan.kind)) return loan;
    const code = loan === undefined ? "stale-handle" : "wrong-handle-kind";
    throw new GuestError({ code, handle, kind: kind ?? "shared" });
  }

  /** Ends a borrow with its bytes where they belong; says if rules were broken. */
  #unborrow(handle: number, loan: Loan, unborrow: () => void): void {
    const stack = loan.holder === undefined ? "" : stackBelow(this.#unborrow); // first, as in mutBorrow
    // While they are still borrowed. If the other policy throws, the borrow lives on, and may be settled again.
    const breach = loan.shadow?.settle(loan.kind, bytesOf(loan.memory));
    unborrow();
    this.#end(handle, loan, stack);
    if (breach !== undefined) throw violation(named(loan), breach);
  }

  /** Forgets a borrow that has ended at `stack`. */
  #end(handle: number, loan: Loan, stack: string): void {
    this.#live.delete(handle);
    this.#lost.unregister(loan);
    loan.shadow?.retire();
    const holder = loan.holder?.deref();
    if (holder !== undefined) this.#ends.set(holder, stack);
  }
}
printsAs(BorrowDebugger, String);

function violation(borrow: Borrow, { at, by }: Breach): GuestError {
  const rule =
    by === "holder"
      ? "was written to through its view; take a mut borrow for that"
      : "was changed meanwhile by the guest, or through a view of the whole memory";
  const reason = `a ${sayBorrow(borrow)} ${rule} (first at 0x${at.toString(16)})`;
  return new GuestError({ code: "borrow-violated", borrow, at, by, reason });
}

/** What errors and reports show of a loan. */
function named({ region, kind, stack }: Loan): Borrow {
  return { region, kind, stack };
}

function keyOf({ kind, region: { start, len } }: Borrow): string {
  return `${kind} ${start} ${len}`;
}

/** The bytes as they are now. A memory that is gone has none: what was written to it has gone with it. */
function bytesOf(memory: Memory | undefined): Uint8Array {
  try {
    return memory?.base() ?? new Uint8Array();
  } catch {
    return new Uint8Array(); // as without a debugger, where releasing a borrow does not ask for the memory
  }
}

function warn(leak: Borrow): void {
  console.warn(`@memkit/guest-memory: a guard was lost without drop(): ${sayBorrow(leak)}`);
}
