/**
 * The frames of all banks that are in no cache, and the lock around them.
 *
 * Frames go between trees and caches under the lock only. So who has the lock sees every free frame that does not move: in a
 * tree, or in a cache, from which others than it can only take (their agent), or into which they put (their agent, a frame that
 * it frees).
 *
 * FM-25: who is told that there is no run was right at one moment of the call. It emptied all caches into the trees, found no
 * run there, and no agent has said meanwhile that it put a frame into a cache. Frames that somebody is just about to say so of
 * count as freed later: their `add` has not returned.
 *
 * FM-38: a frame whose slot is BUSY stays in the cache of the agent that frees it, whoever looks for frames. It counts as freed
 * later too: who skipped one looks again, and believes that there is no run only if the frame has been BUSY ever since.
 *
 * @module
 */

import { REF_COUNT_BUSY, REF_COUNT_UNUSED } from "../ref-count.js";
import { SLOT_WORDS, SlotWord } from "../slot/layout.js";
import type { SlotTable } from "../slot/slot-table.js";
import type { AllocWords } from "./alloc-words.js";
import { bitCount, lowestBit, maskIn, WORD_FRAMES, WORD_ORDER } from "./bits.js";
import { BuddyTree } from "./buddy-tree.js";
import type { FrameCache } from "./cache.js";
import { type AllocParts, AllocWord, RecordWord } from "./layout.js";

/** A frame that stayed in a cache because its slot was busy. */
interface Skipped {
  readonly at: number;
  readonly seen: number;
  readonly generation: number;
}

export class Depot {
  readonly trees: readonly BuddyTree[];
  private readonly words: AllocWords;
  private readonly parts: AllocParts;
  private readonly agents: number;
  private readonly room: number;
  private readonly slots: SlotTable;

  constructor(
    words: AllocWords,
    parts: AllocParts,
    agents: number,
    room: number,
    slots: SlotTable,
  ) {
    const { buffer } = words.words;
    const nodes = new Uint8Array(buffer, parts.nodes * 4, (parts.words - parts.nodes) * 4);
    this.trees = parts.trees.map((shape) => new BuddyTree(shape, words.words, parts.free, nodes));
    this.words = words;
    this.parts = parts;
    this.agents = agents;
    this.room = room;
    this.slots = slots;
  }

  /** Frames in the trees. Caller has the lock. */
  get frames(): number {
    return this.words.words[AllocWord.inTrees]!;
  }

  lock(holder: number): void {
    this.words.lock(AllocWord.lock, holder);
  }

  unlock(): void {
    this.words.unlock(AllocWord.lock);
  }

  /** The tree of a leaf, which must be one. */
  treeOf(leaf: number): BuddyTree {
    const { trees } = this;
    let at = trees.length - 1;
    while (trees[at]!.firstLeaf > leaf) at -= 1;
    return trees[at]!;
  }

  /** Where the record of an agent is. */
  recordOf(agent: number): number {
    return this.parts.records + agent * this.parts.recordWords;
  }

  /** A run out of the trees, or, where they have none, out of trees and caches; -1: see FM-25. */
  take(holder: number, frames: number, order: number, limit: number): number {
    for (;;) {
      this.lock(holder);
      let leaf = this.takeRun(frames, order, limit);
      let missed = false;
      if (leaf < 0) {
        const before = this.freed();
        const skipped: Skipped[] = [];
        for (let agent = 0; agent < this.agents; agent += 1) this.drain(agent, skipped);
        leaf = this.takeRun(frames, order, limit);
        missed = leaf < 0 && !(this.stillEnding(skipped) && this.freed() === before);
      }
      if (leaf >= 0) this.setTaken(leaf, frames);
      this.unlock();
      if (!missed) return leaf;
    }
  }

  /** Fills a cache, which is empty, with up to `count` neighbours, the lowest on top. */
  refill(holder: number, cache: FrameCache, count: number): void {
    this.lock(holder);
    for (const tree of this.trees) {
      const leaf = tree.find(0);
      if (leaf < 0) continue;
      const word = leaf >>> WORD_ORDER;
      let mask = 0;
      for (let rest = tree.wordAt(word), n = 0; rest !== 0 && n < count; n += 1) {
        mask |= rest & -rest;
        rest &= rest - 1;
      }
      // In the cache before they leave the tree: an agent that dies between has lost none.
      for (let rest = mask; rest !== 0; ) {
        const highest = WORD_FRAMES - 1 - Math.clz32(rest);
        cache.put(tree.firstLeaf + word * WORD_FRAMES + highest);
        rest &= ~(1 << highest);
      }
      tree.markBits(word, mask, false);
      this.count(-bitCount(mask));
      break;
    }
    this.unlock();
  }

