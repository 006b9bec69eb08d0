/**
 * Regions to borrow: disjoint, of all lengths, in shuffled order.
 *
 * @module
 */

import { shuffledPositions, xorshift32 } from "./positions.js";

/** What a 32-bit guest can address. */
const ADDRESS_SPACE = 2 ** 32;
/** The longest region, 1 MiB, where there is room for so many. */
const LONGEST = 2 ** 20;

/** Parallel tables, so that a loop over them reads numbers and nothing else. */
export interface Regions {
  readonly starts: Uint32Array;
  readonly lens: Uint32Array;
}

/**
 * `count` disjoint regions of a 32-bit address space, one to a cell of equal size. Lengths are 1 byte to a whole cell,
 * each power of two as likely as another.
 */
export function disjointRegions(count: number, seed = 1): Regions {
  const room = 2 ** Math.floor(Math.log2(ADDRESS_SPACE / count));
  const cell = Math.min(LONGEST, room);
  const next = xorshift32(seed);
  const lens = Uint32Array.from({ length: count }, () => {
    const top = 2 ** (next() % (Math.log2(cell) + 1));
    return 1 + (next() % top);
  });
  return { starts: shuffledPositions(count, cell, seed), lens };
}
