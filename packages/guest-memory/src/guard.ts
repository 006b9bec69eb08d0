/**
 * The common part of guards: a borrow that ends when told to, and a view that follows the memory.
 *
 *     LIVE --- drop() or [Symbol.dispose]() ---> DROPPED (every access and a second drop() throw `released`)
 *
 * Invariant GM-14: a guard's bytes are those of its region for as long as it lives, whatever the memory does meanwhile:
 * a view that growth detached is made anew at the next access. After release there is no access.
 * Who could break it: holders of a `bytes` view, which outlives its guard like any view.
 *
 * @module
 */

import type { Region } from "@memkit/core";
import { type BorrowKind, GuestError } from "./error.js";
import type { GuestMemory } from "./guest-memory.js";
import { printsAs } from "./inspect.js";

/** What every guard can do. */
export abstract class Guard {
  /** The name of its class, whatever a minifier made of that. */
  readonly guardName: string;
  readonly mem: GuestMemory;
  /** The bytes it guards. */
  readonly region: Region;
  readonly #kind: BorrowKind | undefined;
  readonly #handle: number;
  #live = true;
  #view: Uint8Array | undefined;

  /**
   * Takes the borrow; `owned` bytes stand for themselves and need none.
   *
   * @throws {@link GuestError} `shared-memory`, `ptr-borrowed`, `borrow-checker-out-of-handles`
   */
  protected constructor(
    guardName: string,
    mem: GuestMemory,
    region: Region,
    kind: BorrowKind | undefined,
    owned?: Uint8Array,
  ) {
    this.guardName = guardName;
    this.mem = mem;
    this.region = Object.freeze({ start: region.start, len: region.len }); // GM-14: nobody moves it
    this.#kind = kind;
    this.#view = owned;
    if (kind === undefined) this.#handle = -1;
    else this.#handle = kind === "mut" ? mem.mutBorrow(this.region) : mem.sharedBorrow(this.region);
  }

  /** Whether it has ended. */
  get dropped(): boolean {
    return !this.#live;
  }

  /**
   * A view of the guarded bytes.
   *
   * Caller must: write only through a mut guard, and not keep the view: it outlives neither the guard nor growth.
   *
   * @throws {@link GuestError} `released`; `ptr-out-of-bounds` if the memory has shrunk below the region
   */
  get bytes(): Uint8Array {
    this.demandLive();
    const view = this.#view;
    if (view !== undefined && this.#current(view)) return view;
    const { start, len } = this.region;
    this.mem.validate(start, len, 1, 1);
    const fresh = new Uint8Array(this.mem.buffer, start, len);
    this.#view = fresh;
    return fresh;
  }

  /** Whether its bytes are the memory's own, not a copy. */
  get borrowed(): boolean {
    return this.#kind !== undefined;
  }

  /**
   * Ends the borrow.
   *
   * @throws {@link GuestError} `released` the second time: by then the range may be somebody else's; what the policy
   * throws, and then the guard lives on
   */
  drop(): void {
    this.demandLive();
    this.#live = false; // first: a policy that comes back here must not find it live
    try {
      if (this.#kind === "mut") this.mem.mutUnborrow(this.#handle);
      else if (this.#kind === "shared") this.mem.sharedUnborrow(this.#handle);
    } catch (error) {
      this.#live = true;
      throw error;
    }
    this.#view = undefined;
  }

  /** Ends the borrow unless it has ended: what `using` calls. */
  [Symbol.dispose](): void {
    if (this.#live) this.drop();
  }

  /** What a structured log wants: plain numbers. */
  toJSON(): object {
    const { start, len } = this.region;
    return { guard: this.guardName, start, len, dropped: this.dropped };
  }

  /** @throws {@link GuestError} `released` */
  protected demandLive(): void {
    if (!this.#live) {
      throw new GuestError({
        code: "released",
        guard: this.guardName,
        region: this.region,
      });
    }
  }

  /** Whether `view` still shows the memory. Detached, it has length 0; exchanged, another buffer. */
  #current(view: Uint8Array): boolean {
    if (this.#kind === undefined) return true;
    return view.length === this.region.len && view.buffer === this.mem.buffer;
  }
}
printsAs(Guard, ({ guardName, region: { start, len }, dropped }) => {
  const state = dropped ? " dropped" : "";
  return `${guardName} { *guest 0x${start.toString(16)}/${len}${state} }`;
});