  /** Puts the frames of the upper `count` places of a cache back, and leaves the places empty. */
  spill(holder: number, cache: FrameCache, count: number): void {
    this.lock(holder);
    let word = 0;
    let mask = 0;
    for (let n = 0; n < count; n += 1) {
      const leaf = cache.peek(n);
      if (leaf < 0) continue;
      if (mask !== 0 && leaf >>> WORD_ORDER !== word) {
        this.putBits(word, mask);
        mask = 0;
      }
      word = leaf >>> WORD_ORDER;
      mask |= 1 << (leaf & (WORD_FRAMES - 1));
    }
    if (mask !== 0) this.putBits(word, mask);
    // In the trees before they leave the cache, as in refill.
    cache.cut(count);
    this.unlock();
  }

  /** Puts frames back. Caller has the lock. */
  put(leaf: number, frames: number): void {
    const tree = this.treeOf(leaf);
    tree.mark(leaf - tree.firstLeaf, frames, true);
    this.count(frames);
  }

  /**
   * Takes back a run from who has taken it, whole or not at all. Caller has the lock.
   *
   * A whole word is 32 frames of one hand: nobody else has a right to write it, and the lock orders who has. So it needs no atomic
   * access, whose price is that of the whole rest.
   *
   * @returns -1, or the first leaf that is not taken, and then nothing has changed
   */
  clearTaken(leaf: number, frames: number): number {
    const { words } = this;
    const plain = words.words;
    const { taken } = this.parts;
    const first = leaf >>> WORD_ORDER;
    const last = (leaf + frames - 1) >>> WORD_ORDER;
    const low = maskIn(first, leaf, frames);
    const high = maskIn(last, leaf, frames);
    const from = taken + (low === -1 ? first : first + 1);
    const to = taken + (high === -1 ? last + 1 : last);
    if (low !== -1) {
      const found = words.and(taken + first, ~low) & low;
      if (found !== low) {
        words.or(taken + first, found);
        return first * WORD_FRAMES + lowestBit(low & ~found);
      }
    }
    for (let at = from; at < to; at += 1) {
      if (plain[at] === -1) continue;
      if (low !== -1) words.or(taken + first, low);
      return (at - taken) * WORD_FRAMES + lowestBit(~plain[at]!);
    }
    if (high !== -1 && last !== first) {
      const found = words.and(taken + last, ~high) & high;
      if (found !== high) {
        words.or(taken + last, found);
        if (low !== -1) words.or(taken + first, low);
        return last * WORD_FRAMES + lowestBit(high & ~found);
      }
    }
    for (let at = from; at < to; at += 1) plain[at] = 0;
    return -1;
  }

  /** Marks a run as taken, as {@link Depot.clearTaken} undoes it. Caller has the lock. */
  private setTaken(leaf: number, frames: number): void {
    const { words } = this;
    const plain = words.words;
    const { taken } = this.parts;
    const first = leaf >>> WORD_ORDER;
    const last = (leaf + frames - 1) >>> WORD_ORDER;
    const low = maskIn(first, leaf, frames);
    const high = maskIn(last, leaf, frames);
    if (low !== -1) words.or(taken + first, low);
    if (high !== -1 && last !== first) words.or(taken + last, high);
    const to = taken + (high === -1 ? last + 1 : last);
    for (let at = taken + (low === -1 ? first : first + 1); at < to; at += 1) plain[at] = -1;
  }

  /** Takes one frame, wherever it is, or says `false`. Caller has the lock. */
  takeAt(leaf: number): boolean {
    const tree = this.treeOf(leaf);
    if (tree.isFree(leaf - tree.firstLeaf)) {
      tree.mark(leaf - tree.firstLeaf, 1, false);
      this.count(-1);
      return true;
    }
    const words = this.words;
    for (let agent = 0; agent < this.agents; agent += 1) {
      const first = this.recordOf(agent) + RecordWord.cache;
      for (let at = first; at < first + this.room; at += 1) {
        if (words.load(at) !== leaf + 1) continue;
        return !this.isEnding(leaf) && words.swap(at, leaf + 1, 0) === leaf + 1;
      }
    }
    return false;
  }

  /** Empties the cache of an agent, but for frames that it is just about to make unused. Caller has the lock. */
  drain(agent: number, skipped?: Skipped[]): void {
    const words = this.words;
    const first = this.recordOf(agent) + RecordWord.cache;
    for (let at = first; at < first + this.room; at += 1) {
      const seen = words.load(at);
      if (seen === 0) continue;
      const generation = this.generationOf(seen - 1);
      if (this.isEnding(seen - 1)) {
        skipped?.push({ at, seen, generation });
        continue;
      }
      // 0 or another one where its agent was faster: then it has been there and has been free meanwhile.
      if (words.swap(at, seen, 0) === seen) this.put(seen - 1, 1);
    }
  }

