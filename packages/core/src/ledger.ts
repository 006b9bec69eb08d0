/**
 * The leak ledger: which handles are live, and where they were acquired.
 *
 * A debugging aid. Nothing keeps one by default: who hands out handles takes a `Ledger | undefined` and writes
 * `ledger?.acquire(...)`, so that without one the cost is a test of a field. It is vostd's `frame_obligations` made
 * real: a multiset with one entry per live handle, empty when nothing has leaked.
 *
 * CORE-18: an entry is there exactly from `acquire` to the matching `release`. A handle that is acquired or released
 * behind the ledger's back breaks it; a `release` without its `acquire` is refused and changes nothing.
 *
 * @module
 */

import { CoreError } from "./core-error.js";

/** The live handles of one kind on one thing. */
export interface LedgerEntry {
  /** What kind of handle: `"frame"`, `"borrow"`. */
  readonly kind: string;
  /** Which thing it is on: an address, a frame number, an index. */
  readonly id: number;
  /** How many are live, at least 1. */
  readonly count: number;
  /** Where they were acquired, oldest first; empty unless stacks are recorded. */
  readonly stacks: readonly string[];
}

/** `stacks[i]` is the i-th live handle's; `undefined` when stacks are not recorded. */
interface Live {
  count: number;
  readonly stacks: string[] | undefined;
}

/**
 * @example
 * ```ts
 * import { Ledger } from "@memkit/core";
 *
 * const ledger = new Ledger();
 * ledger.acquire("frame", 7);
 * ledger.acquire("frame", 7);
 * ledger.release("frame", 7);
 * ledger.report(); // => [{ kind: "frame", id: 7, count: 1, stacks: [] }]
 * ledger.size; // => 1
 * ```
 */
export class Ledger {
  readonly #live = new Map<string, Map<number, Live>>();
  readonly #stacks: boolean;
  #size = 0;

  /** @param options - `stacks`: also record where each handle was acquired; slow, some microseconds a handle */
  constructor({ stacks = false }: { readonly stacks?: boolean } = {}) {
    this.#stacks = stacks;
  }

  /** Live handles of all kinds. */
  get size(): number {
    return this.#size;
  }

  /** A handle of `kind` on `id` begins. */
  acquire(kind: string, id: number): void {
    const stack = this.#stacks ? callers() : ""; // first: what `Error.prepareStackTrace` does may fail
    let ofKind = this.#live.get(kind);
    if (ofKind === undefined) {
      ofKind = new Map();
      this.#live.set(kind, ofKind);
    }
    let live = ofKind.get(id);
    if (live === undefined) {
      live = { count: 0, stacks: this.#stacks ? [] : undefined };
      ofKind.set(id, live);
    }
    live.count += 1;
    this.#size += 1;
    live.stacks?.push(stack);
  }

  /**
   * A handle of `kind` on `id` ends. Handles on one thing are not told apart: the youngest is taken to be the one.
   *
   * @throws {@link CoreError} `not-in-ledger` if there is none: released twice, or never acquired
   */
  release(kind: string, id: number): void {
    const ofKind = this.#live.get(kind);
    const live = ofKind?.get(id);
    if (ofKind === undefined || live === undefined) {
      throw new CoreError({ code: "not-in-ledger", kind, id });
    }
    live.count -= 1;
    this.#size -= 1;
    live.stacks?.pop();
    if (live.count === 0) ofKind.delete(id);
  }

  /** Live handles of `kind` on `id`. */
  count(kind: string, id: number): number {
    return this.#live.get(kind)?.get(id)?.count ?? 0;
  }

  /** Everything that is live: at the end of a program, what has leaked. */
  report(): LedgerEntry[] {
    return [...this.#live].flatMap(([kind, ofKind]) =>
      Array.from(ofKind, ([id, { count, stacks = [] }]) => ({
        kind,
        id,
        count,
        stacks: [...stacks],
      })),
    );
  }
}

/** The stack from the caller of `acquire` on. */
function callers(): string {
  const lines = String(new Error().stack ?? "").split("\n"); // no string if a host prepares it
  return lines.slice(3).join("\n"); // "Error", this function, `acquire`
}
