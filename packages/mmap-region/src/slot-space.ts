/**
 * The address space of all slots of a native region: as few reservations as the system grants.
 *
 * An idle slot costs no mapping of its own; the largest single reservation is smaller than the whole address space (9,560
 * default slots on Node 20, 8,249 on Node 26), so a refused one is tried again with half the slots.
 *
 * @module
 */

import { badArgument } from "./argument.js";
import type { Driver } from "./driver/driver.js";
import { ENOMEM } from "./driver/linux-abi.js";
import { RegionError } from "./region-error.js";
import { roundUp, type SlotLayout } from "./slot-layout.js";

/** One reservation, with slots side by side. */
export interface Slab {
  /** What the driver reserved, less what was given back to align the heaps. */
  readonly address: number;
  readonly length: number;
  /** The numbers of its slots. */
  readonly first: number;
  readonly count: number;
}

const isNoMemory = (error: unknown): boolean =>
  error instanceof RegionError && error.code === "system-call-failed" && error.errno === ENOMEM;

/** See the head of this module. */
export class SlotSpace {
  readonly #driver: Driver;
  readonly #layout: SlotLayout;
  readonly #slabs: Slab[];

  private constructor(driver: Driver, layout: SlotLayout, slabs: Slab[]) {
    this.#driver = driver;
    this.#layout = layout;
    this.#slabs = slabs;
  }

  /**
   * Reserves room for `capacity` slots.
   *
   * @throws {@link RegionError} as {@link Driver.reserve}; what was reserved before is then given back.
   */
  static reserve(driver: Driver, layout: SlotLayout, capacity: number): SlotSpace {
    const space = new SlotSpace(driver, layout, []);
    driver.budget.requireSpace(capacity * layout.stride);
    try {
      space.#reserveAll(capacity);
    } catch (error) {
      space.release([]);
      throw error;
    }
    return space;
  }

  /**
   * Room that another thread has reserved.
   *
   * @throws {@link RegionError} `invalid-argument` when there are not so many slots of this layout in it
   */
  static adopt(
    driver: Driver,
    layout: SlotLayout,
    slabs: readonly Slab[],
    capacity: number,
  ): SlotSpace {
    let slots = 0;
    for (const slab of slabs) {
      const { first, count, length } = slab;
      if (first !== slots || length !== count * layout.stride) throw notOf(slab);
      slots += count;
    }
    if (slots !== capacity) throw notOf(slabs);
    for (const { address, length } of slabs) driver.adopt(address, length);
    return new SlotSpace(driver, layout, [...slabs]);
  }

  /** The reservations. */
  get slabs(): readonly Slab[] {
    return this.#slabs;
  }

  /** The address of a slot. */
  startOf(index: number): number {
    const { stride } = this.#layout;
    for (const { address, first, count } of this.#slabs) {
      if (index < first + count) return address + (index - first) * stride;
    }
    throw new RangeError(`slot ${index} of a region without it`); // the pool gives out no such number
  }

  /** Gives everything back but the slots of these numbers. */
  release(kept: readonly number[]): void {
    for (let slab = this.#slabs.at(-1); slab !== undefined; slab = this.#slabs.at(-1)) {
      const { first, count, address, length } = slab;
      let from = address;
      for (const index of kept.filter((n) => n >= first && n < first + count).sort(ascending)) {
        const start = this.startOf(index);
        if (start > from) this.#driver.release(from, start - from);
        from = start + this.#layout.stride;
      }
      if (address + length > from) this.#driver.release(from, address + length - from);
      this.#slabs.pop();
    }
  }

  #reserveAll(capacity: number): void {
    let count = capacity;
    for (let first = 0; first < capacity; ) {
      count = Math.min(count, capacity - first);
      try {
        this.#slabs.push(this.#reserve(first, count));
        first += count;
      } catch (error) {
        if (count === 1 || !isNoMemory(error)) throw error;
        count = Math.ceil(count / 2);
      }
    }
  }

  /** Reserves more than needed where heaps are aligned, and gives back what is before and behind. */
  #reserve(first: number, count: number): Slab {
    const { stride, alignment, heap } = this.#layout;
    const driver = this.#driver;
    const length = count * stride;
    const slack = alignment - driver.pageSize; // reservations are aligned to pages already
    const reserved = driver.reserve(length + slack);
    const address = roundUp(reserved + heap, alignment) - heap;
    const before = address - reserved;
    if (before > 0) driver.release(reserved, before);
    if (slack > before) driver.release(address + length, slack - before);
    return { address, length, first, count };
  }
}

const notOf = (value: unknown): RegionError =>
  badArgument("handle.slabs", value, "must be what MmapRegion.share returned with these sizes");

const ascending = (a: number, b: number): number => a - b;
