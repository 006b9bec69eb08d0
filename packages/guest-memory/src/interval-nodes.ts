/**
 * Storage of an {@link IntervalTree}: leaves and inner nodes as slices of a few typed arrays.
 *
 * A node is named by its first entry. A leaf has 8 entries and an inner node 256, so that a node's number divided by 8 is
 * its place in the arrays with one value a node. Both sizes, and the shift by 3, stand as literals in the code: a
 * bundler makes variables of a module's constants, which V8 loads at each use. The best of leaves of 8 and 16, sorted
 * and not, at 1,024 borrows: 8 unsorted entries are looked through without a loop, and cost nothing to keep in order.
 *
 * Freed nodes are reused first and arrays only double, so a steady state allocates nothing.
 *
 * Invariant GM-18: `end[i]` is the largest end below child i of an inner node, `reach[i]` the largest below its children up
 * to the i-th, `peak` of any node the largest in it.
 * Only this module and interval-tree.ts write the arrays.
 *
 * @module
 */

import type { IdRing } from "./id-ring.js";

/** An inner node and 32 leaves: what the first 150 borrows or so need. */
const INITIAL = 512;
const NEVER = Number.POSITIVE_INFINITY;

/** The arrays, and what is done to one or two nodes in them. */
export class IntervalNodes {
  /** Start of an interval, in any order; in an inner node a separator, ascending. +Infinity where no entry is. */
  protected start: Float64Array = new Float64Array(INITIAL);
  /** End of an interval, or of all below a child. +Infinity where no entry is. */
  protected end: Float64Array = new Float64Array(INITIAL);
  /** In an inner node only. */
  protected reach: Float64Array = new Float64Array(INITIAL);
  /** Handle of an interval, or child. */
  protected ref: Int32Array = new Int32Array(INITIAL);
  /** Entries in use. */
  protected count: Int32Array = new Int32Array(INITIAL >> 3);
  protected peak: Float64Array = new Float64Array(INITIAL >> 3);
  /** Of a leaf: whatever starts above it and belongs to no leaf further right belongs here. */
  protected floor: Float64Array = new Float64Array(INITIAL >> 3);
  /** The parent; of a freed node the next freed one. */
  protected up: Int32Array = new Int32Array(INITIAL >> 3);
  protected readonly ids: IdRing;
  /** Tells the homes in this tree from those in another one on the same ring. */
  protected readonly tag: number;
  private used = 0;
  private freeLeaf = -1;
  private freeInner = -1;

  constructor(ids: IdRing, tag: number) {
    this.ids = ids;
    this.tag = tag;
  }

  /** Entries that the arrays hold, used or not. */
  get capacity(): number {
    return this.start.length;
  }

  /** A node without entries and without parent. */
  protected take(level: number): number {
    let node = level === 0 ? this.freeLeaf : this.freeInner;
    if (node < 0) {
      node = this.used;
      this.used += widthAt(level);
      if (this.used > this.start.length) this.double();
    } else if (level === 0) this.freeLeaf = this.up[node >> 3]!;
    else this.freeInner = this.up[node >> 3]!;
    this.blank(node, widthAt(level));
    this.count[node >> 3] = 0;
    this.peak[node >> 3] = -NEVER;
    this.floor[node >> 3] = -NEVER;
    this.up[node >> 3] = -1;
    return node;
  }

  protected give(node: number, level: number): void {
    this.up[node >> 3] = level === 0 ? this.freeLeaf : this.freeInner;
    if (level === 0) this.freeLeaf = node;
    else this.freeInner = node;
  }

  /** Puts `child`, whose separator is its first start, into an inner node as entry `at`. */
  protected insert(node: number, at: number, child: number): void {
    const n = this.count[node >> 3]!;
    this.shift(at + 1, at, node + n - at);
    this.start[at] = this.start[child]!;
    this.ref[at] = child;
    this.up[child >> 3] = node;
    this.count[node >> 3] = n + 1;
    this.update(node, at);
  }

