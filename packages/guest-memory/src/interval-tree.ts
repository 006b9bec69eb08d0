/**
 * A set of byte ranges that says in O(log n) whether any of them overlaps a given one, however they overlap each other,
 * and adds and removes in O(log n), too. Nothing is built lazily: the first query after a change costs what any does.
 *
 * An interval tree (Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", on augmenting data structures) in the
 * shape of a B+ tree (Comer, "The Ubiquitous B-Tree", 1979). Whatever starts before a range ends lies left of the path to
 * that end; inner nodes keep the largest end of each of their prefixes, so one comparison a level tells whether any of
 * it reaches into the range, and one leaf remains to be looked through.
 *
 * Invariant GM-17: every start below child i of an inner node lies in [start[i], start[i + 1]], both ends included so that
 * equal starts may straddle; start[0] is never read.
 * Invariant GM-19: all leaves are equally deep and none but the root is empty; of two neighbours under one parent at
 * most one is less than a quarter full, hence the depth is O(log n); no node is lost.
 * Keeps GM-18 with interval-nodes.ts.
 *
 * @module
 */

import type { IdRing } from "./id-ring.js";
import { IntervalNodes, widthAt } from "./interval-nodes.js";

/** Levels that a path can have: 64 children a node to the fifth power is 2^30, all the handles there are. */
const LEVELS = 6;

/** The set. Its methods are about the `range` of the ring; a range is known by its handle. */
export class IntervalTree extends IntervalNodes {
  /** Ranges in the tree. */
  size = 0;
  private root: number;
  /** Levels of inner nodes; at 0 the root is a leaf. */
  private height = 0;
  /** Where the last walk ended, or -1. */
  private leaf = -1;
  /** The entry that the last trace took at each level. */
  private readonly path: Int32Array = new Int32Array(LEVELS);

  /** @param tag - 0 to 6, another one for each tree that shares the ring */
  constructor(ids: IdRing, tag: number) {
    super(ids, tag);
    this.root = this.take(0);
  }

  /** Whether any range shares a byte with the one in question, which is not empty. */
  overlaps(): boolean {
    if (this.walk()) return true;
    const { start: s, end: e, leaf: i } = this;
    const start = this.ids.from;
    const end = this.ids.to;
    // Both factors are positive if the two overlap, and never are both negative: one branch, nearly always the same way,
    // where two comparisons would be mispredicted every other time. In a loop each of them would cost twice as much.
    const j = (i + 1) | 0;
    const k = (i + 2) | 0;
    const l = (i + 3) | 0;
    const m = (i + 4) | 0;
    const n = (i + 5) | 0;
    const o = (i + 6) | 0;
    const p = (i + 7) | 0;
    return (
      (e[i]! - start) * (end - s[i]!) > 0 ||
      (e[j]! - start) * (end - s[j]!) > 0 ||
      (e[k]! - start) * (end - s[k]!) > 0 ||
      (e[l]! - start) * (end - s[l]!) > 0 ||
      (e[m]! - start) * (end - s[m]!) > 0 ||
      (e[n]! - start) * (end - s[n]!) > 0 ||
      (e[o]! - start) * (end - s[o]!) > 0 ||
      (e[p]! - start) * (end - s[p]!) > 0
    );
  }

  /** The handle of some range that shares a byte with the one in question. There must be one. */
  find(): number {
    const start = this.ids.from;
    const end = this.ids.to;
    let at = this.root;
    for (let level = this.height; level > 0; level--) {
      // What reaches beyond `start` in the first child that does begins no later than what overlaps.
      while (this.reach[at]! <= start) at++;
      at = this.ref[at]!;
    }
    while ((this.end[at]! - start) * (end - this.start[at]!) <= 0) at++;
    return this.ref[at]!;
  }

  /** The handle of some range. There must be one. */
  first(): number {
    let node = this.root;
    for (let level = this.height; level > 0; level--) node = this.ref[node]!;
    return this.ref[node]!;
  }

