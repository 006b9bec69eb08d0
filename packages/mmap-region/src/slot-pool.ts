/**
 * The list of free slots: bookkeeping only, the same for every backend.
 *
 * Invariant MR-2: a slot number is in the free list, or belongs to exactly one live slot, or is in quarantine for ever:
 * always exactly one of the three.
 * Invariant MR-3: giving a number back is the last thing that dropping a slot does. lucet gave it back while the rest of
 * the instance was still being torn down, and another thread took it meanwhile (CVE-2021-43790).
 *
 * @module
 */

import type { AllocStrategy } from "./alloc-strategy.js";
import { requireMethod } from "./argument.js";
import { LeakWatch } from "./leak-watch.js";
import { RegionError, wholeNumber } from "./region-error.js";

/** Who has which slot. {@link SlotPool} keeps it for one thread, `SharedSlots` for all that share a region. */
export interface SlotLedger<Leftover> {
  readonly capacity: number;
  readonly leaks: LeakWatch;
  readonly free: number;
  /** Numbers that nobody may have again. */
  readonly quarantined: readonly number[];
  /** How many slots are neither free nor in quarantine. */
  readonly live: number;
  readonly closed: boolean;
  /**
   * Asks the strategy for a position, and makes nobody else's tenant of the slot there: between this and `take` or
   * `abandon` the backend does whatever may fail.
   *
   * @throws {@link RegionError} `region-closed`, `region-full`, or `invalid-argument` for a position that is not free.
   */
  choose(strategy: AllocStrategy): number;
  /** The position of a free slot whose leftover the next tenant would like to have, or -1. */
  find(wanted: (leftover: Leftover) => boolean): number;
  /** The number of the slot at a position that `choose` or `find` returned. */
  numberAt(position: number): number;
  /** The slot has its tenant. */
  take(position: number): void;
  /** The slot gets no tenant after all. */
  abandon(position: number): void;
  /** What the slot's last tenant left behind for the next one. */
  leftoverOf(number: number): Leftover | undefined;
  /** The next tenant finds nothing of the last one's. */
  forgetLeftover(number: number): void;
  /** Somebody is about to be shown bytes of the slot. */
  shown(number: number): void;
  /** Makes a slot free again. The caller must have finished everything else with it (MR-3). */
  putLast(number: number, leftover?: Leftover): void;
  /** Puts a slot away for good: somebody can still reach its pages. Otherwise as `putLast`. */
  quarantine(number: number): void;
  /** @throws {@link RegionError} `region-closed` when it already is. */
  close(): void;
}

/** The free slots of one region, and what a backend left in each for the next tenant. */
export class SlotPool<Leftover> implements SlotLedger<Leftover> {
  readonly capacity: number;
  readonly leaks: LeakWatch = new LeakWatch();
  /**
   * The free numbers, by their position from 0 to `#free - 1`, the most recently dropped last. A position that is not
   * in the map has its own number, as all have at first: slots that were never used take no memory.
   */
  readonly #moved: Map<number, number> = new Map();
  /** The other way round: the positions of free numbers that are not at their own. */
  readonly #positions: Map<number, number> = new Map();
  readonly #leftovers: Map<number, Leftover> = new Map();
  readonly #quarantine: Set<number> = new Set();
  #free: number;
  #closed = false;

  /** @throws {@link RegionError} `invalid-argument` */
  constructor(capacity: number) {
    this.capacity = wholeNumber("capacity", capacity, 0xffff_ffff);
    this.#free = this.capacity;
  }

  get free(): number {
    return this.#free;
  }

  get quarantined(): readonly number[] {
    return [...this.#quarantine];
  }

  get live(): number {
    return this.capacity - this.#free - this.#quarantine.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  choose(strategy: AllocStrategy): number {
    if (this.#closed) throw new RegionError({ code: "region-closed" });
    this.leaks.warn();
    requireMethod("allocStrategy", strategy, "next");
    const position = strategy.next(this.#free, this.capacity);
    // Asked again after the call: the caller's strategy may have closed the region or taken slots meanwhile.
    if (this.#closed) throw new RegionError({ code: "region-closed" });
    if (this.#free === 0) throw new RegionError({ code: "region-full", capacity: this.capacity });
    return wholeNumber("allocation strategy's position", position, this.#free - 1);
  }

  find(wanted: (leftover: Leftover) => boolean): number {
    if (this.#closed) return -1;
    this.leaks.warn();
    for (const [number, leftover] of this.#leftovers) {
      if (wanted(leftover)) return this.#positions.get(number) ?? number;
    }
    return -1;
  }

  numberAt(position: number): number {
    return this.#moved.get(position) ?? position;
  }

  leftoverOf(number: number): Leftover | undefined {
    return this.#leftovers.get(number);
  }

  forgetLeftover(number: number): void {
    this.#leftovers.delete(number);
  }

  /** Removes the position from the free list by moving the last entry into it, as lucet's `swap_remove`. */
  take(position: number): void {
    const taken = this.numberAt(position);
    this.#leftovers.delete(taken);
    this.#free -= 1;
    this.#place(position, this.numberAt(this.#free));
    this.#positions.delete(taken); // after: it may itself have been the last
    this.#moved.delete(this.#free); // no longer a position
  }

  abandon(_position: number): void {
    // Until it is taken, it is where it was.
  }

  shown(_number: number): void {
    // In one thread the slot itself knows.
  }

  putLast(number: number, leftover?: Leftover): void {
    if (leftover !== undefined && !this.#closed) this.#leftovers.set(number, leftover);
    this.#place(this.#free, number);
    this.#free += 1;
  }

  quarantine(number: number): void {
    this.#quarantine.add(number);
  }

  #place(position: number, number: number): void {
    if (number === position) {
      this.#moved.delete(position);
      this.#positions.delete(number);
    } else {
      this.#moved.set(position, number);
      this.#positions.set(number, position);
    }
  }

  close(): void {
    if (this.#closed) throw new RegionError({ code: "region-closed" });
    this.#closed = true;
    this.#leftovers.clear();
  }
}
