/**
 * A set of byte ranges that answers "does any of them overlap this one?".
 *
 * The simplest structure that is right: ranges lie packed and unordered in one typed array, a query scans them, and a
 * bounding box spares most queries the scan. Linear in the number of live borrows, which in a host call is small.
 *
 * Invariant GM-1: `find` sees exactly the ranges that were added and not removed; empty ranges are kept but never found.
 * Only this module writes the arrays.
 *
 * @module
 */

import type { Region } from "@memkit/core";

/** What the borrow checker needs of a set, so that a structure for many live borrows can take its place. */
export interface RegionSet {
  /** Ranges in the set, empty ones included. */
  readonly count: number;
  /** Adds `[start, start + len)` under the caller's `id` and returns the slot it lies in. */
  add(start: number, len: number, id: number): number;
  /** Removes the range in `slot`; returns the id of the range that moved into that slot, or -1. */
  remove(slot: number): number;
  /** The slot of some range that overlaps `[start, start + len)`, or -1. */
  find(start: number, len: number): number;
  /** The id given with the range in `slot`. */
  idAt(slot: number): number;
  /** The range in `slot`. */
  regionAt(slot: number): Region;
  /** Gives the range in `slot` another id. */
  rename(slot: number, id: number): void;
}

/** Ranges that fit before the arrays first grow. */
const INITIAL_CAPACITY = 16;

/** {@link RegionSet} by scanning. */
export class FlatRegionSet implements RegionSet {
  count = 0;
  /** Start and end of the range in slot i, at 2i and 2i + 1. An empty range ends at -Infinity: nothing overlaps it. */
  #bounds = new Float64Array(2 * INITIAL_CAPACITY);
  #ids = new Int32Array(INITIAL_CAPACITY);
  /** Lowest start and highest end since the set was last empty: it only grows, so it may be larger than needed. */
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;

  add(start: number, len: number, id: number): number {
    const slot = this.count;
    if (slot === this.#ids.length) this.#grow();
    const bounds = this.#bounds;
    bounds[2 * slot] = start;
    if (len === 0) {
      bounds[2 * slot + 1] = Number.NEGATIVE_INFINITY;
    } else {
      const end = start + len;
      bounds[2 * slot + 1] = end;
      if (start < this.#low) this.#low = start;
      if (end > this.#high) this.#high = end;
    }
    this.#ids[slot] = id;
    this.count = slot + 1;
    return slot;
  }

  remove(slot: number): number {
    const last = this.count - 1;
    this.count = last;
    if (last === 0) {
      this.#low = Number.POSITIVE_INFINITY;
      this.#high = Number.NEGATIVE_INFINITY;
      return -1;
    }
    if (slot === last) return -1;
    const bounds = this.#bounds;
    bounds[2 * slot] = bounds[2 * last]!;
    bounds[2 * slot + 1] = bounds[2 * last + 1]!;
    const moved = this.#ids[last]!;
    this.#ids[slot] = moved;
    return moved;
  }

  find(start: number, len: number): number {
    const end = start + len;
    if (start >= this.#high || end <= this.#low || len === 0) return -1;
    const bounds = this.#bounds;
    for (let i = 0, n = 2 * this.count; i < n; i += 2) {
      if (bounds[i]! < end && start < bounds[i + 1]!) return i >> 1;
    }
    return -1;
  }

  idAt(slot: number): number {
    return this.#ids[slot]!;
  }

  regionAt(slot: number): Region {
    const start = this.#bounds[2 * slot]!;
    return { start, len: Math.max(0, this.#bounds[2 * slot + 1]! - start) };
  }

  rename(slot: number, id: number): void {
    this.#ids[slot] = id;
  }

  #grow(): void {
    const bounds = new Float64Array(2 * this.#bounds.length);
    bounds.set(this.#bounds);
    const ids = new Int32Array(2 * this.#ids.length);
    ids.set(this.#ids);
    this.#bounds = bounds;
    this.#ids = ids;
  }
}