  /**
   * Adds the range in question under `handle`, whose id nobody has.
   *
   * @param asked - whether the last thing asked of the tree was {@link overlaps}, about this range, and not in vain
   */
  add(handle: number, asked: boolean): void {
    const start = this.ids.from;
    const end = this.ids.to;
    if (!asked || !this.admits(start, end)) this.trace();
    while (this.count[this.leaf >> 3] === 8) {
      this.split();
      this.trace();
    }
    const { leaf, ids } = this;
    const at = leaf + this.count[leaf >> 3]!;
    this.start[at] = start;
    this.end[at] = end;
    this.ref[at] = handle;
    this.count[leaf >> 3] = at - leaf + 1;
    ids.home[handle & ids.mask] = leaf + this.tag;
    this.size++;
    if (end > this.peak[leaf >> 3]!) {
      this.peak[leaf >> 3] = end;
      this.settle(leaf);
    }
  }

  /** Removes the range of `handle`. False if there is none. */
  remove(handle: number): boolean {
    const at = this.entryOf(handle);
    if (at < 0) return false;
    const { start, end, ref, ids } = this;
    const id = handle & ids.mask;
    const leaf = ids.home[id]! - this.tag;
    const left = this.count[leaf >> 3]! - 1;
    const last = leaf + left;
    const wasPeak = end[at] === this.peak[leaf >> 3];
    ids.home[id] = -1;
    ids.from = start[at]!;
    start[at] = start[last]!;
    end[at] = end[last]!;
    ref[at] = ref[last]!;
    start[last] = Number.POSITIVE_INFINITY;
    end[last] = Number.POSITIVE_INFINITY;
    this.count[leaf >> 3] = left;
    this.size--;
    if (wasPeak) this.crest(leaf, 0);
    if (wasPeak || left < 2) {
      this.trace();
      this.settle(leaf);
    }
    return true;
  }

  /** Makes the range of `handle` the one in question. False if there is none. */
  recall(handle: number): boolean {
    const at = this.entryOf(handle);
    if (at < 0) return false;
    this.ids.from = this.start[at]!;
    this.ids.to = this.end[at]!;
    return true;
  }

  /** Calls `visit` with every handle and the leaf that it is in. */
  each(
    visit: (handle: number, leaf: number) => void,
    node: number = this.root,
    level: number = this.height,
  ): void {
    for (let at = node; at < node + this.count[node >> 3]!; at++) {
      if (level > 0) this.each(visit, this.ref[at]!, level - 1);
      else visit(this.ref[at]!, node);
    }
  }

  /** Moves into the ring again, after it was opened. */
  moveIn(): void {
    const { ids, tag } = this;
    this.each((handle, leaf) => {
      ids.home[handle & ids.mask] = leaf + tag;
    });
  }

  /**
   * Walks from the root to the leaf where what starts just before the range's end belongs.
   *
   * @returns whether, on the way, something was found that overlaps the range
   */
  private walk(): boolean {
    const { reach, ref } = this;
    const start = this.ids.from;
    let node = this.root;
    for (let level = this.height; level > 0; level--) {
      const at = this.seek(node);
      if (at !== node && reach[at - 1]! > start) {
        this.leaf = -1;
        return true;
      }
      node = ref[at]!;
    }
    this.leaf = node;
    return false;
  }

  /** Whether the last walk, to `end`, led to where `start` belongs, and nothing above that leaf has to change. */
  private admits(start: number, end: number): boolean {
    const at = this.leaf >> 3;
    return at >= 0 && this.floor[at]! < start && this.peak[at]! >= end && this.count[at] !== 8;
  }

  /** Walks to the leaf where the range's start belongs, and notes the path. */
  private trace(): void {
    const { ids } = this;
    const end = ids.to;
    ids.to = ids.from;
    let node = this.root;
    for (let level = this.height; level > 0; level--) {
      const at = this.seek(node);
      this.path[level] = at;
      node = this.ref[at]!;
    }
    this.leaf = node;
    ids.to = end;
  }

