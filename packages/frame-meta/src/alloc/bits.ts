/**
 * 32 frames in a word, a bit for each: 1 is free.
 *
 * A block of order k is 2^k frames at a multiple of 2^k. Blocks of one order higher are found by halves that are both free:
 * shift, and, and keep the bits at the right multiples.
 *
 * @see Warren, "Hacker's Delight", 6-3: strings of 1-bits of a given length
 * @module
 */

/** The order of a block that fills a word. */
export const WORD_ORDER = 5;
/** Frames in a word. */
export const WORD_FRAMES = 32;

/** Where blocks of order 0 .. 5 can start. */
const STARTS = [-1, 0x5555_5555, 0x1111_1111, 0x0101_0101, 0x0001_0001, 0x0000_0001] as const;

/** Which frames of word `word` are among `count` frames from `leaf` on; at least one is. */
export function maskIn(word: number, leaf: number, count: number): number {
  const from = leaf - word * WORD_FRAMES;
  const to = from + count;
  const low = from > 0 ? -1 << from : -1;
  return to < WORD_FRAMES ? low & ~(-1 << to) : low;
}

/** The number of the lowest 1 in a word that is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** A bit at the start of every free block of order `order`, 0 .. 5. */
export function blocksIn(word: number, order: number): number {
  let blocks = word;
  for (let k = 1; k <= order; k += 1) blocks &= (blocks >>> (1 << (k - 1))) & STARTS[k]!;
  return blocks;
}

/** 1 more than the order of the largest free block; 0 where there is none. */
export function longestIn(word: number): number {
  if (word === 0 || word === -1) return word === 0 ? 0 : WORD_ORDER + 1;
  let order = 0;
  for (let blocks = word; ; order += 1) {
    blocks &= (blocks >>> (1 << order)) & STARTS[order + 1]!;
    if (blocks === 0) return order + 1;
  }
}

/** How many bits are 1. */
export function bitCount(word: number): number {
  let n = word - ((word >>> 1) & 0x5555_5555);
  n = (n & 0x3333_3333) + ((n >>> 2) & 0x3333_3333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
