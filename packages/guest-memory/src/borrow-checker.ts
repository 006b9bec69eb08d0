/**
 * The byte-precise borrow checker.
 *
 * A handle is a serial number, and its id is the serial modulo the size of a ring. The next borrow takes the next
 * serial whose id is free, so ids are reused first-in first-out and a handle names its borrow without a search. Serials
 * start over after 2^20 turns of the ring: until then a handle that was released is never mistaken for a live one. While
 * at most 512 borrows are live the ring has 1024 ids, so every handle is below 2^30, a small integer to V8 that is never
 * boxed; nothing is allocated.
 *
 * Invariant GM-2: a mut range overlaps no other live range; shared ranges may overlap one another.
 * Invariant GM-3: an empty range conflicts with nothing, yet counts as a live borrow until it is released.
 * Invariant GM-4: a handle is accepted once, for its own kind; every other use is refused and changes nothing, until an
 * id has been reused 2^20 times.
 * Only the host can break them, by keeping a handle for longer than that.
 *
 * @see wiggle `src/borrow.rs`
 * @module
 */

import { type BorrowPolicy, OUT_OF_HANDLES, REFUSED } from "./borrow-policy.js";
import { type Borrow, type BorrowKind, GuestError } from "./error.js";
import { printed } from "./printed.js";
import { FlatRegionSet, type RegionSet } from "./region-set.js";

/** Ids in the first ring: 2^10 ids * 2^20 turns keeps serials below 2^30, a small integer in every V8. */
const INITIAL_RING = 1 << 10;
/** Turns of the ring before serials start over. */
const TURNS = 1 << 20;
/** Ids in the largest ring. Half of them, 2^20 borrows, may be live, and serials stay below 2^41, exact in a double. */
const MAX_RING = 1 << 21;
/** The serial of a free id: equal to nothing, itself included. */
const FREE = Number.NaN;

const MUT = 0;
const SHARED = 1;
const KINDS: readonly [BorrowKind, BorrowKind] = ["mut", "shared"];

/** Sizes that tests make small; everybody else leaves them alone. */
export interface BorrowCheckerSizes {
  readonly ring?: number;
  readonly turns?: number;
  readonly maxRing?: number;
}

/**
 * Tracks which bytes of one memory are borrowed, and how.
 *
 * @example
 * ```ts
 * import { BorrowChecker, REFUSED } from "@memkit/guest-memory/borrow";
 *
 * const checker = new BorrowChecker();
 * const first = checker.mutBorrow(0, 10);
 * checker.mutBorrow(9, 1) === REFUSED; // => true
 * checker.mutBorrow(10, 10) === REFUSED; // => false
 * checker.mutUnborrow(first);
 * checker.isMutBorrowed(0, 10); // => false
 * ```
 */
export class BorrowChecker implements BorrowPolicy {
  readonly #mut: RegionSet = new FlatRegionSet();
  readonly #shared: RegionSet = new FlatRegionSet();
  readonly #turns: number;
  readonly #maxRing: number;
  /** Serial of the borrow that holds each id, or {@link FREE}. */
  #serials: Float64Array;
  /** Where each id's range lies: 2 * slot + kind. */
  #places: Int32Array;
  #mask: number;
  /** Where serials start over. */
  #limit: number;
  #next = 0;
  mutCount = 0;
  sharedCount = 0;

  /**
   * @param sizes - powers of two; for tests
   * @throws {@link GuestError} `invalid-option`
   */
  constructor(sizes: BorrowCheckerSizes = {}) {
    const ring = powerOfTwo("ring", sizes.ring ?? INITIAL_RING);
    this.#turns = powerOfTwo("turns", sizes.turns ?? TURNS);
    this.#maxRing = powerOfTwo("maxRing", sizes.maxRing ?? MAX_RING);
    this.#serials = new Float64Array(ring).fill(FREE);
    this.#places = new Int32Array(ring);
    this.#mask = ring - 1;
    this.#limit = ring * this.#turns;
  }

