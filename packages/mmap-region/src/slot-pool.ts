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
import { LeakWatch } from "./leak-watch.js";
import { RegionError, wholeNumber } from "./region-error.js";

/** The free slots of one region, and what a backend left in each for the next tenant. */
export class SlotPool<Leftover> {
  readonly capacity: number;
  readonly leaks: LeakWatch = new LeakWatch();
  /**
   * The free numbers, by their position from 0 to `#free - 1`, the most recently dropped last. A position that is not
   * in the map has its own number, as all have at first: slots that were never used take no memory.
   */
  readonly #moved: Map<number, number> = new Map();
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

  /** Numbers that nobody may have again. */
  get quarantined(): readonly number[] {
    return [...this.#quarantine];
  }

  /** How many slots are neither free nor in quarantine. */
  get live(): number {
    return this.capacity - this.#free - this.#quarantine.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Asks the strategy for a position, and changes nothing: between this and {@link SlotPool.take} the backend does
   * whatever may fail.
   *
   * @throws {@link RegionError} `region-closed`, `region-full`, or `invalid-argument` for a position that is not free.
   */
  choose(strategy: AllocStrategy): number {
    if (this.#closed) throw new RegionError({ code: "region-closed" });
    this.leaks.warn();
    const position = strategy.next(this.#free, this.capacity);
    // Asked again after the call: the caller's strategy may have closed the region or taken slots meanwhile.
    if (this.#closed) throw new RegionError({ code: "region-closed" });
    if (this.#free === 0) throw new RegionError({ code: "region-full", capacity: this.capacity });
    return wholeNumber("allocation strategy's position", position, this.#free - 1);
  }

  /** The number of the slot at a position that {@link SlotPool.choose} returned. */
  numberAt(position: number): number {
    return this.#moved.get(position) ?? position;
  }

  /** What the slot's last tenant left behind for the next one. */
  leftoverOf(number: number): Leftover | undefined {
    return this.#leftovers.get(number);
  }

  /** The next tenant finds nothing of the last one's. */
  forgetLeftover(number: number): void {
    this.#leftovers.delete(number);
  }

  /** Removes the position from the free list by moving the last entry into it, as lucet's `swap_remove`. */
  take(position: number): void {
    this.#leftovers.delete(this.numberAt(position));
    this.#free -= 1;
    this.#place(position, this.numberAt(this.#free));
    this.#moved.delete(this.#free); // no longer a position
  }

  /** Makes a slot free again. The caller must have finished everything else with it (MR-3). */
  putLast(number: number, leftover?: Leftover): void {
    if (leftover !== undefined && !this.#closed) this.#leftovers.set(number, leftover);
    this.#place(this.#free, number);
    this.#free += 1;
  }

  /** Puts a slot away for good: somebody can still reach its pages. Otherwise as {@link SlotPool.putLast}. */
  quarantine(number: number): void {
    this.#quarantine.add(number);
  }

  #place(position: number, number: number): void {
    if (number === position) this.#moved.delete(position);
    else this.#moved.set(position, number);
  }

  /** @throws {@link RegionError} `region-closed` when it already is. */
  close(): void {
    if (this.#closed) throw new RegionError({ code: "region-closed" });
    this.#closed = true;
    this.#leftovers.clear();
  }
}
