/**
 * A set of byte ranges that says in O(log n) whether any of them overlaps a given one, however they overlap each other,
 * and adds and removes in O(log n), too. Nothing is built lazily: the first query after a change costs what any does.
 *
 * An interval tree (Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", on augmenting data structures) in the
 * shape of a B+ tree (Comer, "The Ubiquitous B-Tree", 1979). Whatever starts before a range ends lies left of the path to
 * that end, and every node says where its bytes begin and end, so at each level the entries left of the path, at most 15, tell
 * whether anything reaches into the range. Where no two ranges overlap, the last one left of the end tells.
 *
 * Invariant GM-17: starts ascend from range to range; an entry of an inner node holds the least start below its child.
 * Invariant GM-18: it holds the largest end below its child, too. Entry 0 holds both for the root.
 * Invariant GM-19: all leaves are equally deep and none but the root is empty; of two neighbours under one parent at
 * most one is less than a quarter full, hence the depth is O(log n); no node is lost.
 * Only this module and interval-nodes.ts write the arrays.
 *
 * @module
 */

import type { IdRing } from "./id-ring.js";
import { IntervalNodes } from "./interval-nodes.js";

/** The set. Its methods are about the range of the ring; a range is known by its handle. */
export class IntervalTree extends IntervalNodes {
  /** Levels of inner nodes; at 0 the root is a leaf. */
  private height = 0;
  private readonly disjoint: boolean;

  /**
   * @param tag - 0 to 14, another one for whoever shares the ring
   * @param disjoint - whether no two ranges in it will ever overlap
   */
  constructor(ids: IdRing, tag: number, disjoint: boolean) {
    super(ids, tag);
    this.disjoint = disjoint;
    this.take();
    this.ref[0] = this.take();
  }

  /** Whether any range shares a byte with the one in question, which is not empty. */
  overlaps(): boolean {
    const { start: s, end, ref, disjoint, ids } = this;
    const { from, to: key } = ids;
    if (s[0]! >= key || end[0]! <= from) return false;
    let node = ref[0]!;
    // `seek` by hand: V8 inlines it into whatever asks, and then keeps the loop's values in memory.
    // biome-ignore format: as in seek
    for (let level = this.height; ; level--) {
      let at = node | 0;
      at = (at + ((+(s[(at + 4) | 0]! < key) + +(s[(at + 8) | 0]! < key) + +(s[(at + 12) | 0]! < key)) << 2)) | 0;
      at = (at + +(s[(at + 1) | 0]! < key) + +(s[(at + 2) | 0]! < key) + +(s[(at + 3) | 0]! < key)) | 0;
      for (let i = disjoint ? at : node; i < at; i++) if (end[i]! > from) return true;
      if (level === 0) return end[at]! > from;
      node = ref[at]!;
    }
  }

  /** The handle of some range that shares a byte with the one in question. There must be one. */
  find(): number {
    const { end, ref } = this;
    const { from } = this.ids;
    let at = ref[0]!;
    for (let level = this.height; ; level--) {
      // Of all that reach beyond `from` the first begins no later than what overlaps.
      while (end[at]! <= from) at++;
      at = ref[at]!;
      if (level === 0) return at;
    }
  }

  /** The handle of some range. There must be one. */
  first(): number {
    let node = this.ref[0]!;
    for (let level = this.height; level > 0; level--) node = this.ref[node]!;
    return this.ref[node]!;
  }

  /** Adds the range in question under `handle`, whose id nobody has. */
  add(handle: number): void {
    const { ids } = this;
    const { from, to } = ids;
    ids.to = from;
    let at = this.walk();
    if (this.count[at >> 4] === 16) {
      this.split(at & -16, 0);
      at = this.walk();
    }
    ids.to = to;
    if (this.start[at]! < from) at++;
    this.open(at);
    this.start[at] = from;
    this.end[at] = to;
    this.ref[at] = handle;
    ids.home[handle & ids.mask] = (at & -16) + this.tag;
    this.settle(at);
  }

  /** Removes the range of `handle`. False if there is none. */
  remove(handle: number): boolean {
    const at = this.entryOf(handle);
    if (at < 0) return false;
    this.ids.home[handle & this.ids.mask] = -1;
    this.ids.to = this.end[at]!;
    this.close(at);
    this.settle(at);
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
    node: number = this.ref[0]!,
    level: number = this.height,
  ): void {
    for (let at = node; at < node + this.count[node >> 4]!; at++) {
      if (level > 0) this.each(visit, this.ref[at]!, level - 1);
      else visit(this.ref[at]!, node);
    }
  }