  /**
   * The last child of an inner node that has starts below `to`; the first child if none has.
   *
   * Four steps of three comparisons and no branch, which would be mispredicted every other time; binary search takes eight
   * steps, each of which waits for the one before. `| 0` spares a check for overflow.
   */
  // biome-ignore format: the steps differ in their width only
  private seek(node: number): number {
    const { start: s } = this;
    const key = this.ids.to;
    let at = node | 0;
    at = (at + ((+(s[(at + 64) | 0]! < key) + +(s[(at + 128) | 0]! < key) + +(s[(at + 192) | 0]! < key)) << 6)) | 0;
    at = (at + ((+(s[(at + 16) | 0]! < key) + +(s[(at + 32) | 0]! < key) + +(s[(at + 48) | 0]! < key)) << 4)) | 0;
    at = (at + ((+(s[(at + 4) | 0]! < key) + +(s[(at + 8) | 0]! < key) + +(s[(at + 12) | 0]! < key)) << 2)) | 0;
    return (at + +(s[(at + 1) | 0]! < key) + +(s[(at + 2) | 0]! < key) + +(s[(at + 3) | 0]! < key)) | 0;
  }

  /** Where the range of `handle` lies, or -1. */
  private entryOf(handle: number): number {
    const { ref, ids } = this;
    const home = ids.home[handle & ids.mask]!;
    if ((home & 7) !== this.tag) return -1;
    const leaf = home - this.tag;
    let at = leaf + this.count[leaf >> 3]! - 1; // the last one added is the first to go, most of the time
    while (at >= leaf && ref[at] !== handle) at--;
    return at < leaf ? -1 : at;
  }

  /** Splits the highest of the full nodes above the traced leaf, or the leaf itself. */
  private split(): void {
    let node = this.leaf;
    let level = 0;
    let parent = this.up[node >> 3]!;
    while (parent >= 0 && this.count[parent >> 3] === 256) {
      node = parent;
      parent = this.up[node >> 3]!;
      level++;
    }
    if (parent < 0) {
      parent = this.take(level + 1);
      this.insert(parent, parent, node);
      this.path[level + 1] = parent;
      this.root = parent;
      this.height = level + 1;
    }
    const right = this.take(level);
    if (level === 0) this.sort(node);
    this.move(node, right, widthAt(level) / 2, level);
    this.floor[right >> 3] = this.start[right]!;
    this.update(parent, this.path[level + 1]!);
    this.insert(parent, this.path[level + 1]! + 1, right);
  }

  /** What began at the traced start came into a leaf or left it: carries its peak up, and sees to it that enough is left. */
  private settle(leaf: number): void {
    let node = leaf;
    for (let level = 0; level < this.height; level++) {
      const parent = this.up[node >> 3]!;
      const peak = this.peak[parent >> 3];
      const children = this.count[parent >> 3];
      // Equal starts may straddle: the trace led to one of them, perhaps another.
      let at = this.path[level + 1]!;
      if (this.ref[at] !== node) for (at = parent; this.ref[at] !== node; ) at++;
      const few = this.count[node >> 3]! < widthAt(level) / 4;
      if (!few || !(this.merge(parent, at, level) || this.merge(parent, at + 1, level))) {
        if (this.count[node >> 3] !== 0) this.update(parent, at);
        else this.drop(parent, at, level);
      }
      if (this.peak[parent >> 3] === peak && this.count[parent >> 3] === children) return;
      node = parent;
    }
    while (this.height > 0 && this.count[this.root >> 3] === 1) {
      const only = this.ref[this.root]!;
      this.give(this.root, this.height--);
      this.up[only >> 3] = -1;
      this.root = only;
    }
  }

  /** Pours child `at` of a node into the one to its left, if there is one and both fit with a quarter to spare. */
  private merge(node: number, at: number, level: number): boolean {
    if (at === node || at === node + this.count[node >> 3]!) return false;
    const left = this.ref[at - 1]!;
    const right = this.ref[at]!;
    const n = this.count[right >> 3]!;
    if (this.count[left >> 3]! + n > (widthAt(level) * 3) / 4) return false;
    if (level > 0) this.start[right] = this.start[at]!; // its first separator was never read, until now
    this.move(right, left, n, level);
    this.drop(node, at, level);
    this.update(node, at - 1);
    return true;
  }
}