  mutBorrow(start: number, len: number): number {
    if (this.mutCount !== 0 && this.#mut.find(start, len) >= 0) return REFUSED;
    if (this.sharedCount !== 0 && this.#shared.find(start, len) >= 0) return REFUSED;
    const serial = this.#issue();
    if (serial < 0) return serial;
    const id = serial & this.#mask;
    this.#places[id] = 2 * this.#mut.add(start, len, id);
    this.mutCount++;
    return serial;
  }

  sharedBorrow(start: number, len: number): number {
    if (this.mutCount !== 0 && this.#mut.find(start, len) >= 0) return REFUSED;
    const serial = this.#issue();
    if (serial < 0) return serial;
    const id = serial & this.#mask;
    this.#places[id] = 2 * this.#shared.add(start, len, id) + SHARED;
    this.sharedCount++;
    return serial;
  }

  mutUnborrow(handle: number): void {
    const slot = this.#retire(handle, MUT);
    const moved = this.#mut.remove(slot);
    if (moved >= 0) this.#places[moved] = 2 * slot;
    this.mutCount--;
  }

  sharedUnborrow(handle: number): void {
    const slot = this.#retire(handle, SHARED);
    const moved = this.#shared.remove(slot);
    if (moved >= 0) this.#places[moved] = 2 * slot + SHARED;
    this.sharedCount--;
  }

  isMutBorrowed(start: number, len: number): boolean {
    return this.#mut.find(start, len) >= 0;
  }

  isSharedBorrowed(start: number, len: number): boolean {
    return this.#shared.find(start, len) >= 0;
  }

  conflict(start: number, len: number, shared: boolean): Borrow | undefined {
    const mut = this.#mut.find(start, len);
    if (mut >= 0) return this.#describe(this.#mut.idAt(mut));
    const other = shared ? this.#shared.find(start, len) : -1;
    return other >= 0 ? this.#describe(this.#shared.idAt(other)) : undefined;
  }

  lookup(handle: number): Borrow | undefined {
    const id = this.#idOf(handle);
    return this.#serials[id] === handle ? this.#describe(id) : undefined;
  }

  outstanding(): Borrow[] {
    const live: Borrow[] = [];
    for (const set of [this.#mut, this.#shared]) {
      for (let slot = 0; slot < set.count; slot++) live.push(this.#describe(set.idAt(slot)));
    }
    return live;
  }

  releaseAll(): void {
    for (let id = 0; id <= this.#mask; id++) {
      const serial = this.#serials[id]!;
      if (Number.isNaN(serial)) continue;
      if ((this.#places[id]! & 1) === MUT) this.mutUnborrow(serial);
      else this.sharedUnborrow(serial);
    }
  }

  /** What is wrong inside, if anything: one sentence per violation. For tests. */
  checkInvariants(): string[] {
    const wrong: string[] = [];
    let live = 0;
    for (let id = 0; id <= this.#mask; id++) {
      const serial = this.#serials[id]!;
      if (Number.isNaN(serial)) continue;
      live++;
      const place = this.#places[id]!;
      const set = (place & 1) === MUT ? this.#mut : this.#shared;
      if (serial % (this.#mask + 1) !== id) wrong.push(`serial ${serial} sits at id ${id}`);
      if (set.idAt(place >> 1) !== id) wrong.push(`slot ${place >> 1} does not name id ${id}`);
    }
    if (live !== this.mutCount + this.sharedCount)
      wrong.push(`${live} ids live, counted otherwise`);
    if (this.#mut.count !== this.mutCount) wrong.push("mut set and mutCount differ");
    if (this.#shared.count !== this.sharedCount) wrong.push("shared set and sharedCount differ");
    const ranges = this.outstanding();
    for (const [i, a] of ranges.entries()) {
      if (a.kind === "mut" && a.region.len !== 0) {
        const other = ranges.findIndex(
          ({ region: { start, len } }, j) =>
            j !== i &&
            len !== 0 &&
            start < a.region.start + a.region.len &&
            a.region.start < start + len,
        );
        if (other >= 0) wrong.push(`GM-2: mut borrow ${i} overlaps borrow ${other}`);
      }
    }
    return wrong;
  }

  #describe(id: number): Borrow {
    const place = this.#places[id]!;
    const set = (place & 1) === MUT ? this.#mut : this.#shared;
    return { region: set.regionAt(place >> 1), kind: KINDS[(place & 1) as 0 | 1] };
  }

  /** Takes the next free id. Serials skip the ids that live borrows hold. */
  #issue(): number {
    // At most half the ring is live, so the skipping below is paid for by the borrows that were not skipped.
    if (2 * (this.mutCount + this.sharedCount) > this.#mask && !this.#growRing())
      return OUT_OF_HANDLES;
    const mask = this.#mask;
    const serials = this.#serials;
    let serial = this.#next;
    while (!Number.isNaN(serials[serial & mask]!)) serial++;
    // The ring's size divides the limit, so starting over keeps the id.
    if (serial >= this.#limit) serial -= this.#limit;
    serials[serial & mask] = serial;
    this.#next = serial + 1;
    return serial;
  }

  /** The id that `handle` would have; any id will do for what is no number, since no serial equals it. */
  #idOf(handle: number): number {
    return typeof handle === "number" ? handle & this.#mask : 0;
  }

  /** Frees the handle's id and returns the slot of its range. */
  #retire(handle: number, kind: 0 | 1): number {
    const id = this.#idOf(handle);
    if (this.#serials[id] !== handle) refuse("stale-handle", handle, kind);
    const place = this.#places[id]!;
    if ((place & 1) !== kind) refuse("wrong-handle-kind", handle, kind);
    this.#serials[id] = FREE;
    return place >> 1;
  }

  /** Doubles the ring. Two serials that differ modulo n differ modulo 2n as well, so no ids collide. False: too large. */
  #growRing(): boolean {
    const oldMask = this.#mask;
    const size = 2 * (oldMask + 1);
    if (size > this.#maxRing) return false;
    const serials = new Float64Array(size).fill(FREE);
    const places = new Int32Array(size);
    for (let old = 0; old <= oldMask; old++) {
      const serial = this.#serials[old]!;
      if (Number.isNaN(serial)) continue;
      const id = serial & (size - 1);
      const place = this.#places[old]!;
      serials[id] = serial;
      places[id] = place;
      ((place & 1) === MUT ? this.#mut : this.#shared).rename(place >> 1, id);
    }
    this.#serials = serials;
    this.#places = places;
    this.#mask = size - 1;
    this.#limit = size * this.#turns;
    return true;
  }
}

/** Rings are indexed by masks. */
function powerOfTwo(option: string, size: number): number {
  const sensible = Number.isInteger(size) && size >= 1 && size <= MAX_RING;
  if (sensible && (size & (size - 1)) === 0) return size;
  throw new GuestError({ code: "invalid-option", option, got: printed(size) });
}

/** Out of line, so that the paths above stay small enough to be inlined. */
function refuse(code: "stale-handle" | "wrong-handle-kind", handle: number, kind: 0 | 1): never {
  throw new GuestError({ code, handle, kind: KINDS[kind] });
}