  /** Moves into the ring again, after it grew. */
  moveIn(): void {
    const { ids, tag } = this;
    this.each((handle, leaf) => {
      ids.home[handle & ids.mask] = leaf + tag;
    });
  }

  /** Walks to the last range that starts below `to`, or to the first range. */
  private walk(): number {
    let at = this.seek(this.ref[0]!);
    for (let level = this.height; level > 0; level--) at = this.seek(this.ref[at]!);
    return at;
  }

  /**
   * The last entry of a node that starts below `to`; the first one if none does.
   *
   * Two steps of three comparisons and no branch, which would be mispredicted every other time; binary search takes four
   * steps, each of which waits for the one before. `| 0` spares a check for overflow.
   */
  // biome-ignore format: the steps differ in their width only
  private seek(node: number): number {
    const { start: s } = this;
    const key = this.ids.to;
    let at = node | 0;
    at = (at + ((+(s[(at + 4) | 0]! < key) + +(s[(at + 8) | 0]! < key) + +(s[(at + 12) | 0]! < key)) << 2)) | 0;
    return (at + +(s[(at + 1) | 0]! < key) + +(s[(at + 2) | 0]! < key) + +(s[(at + 3) | 0]! < key)) | 0;
  }

  /** Where the range of `handle` lies, or -1. */
  private entryOf(handle: number): number {
    const { ref, ids } = this;
    const leaf = ids.home[handle & ids.mask]! - this.tag;
    if ((leaf & 15) !== 0) return -1;
    let at = leaf + this.count[leaf >> 4]! - 1;
    while (at >= leaf && ref[at] !== handle) at--;
    return at < leaf ? -1 : at;
  }

  /** Makes two of a full node. */
  private split(node: number, level: number): void {
    if (this.up[node >> 4]! < 0) {
      const root = this.take();
      this.ref[0] = root;
      this.ref[root] = node;
      this.count[root >> 4] = 1;
      this.up[node >> 4] = root;
      this.height++;
    } else if (this.count[this.up[node >> 4]! >> 4] === 16) {
      this.split(this.up[node >> 4]! & -16, level + 1);
    }
    const at = this.up[node >> 4]!;
    const right = this.take();
    this.pour(node, 8, right, level === 0);
    this.open(at + 1);
    this.ref[at + 1] = right;
    this.adopt(at + 1);
    this.sum(at);
    this.sum(at + 1);
  }

  /** Entry `at` of a leaf came or went: sees to it that enough is left, and tells the nodes above. */
  private settle(entry: number): void {
    const { up, count, ids } = this;
    let node = entry & -16;
    let at = up[node >> 4]!;
    const news = entry === node || count[node >> 4]! < 4 || ids.to >= this.end[at]!;
    if (at >= 0 && !news) return;
    for (let level = 0; at >= 0; level++) {
      const n = count[node >> 4]!;
      if (n === 0) this.drop(at);
      else if (n < 4 && this.merge(at, level)) at--;
      else if (!(n < 4 && this.merge(at + 1, level)) && !this.sum(at)) return;
      node = at & -16;
      at = up[node >> 4]!;
    }
    while (this.height > 0 && count[node >> 4] === 1) {
      this.give(node);
      node = this.ref[node]!;
      up[node >> 4] = -1;
      this.ref[0] = node;
      this.height--;
    }
    this.sum(0);
  }

  /** Takes child `at` out of its parent. */
  private drop(at: number): void {
    this.give(this.ref[at]!);
    this.close(at);
    this.adopt(at);
  }

  /** Pours child `at` of a node into the one to its left, if there is one and both fit with a quarter to spare. */
  private merge(at: number, level: number): boolean {
    const parent = at & -16;
    if (at === parent || at === parent + this.count[parent >> 4]!) return false;
    const left = this.ref[at - 1]!;
    const right = this.ref[at]!;
    if (this.count[left >> 4]! + this.count[right >> 4]! > 12) return false;
    this.pour(right, 0, left, level === 0);
    this.drop(at);
    this.sum(at - 1);
    return true;
  }
}
