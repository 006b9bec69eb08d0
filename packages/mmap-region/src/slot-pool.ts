/**
 * The list of free slots: bookkeeping only, the same for every backend.
 *
 * Invariant MR-2: a slot number is in the free list or belongs to exactly one live slot, never both, never neither.
 * Invariant MR-3: giving a number back is the last thing that dropping a slot does. lucet gave it back while the rest of
 * the instance was still being torn down, and another thread took it meanwhile (CVE-2021-43790).
 *
 * @module
 */

import type { AllocStrategy } from "./alloc-strategy.js";
import { RegionError, wholeNumber } from "./region-error.js";

/** The free slots of one region, and what a backend left in each for the next tenant. */
export class SlotPool<Leftover> {
  readonly capacity: number;
  /** The first `#free` entries are the free numbers, the most recently dropped last. */
  readonly #numbers: Uint32Array;
  readonly #leftovers: Map<number, Leftover> = new Map();
  #free: number;
  #closed = false;

  /** @throws {@link RegionError} `invalid-argument`, or `out-of-memory` when the list itself does not fit. */
  constructor(capacity: number) {
    this.capacity = wholeNumber("capacity", capacity, 0xffff_ffff);
    try {
      this.#numbers = Uint32Array.from({ length: capacity }, (_, number) => number);
    } catch (cause) {
      throw new RegionError({ code: "out-of-memory", asked: capacity * 4 }, { cause });
    }
    this.#free = capacity;
  }

  get free(): number {
    return this.#free;
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
    const position = strategy.next(this.#free, this.capacity);
    // Asked again after the call: the caller's strategy may have taken slots meanwhile.
    if (this.#free === 0) throw new RegionError({ code: "region-full", capacity: this.capacity });
    return wholeNumber("allocation strategy's position", position, this.#free - 1);
  }

  /** The number of the slot at a position that {@link SlotPool.choose} returned. */
  numberAt(position: number): number {
    return this.#numbers[position]!;
  }

  /** What the slot's last tenant left behind for the next one. */
  leftoverOf(number: number): Leftover | undefined {
    return this.#leftovers.get(number);
  }

  /** Removes the position from the free list by moving the last entry into it, as lucet's `swap_remove`. */
  take(position: number): void {
    this.#leftovers.delete(this.numberAt(position));
    this.#free -= 1;
    this.#numbers[position] = this.#numbers[this.#free]!;
  }

  /** Makes a slot free again. The caller must have finished everything else with it (MR-3). */
  putLast(number: number, leftover?: Leftover): void {
    if (leftover !== undefined && !this.#closed) this.#leftovers.set(number, leftover);
    this.#numbers[this.#free] = number;
    this.#free += 1;
  }

  /** @throws {@link RegionError} `region-closed` when it already is. */
  close(): void {
    if (this.#closed) throw new RegionError({ code: "region-closed" });
    this.#closed = true;
    this.#leftovers.clear();
  }
}