  /** Takes child `at` out of an inner node and frees it. */
  protected drop(node: number, at: number, level: number): void {
    const last = node + this.count[node >> 3]! - 1;
    this.give(this.ref[at]!, level);
    this.shift(at, at + 1, last - at);
    this.start[last] = NEVER;
    this.count[node >> 3] = last - node;
    this.renew(node, at);
  }

  /** The peak of child `at` may have changed: brings the node up to date. */
  protected update(node: number, at: number): void {
    this.end[at] = this.peak[this.ref[at]! >> 3]!;
    this.renew(node, at);
  }

  /** Moves the last `n` entries of a node behind those of another at the same level. */
  protected move(from: number, to: number, n: number, level: number): void {
    const { ref, count, ids } = this;
    const left = count[from >> 3]! - n;
    const at = to + count[to >> 3]!;
    this.shift(at, from + left, n);
    this.blank(from + left, n);
    count[from >> 3] = left;
    count[to >> 3] = at - to + n;
    for (let i = at; i < at + n; i++) {
      if (level === 0) ids.home[ref[i]! & ids.mask] = to + this.tag;
      else this.up[ref[i]! >> 3] = to;
    }
    this.crest(from, level);
    this.crest(to, level);
  }

  /** Finds the peak of a node anew. */
  protected crest(node: number, level: number): void {
    let peak = -NEVER;
    for (let i = node, stop = node + this.count[node >> 3]!; i < stop; i++) {
      if (this.end[i]! > peak) peak = this.end[i]!;
      if (level > 0) this.reach[i] = peak;
    }
    this.peak[node >> 3] = peak;
  }

  /** Sorts a full leaf by start. Insertion sort: eight entries, and ascending ones are sorted already. */
  protected sort(leaf: number): void {
    const { start, end, ref } = this;
    for (let i = leaf + 1; i < leaf + 8; i++) {
      for (let j = i; j > leaf && start[j - 1]! > start[j]!; j--) {
        swap(start, j);
        swap(end, j);
        swap(ref, j);
      }
    }
  }

  /** Entries from `at` on changed or moved by one: their reach, as far as it is news, and the peak. */
  private renew(node: number, at: number): void {
    const { end, reach } = this;
    const stop = node + this.count[node >> 3]!;
    let most = at === node ? -NEVER : reach[at - 1]!;
    let i = at;
    for (; i < stop; i++) {
      if (end[i]! > most) most = end[i]!;
      if (reach[i] === most) break; // then so is what follows, where it now is
      reach[i] = most;
    }
    this.peak[node >> 3] = i < stop ? reach[stop - 1]! : most;
  }

  private shift(to: number, from: number, n: number): void {
    this.start.copyWithin(to, from, from + n);
    this.end.copyWithin(to, from, from + n);
    this.reach.copyWithin(to, from, from + n);
    this.ref.copyWithin(to, from, from + n);
  }

  private blank(at: number, n: number): void {
    this.start.fill(NEVER, at, at + n);
    this.end.fill(NEVER, at, at + n);
  }

  private double(): void {
    this.start = twice(this.start, Float64Array);
    this.end = twice(this.end, Float64Array);
    this.reach = twice(this.reach, Float64Array);
    this.ref = twice(this.ref, Int32Array);
    this.count = twice(this.count, Int32Array);
    this.peak = twice(this.peak, Float64Array);
    this.floor = twice(this.floor, Float64Array);
    this.up = twice(this.up, Int32Array);
  }
}

/** Entries of a node. */
export function widthAt(level: number): number {
  return level === 0 ? 8 : 256;
}

function swap(entries: Float64Array | Int32Array, at: number): void {
  const held = entries[at]!;
  entries[at] = entries[at - 1]!;
  entries[at - 1] = held;
}

function twice<A extends Float64Array | Int32Array>(old: A, make: new (length: number) => A): A {
  const array = new make(2 * old.length);
  array.set(old);
  return array;
}
