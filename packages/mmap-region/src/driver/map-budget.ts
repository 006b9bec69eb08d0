/**
 * How many mappings and how much address space the process can still afford.
 *
 * Linux refuses more than `vm.max_map_count` mappings to a process, and when it refuses one to `malloc`, Node ends with
 * `std::bad_alloc`: no exception, no exit handler. So the last tenth of either is left to the rest of the process.
 *
 * Invariant MR-10: a mapping is refused before the system is asked for it, while the process has more than a tenth of its
 * mappings and of its address space left.
 *
 * @see Linux `Documentation/admin-guide/sysctl/vm.rst`, `max_map_count`
 *
 * @module
 */

import { RegionError } from "../region-error.js";

/** What the process uses now. */
export interface MapUsage {
  readonly mappings: number;
  /** Bytes of address space. */
  readonly bytes: number;
}

/** What the process may use in all. */
export type MapLimits = MapUsage;

/** The share of both limits that regions may fill. */
const SHARE = 0.9;

/** Of what is left, the part that may be taken between two looks at the process: others map, too. */
const BETWEEN_LOOKS = 0.25;

/** The budget of one process. */
export class MapBudget {
  /** Mappings at which to refuse. */
  readonly maxMappings: number;
  /** Bytes of address space at which to refuse. */
  readonly maxBytes: number;
  readonly #measure: () => MapUsage | undefined;
  /** Mappings at the last look. */
  #seen = 0;
  /** Charged since then, and not taken back. The sum of both is never less than the process has of ours. */
  #since = 0;
  /** How many looks there have been. */
  #looks = 0;
  /** The sum at which to look again. */
  #lookAt = -1;

  /** @param measure - Looks at the process; undefined when it may not. Then only what was charged counts. */
  constructor(limits: MapLimits, measure: () => MapUsage | undefined) {
    this.maxMappings = Math.floor(limits.mappings * SHARE);
    this.maxBytes = Math.floor(limits.bytes * SHARE);
    this.#measure = measure;
  }

  /**
   * Announces that up to `count` mappings are about to be made.
   *
   * @returns what {@link MapBudget.refund} wants to know of the charge
   * @throws {@link RegionError} `too-many-mappings`
   */
  charge(count: number): number {
    if (this.#seen + this.#since + count > this.#lookAt) this.#look();
    const used = this.#seen + this.#since;
    if (used + count > this.maxMappings) {
      const limit = this.maxMappings;
      throw new RegionError({ code: "too-many-mappings", asked: count, used, limit });
    }
    this.#since += count;
    return this.#looks;
  }

  /**
   * Takes a charge back: the mappings are gone. One from before the last look is not taken back but found gone at the next
   * look: what was seen of it may have been fewer mappings than were charged.
   */
  refund(count: number, charged: number): void {
    if (charged === this.#looks) this.#since -= count;
  }

  /**
   * Asks whether the process can afford that much more address space.
   *
   * @throws {@link RegionError} `out-of-address-space`
   */
  requireSpace(asked: number): void {
    const used = this.#measure()?.bytes ?? 0;
    if (used + asked <= this.maxBytes) return;
    const limit = this.maxBytes;
    throw new RegionError({ code: "out-of-address-space", asked, used, limit });
  }

  #look(): void {
    const usage = this.#measure();
    if (usage !== undefined) {
      this.#seen = usage.mappings;
      this.#since = 0;
      this.#looks += 1;
    }
    const used = this.#seen + this.#since;
    this.#lookAt = used + Math.floor((this.maxMappings - used) * BETWEEN_LOOKS);
  }
}
