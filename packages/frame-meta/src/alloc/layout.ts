/**
 * The bytes of an allocator, in a buffer of their own.
 *
 *     byte 0      header: what it was made for
 *     64          lock, frames in the trees
 *     128         a record for each agent: state, frames freed, cache
 *                 taken: a bit for each frame, 1 while it is in a hand or in use
 *                 free: a bit for each frame, 1 while it is in a tree
 *                 a byte for each node of each tree
 *
 * The lock and each record have cache lines of their own: agents that allocate from their caches touch nobody else's.
 *
 * @module
 */

import type { PhysicalMemory } from "@memkit/core";
import { WORD_FRAMES } from "./bits.js";
import { shapeOf, type TreeShape } from "./buddy-tree.js";

/** Where each word of the header is. */
export const AllocWord = {
  /** Written last: an allocator without it is not ready. */
  magic: 0,
  version: 1,
  /** Frames of the table. */
  frames: 2,
  agents: 3,
  /** Frames that a cache has room for. */
  cache: 4,
  /** What the header of its table says in `HeaderWord.allocator`. */
  number: 5,
  /** Who has the lock: agent + 1, 0 for nobody. */
  lock: 16,
  /** Frames in the trees; for who has the lock. */
  inTrees: 17,
} as const;

/** Where each word of an agent's record is. */
export const RecordWord = {
  /** 0 while nobody has it, 1 while an agent does that has no number in the table, its number + 2 where it has one. */
  state: 0,
  /** Counts frames that the agent has put into its cache, modulo 2^32. */
  freed: 1,
  /** The first frame of the cache: its leaf + 1, 0 for none. */
  cache: 2,
} as const;

/** 32-bit words of a cache line of 64 bytes, the usual one. */
const LINE = 16;
const FIRST_RECORD = 2 * LINE;

/** "MKFA" as a little-endian word. */
export const ALLOC_MAGIC = 0x4146_4b4d;
/** Counts up when the bytes change their meaning. */
export const ALLOC_VERSION = 2;

/** Where the parts of an allocator start, in words. */
export interface AllocParts {
  readonly records: number;
  /** Words from one record to the next. */
  readonly recordWords: number;
  readonly taken: number;
  readonly free: number;
  readonly nodes: number;
  /** Words of the whole. */
  readonly words: number;
  readonly trees: readonly TreeShape[];
}

// In int32 arithmetic: an index that V8 has once computed as a double is slow wherever it is used.
const lines = (words: number): number => (words + LINE - 1) & -LINE;

/** Where the parts are of an allocator for such a memory, with so many agents and caches of so many frames. */
export function allocParts(memory: PhysicalMemory, agents: number, cache: number): AllocParts {
  const trees: TreeShape[] = [];
  let leafWords = 0;
  for (const bank of memory.banks) {
    const shape = shapeOf(bank, leafWords * WORD_FRAMES, leafWords);
    trees.push(shape);
    leafWords += shape.leafWords;
  }
  const recordWords = lines(RecordWord.cache + cache);
  const taken = FIRST_RECORD + agents * recordWords;
  const free = taken + lines(leafWords);
  const nodes = free + lines(leafWords);
  const words = nodes + lines((leafWords + 3) >>> 2);
  return { records: FIRST_RECORD, recordWords, taken, free, nodes, words, trees };
}
