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
  readonly mem: GuestMemory;
  // Not #private: V8 adds those one by one, and a guard would cost 1.7 times as much (Node 20: 124 instead of 73 ns).
  private readonly start: number;
  private readonly len: number;
  private readonly kind: BorrowKind | undefined;
  private readonly handle: number;
  private readonly epoch: number;
  private live: boolean;
  private view: Uint8Array | undefined;
  private where: Region | undefined;

  /**
   * Takes the borrow; `owned` bytes stand for themselves and need none.
   *
   * @throws {@link GuestError} `shared-memory`, `ptr-borrowed`, `borrow-checker-out-of-handles`
   */
  protected constructor(
    mem: GuestMemory,
    region: Region,
    kind: BorrowKind | undefined,
    owned?: Uint8Array,
  ) {
    this.mem = mem;
    this.start = region.start;
    this.len = region.len;
    this.kind = kind;
    this.live = true;
    this.view = owned;
    this.where = undefined;
    this.epoch = mem.epoch;
    if (kind === undefined) this.handle = -1;
    else this.handle = kind === "mut" ? mem.mutBorrow(region) : mem.sharedBorrow(region);
    if (mem.watch !== null && kind !== undefined) mem.watch.held(this.handle, this, mem);
  }

  /** The name of its class, whatever a minifier made of that. */
  abstract get guardName(): string;

  /** The bytes it guards. */
  get region(): Region {
    this.where ??= Object.freeze({ start: this.start, len: this.len }); // GM-14: nobody moves it
    return this.where;
  }

  /** Whether it has ended: by itself, or by {@link GuestMemory.releaseAll}. */
  get dropped(): boolean {
    return !this.live || (this.kind !== undefined && this.epoch !== this.mem.epoch);
  }

  /**
   * A view of the guarded bytes.
   *
   * Caller must: write only through a mut guard, and not keep the view: it outlives neither the guard nor growth.
   *
   * @throws {@link GuestError} `released`; `ptr-out-of-bounds` if the memory has shrunk below the region; `shared-memory`
   * if its source has come to answer with memory that other threads may change
   */
  get bytes(): Uint8Array {
    this.demandLive();
    const view = this.view;
    if (view !== undefined && this.shows(view)) return view;
    this.mem.validate(this.start, this.len, 1, 1);
    const fresh = this.mem.viewOf(this.handle, this.start, this.len);
    this.view = fresh;
    return fresh;
  }

  /** Whether its bytes are the memory's own, not a copy. */
  get borrowed(): boolean {
    return this.kind !== undefined;
  }

  /**
   * Ends the borrow.
   *
   * @throws {@link GuestError} `released` the second time: by then the range may be somebody else's; while debugging
   * `borrow-violated`, and then it has ended; what the policy throws, and then the guard lives on
   */
  drop(): void {
    this.demandLive();
    this.live = false; // first: a policy that comes back here must not find it live
    try {
      if (this.kind === "mut") this.mem.mutUnborrow(this.handle);
      else if (this.kind === "shared") this.mem.sharedUnborrow(this.handle);
    } catch (error) {
      this.live = this.mem.isLive(this.handle);
      throw error;
    }
    this.view = undefined;
  }

  /** Ends the borrow unless it has ended: what `using` calls. */
  [Symbol.dispose](): void {
    if (!this.dropped) this.drop();
  }

  /** `GuestSlice { *guest 0x10/4 }`: address and length in bytes. */
  toString(): string {
    const state = this.dropped ? " dropped" : "";
    return `${this.guardName} { *guest 0x${this.start.toString(16)}/${this.len}${state} }`;
  }

  /** What a structured log wants: plain numbers. */
  toJSON(): object {
    return {
      guard: this.guardName,
      start: this.start,
      len: this.len,
      borrowed: this.borrowed,
      dropped: this.dropped,
    };
  }

  /** @throws {@link GuestError} `released` */
  protected demandLive(): void {
    if (!this.dropped) return;
    const releasedAt = this.mem.watch?.endOf(this);
    throw new GuestError({
      code: "released",
      guard: this.guardName,
      region: this.region,
      ...(releasedAt === undefined ? {} : { releasedAt }),
    });
  }

  /**
   * Whether `view` still shows the memory: of its buffer, and reaching as far. The memory's own views say how far that
   * is; the length of a view like this one, which may be of any kind of buffer, is not to be relied on (core's CORE-3). An
   * empty one is made anew each time: it cannot tell.
   */
  private shows(view: Uint8Array): boolean {
    if (this.kind === undefined) return true;
    const { buffer, views } = this.mem;
    const end = this.start + this.len;
    return this.len !== 0 && view.buffer === buffer && end <= views.byteLength;
  }
}
printsAs(Guard, (guard) => Guard.prototype.toString.call(guard)); // text prints as a guard too
