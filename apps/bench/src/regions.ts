/**
 * Regions to borrow: disjoint and in shuffled order, or arranged as a guest would that means harm.
 *
 * @module
 */

import { shuffle, shuffledPositions, xorshift32 } from "./positions.js";

/** What a 32-bit guest can address. */
const ADDRESS_SPACE = 2 ** 32;
/** The longest region, 1 MiB, where there is room for so many. */
const LONGEST = 2 ** 20;
/** Regions that a block borrows and releases, or asks about. */
export const REGIONS = 1024;

/** Parallel tables, so that a loop over them reads numbers and nothing else. */
export interface Regions {
  readonly starts: Uint32Array;
  readonly lens: Uint32Array;
}

/**
 * `count` disjoint regions of a 32-bit address space, one to a cell of equal size. Lengths are 1 byte to a whole cell,
 * each power of two as likely as another.
 */
function disjointRegions(count: number, seed = 1): Regions {
  const room = 2 ** Math.floor(Math.log2(ADDRESS_SPACE / count));
  const cell = Math.min(LONGEST, room);
  const next = xorshift32(seed);
  const lens = Uint32Array.from({ length: count }, () => {
    const top = 2 ** (next() % (Math.log2(cell) + 1));
    return 1 + (next() % top);
  });
  return { starts: shuffledPositions(count, cell, seed), lens };
}

/** Borrows `n` of `REGIONS + n` disjoint regions; the others, the first ones of the tables, lie shuffled among them. */
export function occupy(n: number, borrow: (start: number, len: number) => number): Regions {
  const regions = disjointRegions(REGIONS + n);
  for (let i = REGIONS; i < REGIONS + n; i++) {
    if (borrow(regions.starts[i]!, regions.lens[i]!) < 0) throw new Error("refused");
  }
  return regions;
}

/** How a guest may arrange shared buffers so that a checker has to look at many of them. */
export type Pattern = "disjoint" | "nested" | "staircase" | "identical";

/** The i-th of `count` ranges: its start and its length. */
const ARRANGED: Readonly<Record<Pattern, (i: number, count: number) => [number, number]>> = {
  disjoint: (i) => [i * 256, 128],
  /** Each within the one before. */
  nested: (i, count) => [i * 64, (count - i) * 128],
  /** Each shifted by a bit: any byte lies in a hundred of them. */
  staircase: (i) => [i * 128, 12_800],
  identical: (_, count) => [count * 64, count * 16],
};

/** `count` ranges of a pattern, in shuffled order. */
export function arrangedRegions(pattern: Pattern, count: number, seed = 1): Regions {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  shuffle(order, xorshift32(seed));
  return {
    starts: order.map((i) => ARRANGED[pattern](i, count)[0]),
    lens: order.map((i) => ARRANGED[pattern](i, count)[1]),
  };
}
