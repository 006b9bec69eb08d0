/**
 * Which address space a driver has taken: so that it never gives back what is not its own.
 *
 * @module
 */

import { RegionError } from "../region-error.js";

/** Disjoint ranges, by their first address. */
export class Reservations {
  readonly #lengths: Map<number, number> = new Map();

  /** Bytes in all ranges. */
  get total(): number {
    let total = 0;
    for (const length of this.#lengths.values()) total += length;
    return total;
  }

  /** The caller has it from the system that nothing else is there. */
  add(address: number, length: number): void {
    this.#lengths.set(address, length);
  }

  /**
   * The start of the range that holds all of this one.
   *
   * @throws {@link RegionError} `not-reserved`
   */
  require(address: number, length: number): number {
    for (const [start, size] of this.#lengths) {
      if (address >= start && address + length <= start + size) return start;
    }
    throw new RegionError({ code: "not-reserved", address, length });
  }

  /** Takes a part out of the range that holds it; what is left on either side stays reserved. */
  remove(address: number, length: number): void {
    const start = this.require(address, length);
    const end = start + (this.#lengths.get(start) ?? 0);
    this.#lengths.delete(start);
    if (start < address) this.#lengths.set(start, address - start);
    if (address + length < end) this.#lengths.set(address + length, end - address - length);
  }
}
