/**
 * Which free slot the next instance gets, after lucet's `AllocStrategy`.
 *
 * A random choice makes the place of an instance, and what lay there before, hard to predict for a guest.
 *
 * @see lucet `lucet-runtime-internals/src/alloc/mod.rs` and `region/mmap.rs`, `AllocStrategy::next`
 *
 * @module
 */

import { badArgument } from "./argument.js";
import { RegionError } from "./region-error.js";

/** Chooses a position in the list of free slots. */
export interface AllocStrategy {
  /**
   * @param free - How many slots are free.
   * @param capacity - How many slots the region has.
   * @returns a position from 0 to `free - 1`; `free - 1` is the slot that was dropped last
   * @throws {@link RegionError} `region-full` when none is free.
   */
  next(free: number, capacity: number): number;
}

function requireFree(free: number, capacity: number): void {
  if (free === 0) throw new RegionError({ code: "region-full", capacity });
}

/**
 * Last in, first out: the slot dropped most recently, or the one created last.
 *
 * @example
 * ```ts
 * import { linear } from "@memkit/mmap-region";
 *
 * linear.next(3, 8); // => 2
 * ```
 */
export const linear: AllocStrategy = {
  next(free, capacity) {
    requireFree(free, capacity);
    return free - 1;
  },
};

/**
 * Uniform over the free slots, by a random source of the caller's.
 *
 * @param rng - Returns a number from 0 up to but not including 1, as `Math.random` does. It is asked once per instance.
 *
 * @example
 * ```ts
 * import { customRandom } from "@memkit/mmap-region";
 *
 * customRandom(() => 0.5).next(3, 8); // => 1
 * ```
 */
export function customRandom(rng: () => number): AllocStrategy {
  if (typeof rng !== "function") throw badArgument("rng", rng, "must be a function");
  return {
    next(free, capacity) {
      requireFree(free, capacity);
      const drawn = rng();
      if (typeof drawn === "number" && drawn >= 0 && drawn < 1) return Math.floor(drawn * free);
      throw new RegionError({
        code: "invalid-argument",
        argument: "rng()",
        value: typeof drawn === "number" ? drawn : typeof drawn,
        reason: "a random source must return a number from 0 up to but not including 1",
      });
    },
  };
}

/** Uniform over the free slots, by `Math.random`: spreads instances, is no defence against a guest that can guess it. */
export const random: AllocStrategy = customRandom(Math.random);
