/**
 * What an allocator has, in numbers.
 *
 * @module
 */

import { bitCount, blocksIn, WORD_ORDER } from "./bits.js";
import type { Depot } from "./depot.js";

/** Frames, but for `blocks`. */
export interface AllocStats {
  /** All of them. */
  readonly frames: number;
  /** In trees and caches. */
  readonly free: number;
  /** Those of them in caches. */
  readonly cached: number;
  /** In hands or in use. */
  readonly taken: number;
  /** In the largest block of the trees. */
  readonly largest: number;
  /** How many blocks of 2^index frames the trees have that are part of no larger one, as `/proc/buddyinfo` says it. */
  readonly blocks: readonly number[];
}

/** Caller has the lock. */
export function statsOf(depot: Depot, frames: number): AllocStats {
  const cached = depot.cached();
  const free = depot.frames + cached;
  const longest = depot.trees.reduce((most, tree) => Math.max(most, tree.longest), -1);
  const blocks = new Array<number>(longest + 1).fill(0);
  for (const tree of depot.trees) {
    let run = 0; // of words that are entirely free, to be cut where blocks end
    for (let word = 0; word <= tree.leafWords; word += 1) {
      const bits = word < tree.leafWords ? tree.wordAt(word) : 0;
      if (bits === -1) {
        run += 1;
        continue;
      }
      countRun(blocks, word - run, run);
      run = 0;
      countWord(blocks, bits);
    }
  }
  return {
    frames,
    free,
    cached,
    taken: frames - free,
    largest: longest < 0 ? 0 : 2 ** longest,
    blocks,
  };
}

/** Adds the blocks that so many free words from `word` on consist of: the largest that each place allows. */
function countRun(blocks: number[], word: number, words: number): void {
  for (let at = word, left = words; left > 0; ) {
    const aligned = at === 0 ? 31 : 31 - Math.clz32(at & -at);
    const order = Math.min(aligned, 31 - Math.clz32(left));
    blocks[order + WORD_ORDER]! += 1;
    at += 1 << order;
    left -= 1 << order;
  }
}

function countWord(blocks: number[], bits: number): void {
  let rest = bits;
  for (let order = WORD_ORDER - 1; order >= 0; order -= 1) {
    let starts = blocksIn(rest, order);
    if (starts !== 0) blocks[order]! += bitCount(starts);
    for (; starts !== 0; starts &= starts - 1) {
      const start = starts & -starts;
      rest &= ~(order === 0 ? start : Math.imul(start, 2 ** (2 ** order) - 1));
    }
  }
}
