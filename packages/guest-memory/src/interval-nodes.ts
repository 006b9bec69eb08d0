/**
 * Storage of an {@link IntervalTree}: nodes of up to 16 entries as slices of a few typed arrays.
 *
 * A node is named by its first entry, a multiple of 16; divided by 16 that is its place in the arrays with one value a node.
 * Leaves and inner nodes are the same. The width, and the shift by 4, stand as literals in the code: a bundler makes
 * variables of a module's constants, which V8 loads at each use. Entries move one by one: a call of copyWithin costs as
 * much as moving a dozen.
 *
 * Freed nodes are reused first and arrays only double, so a steady state allocates nothing.
 *
 * @module
 */

import type { IdRing } from "./id-ring.js";

/** What the first 160 borrows or so need. */
const INITIAL = 256;
const NEVER = Number.POSITIVE_INFINITY;

/** The arrays, and what is done to one or two nodes in them. */
export class IntervalNodes {
  /** Start of a range, or the least below a child; ascending in a node. +Infinity where no entry is. */
  protected start: Float64Array = new Float64Array(INITIAL);
  /** End of a range, or the largest below a child. */
  protected end: Float64Array = new Float64Array(INITIAL);
  /** Handle of a range, or child. */
  protected ref: Int32Array = new Int32Array(INITIAL);
  /** Entries in use. */
  protected count: Int32Array = new Int32Array(INITIAL >> 4);
  /** The entry of the parent that it is, or -1; of a freed node the next freed one. */
  protected up: Int32Array = new Int32Array(INITIAL >> 4);
  protected readonly ids: IdRing;
  /** Tells the homes in this tree from those in another one on the same ring. */
  protected readonly tag: number;
  private used = 0;
  private free = -1;

  constructor(ids: IdRing, tag: number) {
    this.ids = ids;
    this.tag = tag;
  }

  /** Entries that the arrays hold, used or not. */
  get capacity(): number {
    return this.ref.length;
  }

  /** A node without entries and without parent. */
  protected take(): number {
    let node = this.free;
    if (node >= 0) this.free = this.up[node >> 4]!;
    else {
      node = this.used;
      this.used += 16;
      if (this.used > this.ref.length) this.double();
    }
    this.start.fill(NEVER, node, node + 16);
    this.count[node >> 4] = 0;
    this.up[node >> 4] = -1;
    return node;
  }

  protected give(node: number): void {
    this.up[node >> 4] = this.free;
    this.free = node;
  }

  /** Makes room for one more entry of a node, at `at`. */
  protected open(at: number): void {
    const { start, end, ref } = this;
    for (let i = (at & -16) + this.count[at >> 4]!++; i > at; i--) {
      start[i] = start[i - 1]!;
      end[i] = end[i - 1]!;
      ref[i] = ref[i - 1]!;
    }
  }

  /** Takes entry `at` out of a node. */
  protected close(at: number): void {
    const { start, end, ref } = this;
    const last = (at & -16) + --this.count[at >> 4]!;
    for (let i = at; i < last; i++) {
      start[i] = start[i + 1]!;
      end[i] = end[i + 1]!;
      ref[i] = ref[i + 1]!;
    }
    start[last] = NEVER;
  }

  /** Children from entry `at` on moved: tells them where to. */
  protected adopt(at: number): void {
    const stop = (at & -16) + this.count[at >> 4]!;
    for (let i = at; i < stop; i++) this.up[this.ref[i]! >> 4] = i;
  }

  /** Says in entry `at` what its child holds. False if that is no news. */
  protected sum(at: number): boolean {
    const { start, end } = this;
    const child = this.ref[at]!;
    const low = start[child]!;
    let high = -NEVER;
    for (let i = child; i < child + this.count[child >> 4]!; i++) {
      if (end[i]! > high) high = end[i]!;
    }
    if (start[at] === low && end[at] === high) return false;
    start[at] = low;
    end[at] = high;
    return true;
  }

  /** Moves the entries of a node from its n-th on behind those of another one, which is to its left or empty. */
  protected pour(from: number, n: number, to: number, isLeaf: boolean): void {
    const { start, end, ref, count, ids } = this;
    let at = to + count[to >> 4]!;
    for (let i = from + n; i < from + count[from >> 4]!; i++, at++) {
      start[at] = start[i]!;
      end[at] = end[i]!;
      const one = ref[i]!;
      ref[at] = one;
      if (isLeaf) ids.home[one & ids.mask] = to + this.tag;
      else this.up[one >> 4] = at;
      start[i] = NEVER;
    }
    count[from >> 4] = n;
    count[to >> 4] = at - to;
  }

  private double(): void {
    this.start = twice(this.start, Float64Array);
    this.end = twice(this.end, Float64Array);
    this.ref = twice(this.ref, Int32Array);
    this.count = twice(this.count, Int32Array);
    this.up = twice(this.up, Int32Array);
  }
}

function twice<A extends Float64Array | Int32Array>(old: A, make: new (length: number) => A): A {
  const array = new make(2 * old.length);
  array.set(old);
  return array;
}