  /**
   * Empties the cache of a dead agent. A frame that is busy there is one that it had ended all but for the last store, for nobody
   * else puts any there: that is made up for. One that is in a tree too stays there, and is counted twice until
   * {@link Depot.rebuild}. Caller has the lock.
   */
  takeOver(agent: number): void {
    const { slots, words } = this;
    const first = this.recordOf(agent) + RecordWord.cache;
    for (let at = first; at < first + this.room; at += 1) {
      const leaf = words.load(at) - 1;
      if (leaf < 0) continue;
      if (this.isEnding(leaf)) slots.releaseAt(this.countOf(leaf));
      this.put(leaf, 1); // first: who dies here loses none either
      words.store(at, 0);
    }
  }

  /** What is in caches is nowhere. Caller has the lock, and is about to {@link Depot.scan}. */
  forget(): void {
    for (let agent = 0; agent < this.agents; agent += 1) {
      const first = this.recordOf(agent) + RecordWord.cache;
      for (let at = first; at < first + this.room; at += 1) this.words.store(at, 0);
    }
  }

  /** Frames in caches, at this moment or another. */
  cached(): number {
    let sum = 0;
    for (let agent = 0; agent < this.agents; agent += 1) {
      const first = this.recordOf(agent) + RecordWord.cache;
      for (let at = first; at < first + this.room; at += 1) {
        if (this.words.load(at) !== 0) sum += 1;
      }
    }
    return sum;
  }

  /** Counts and nodes anew, of whatever bits there are. Caller has the lock. */
  rebuild(): void {
    let frames = 0;
    for (const tree of this.trees) {
      tree.rebuild();
      for (let word = 0; word < tree.leafWords; word += 1) frames += bitCount(tree.wordAt(word));
    }
    this.words.words[AllocWord.inTrees] = frames;
  }

  /** FM-27: what is free is what is unused; the slots say so. Caller has the lock, and caches are empty. */
  scan(slots: SlotTable): void {
    const { words } = this.words;
    const counts = slots.words;
    for (const tree of this.trees) {
      const before = (tree.firstPfn - tree.base) | 0;
      const end = (before + tree.frames) | 0;
      const first = slots.geometry.slotOf(tree.firstPfn) - before;
      const leafWord = tree.firstLeaf / WORD_FRAMES;
      for (let word = 0; word < tree.leafWords; word += 1) {
        const from = Math.max(word * WORD_FRAMES, before) | 0;
        const to = Math.min((word + 1) * WORD_FRAMES, end) | 0;
        let free = 0;
        let index = slots.wordOf(first + from, SlotWord.count);
        for (let leaf = from; leaf < to; leaf += 1) {
          if (counts[index] === REF_COUNT_UNUSED) free |= 1 << leaf; // modulo 32, as shifts are
          index += SLOT_WORDS;
        }
        const frames = from < to ? maskIn(word, from, to - from) : 0;
        words[this.parts.free + leafWord + word] = free;
        words[this.parts.taken + leafWord + word] = frames & ~free;
      }
    }
    this.rebuild();
  }

  /** The index of the slot's word that counts a leaf, which must be a frame. */
  private countOf(leaf: number): number {
    const tree = this.treeOf(leaf);
    return this.slots.countIndexOf(tree.base + (leaf - tree.firstLeaf));
  }

  /** Whether a frame in a cache is about to become unused, and is not yet. */
  isEnding(leaf: number): boolean {
    return this.slots.load(this.countOf(leaf)) === REF_COUNT_BUSY;
  }

  private generationOf(leaf: number): number {
    return this.slots.load(this.countOf(leaf) - SlotWord.count + SlotWord.generation);
  }

  /** Whether the frames that were skipped have been busy ever since: a slot has another generation before it becomes unused. */
  private stillEnding(skipped: readonly Skipped[]): boolean {
    return skipped.every(
      ({ at, seen, generation }) =>
        this.words.load(at) === seen &&
        this.isEnding(seen - 1) &&
        this.generationOf(seen - 1) === generation,
    );
  }

  private takeRun(frames: number, order: number, limit: number): number {
    for (const tree of this.trees) {
      const leaf = tree.find(order);
      if (leaf < 0) continue;
      if (tree.base + leaf + frames > limit) return -1; // it is the lowest, and banks are sorted
      tree.mark(leaf, frames, false);
      this.count(-frames);
      return tree.firstLeaf + leaf;
    }
    return -1;
  }

  private putBits(leafWord: number, mask: number): void {
    const tree = this.treeOf(leafWord * WORD_FRAMES);
    tree.markBits(leafWord - tree.firstLeaf / WORD_FRAMES, mask, true);
    this.count(bitCount(mask));
  }

  private count(frames: number): void {
    this.words.words[AllocWord.inTrees]! += frames;
  }

  /** A number that is another one where any agent has put a frame into its cache since. */
  private freed(): number {
    let sum = 0;
    for (let agent = 0; agent < this.agents; agent += 1) {
      sum = (sum + this.words.load(this.recordOf(agent) + RecordWord.freed)) | 0;
    }
    return sum;
  }
}
