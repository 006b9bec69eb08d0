/**
 * A set of byte ranges that answers "does any of them overlap this one?": flat while they are few, a tree beyond.
 *
 * A host call holds a handful of borrows. Up to 16 lie packed and unordered in one array that is scanned; the 17th moves
 * all into an {@link IntervalTree}. They come back when at most 8 are left, so whatever a guest makes the number do
 * around either bound, a move is paid for by 8 borrows or releases.
 *
 * An empty range that starts at s is kept as [-1 - s, -1 - s), where no question looks.
 *
 * Invariant GM-1: a range is found exactly from its `push` or `add` to its `pop` or `remove`; empty ones are kept but
 * never found. Only this module writes the arrays.
 *
 * @module
 */

import type { Region } from "@memkit/core";
import type { IdRing } from "./id-ring.js";
import { IntervalTree } from "./interval-tree.js";

/** As many as a scan of them costs what a walk through the tree does. */
const FEW = 16;

const NEVER = Number.POSITIVE_INFINITY;

/** The set. */
export class RegionSet {
  /** Ranges in the set, empty ones included. */
  size = 0;
  /** Where they are when they are many. */
  tree: IntervalTree | undefined = undefined;
  /** Start and end of range i, at 2i and 2i + 1. */
  private readonly bounds: Float64Array = new Float64Array(2 * FEW);
  private readonly refs: Int32Array = new Int32Array(FEW);
  /** Nothing in the tree starts before `low` or ends after `high`. They only part, until the set is flat again. */
  private low = NEVER;
  private high = -NEVER;
  /** The tree when it is not in use. */
  private spare: IntervalTree | undefined = undefined;
  private readonly ids: IdRing;
  private readonly tag: number;
  private readonly kept: number;

  /**
   * @param tag - see {@link IntervalTree}
   * @param kept - entries that a tree may hold on to when it is given up
   */
  constructor(ids: IdRing, tag: number, kept: number) {
    this.ids = ids;
    this.tag = tag;
    this.kept = kept;
  }

  /** Whether the flat array has no room left. */
  get full(): boolean {
    return this.size === this.refs.length;
  }

  /** Whether any range shares a byte with [start, end), which is not empty. */
  overlaps(start: number, end: number): boolean {
    if (this.tree === undefined) return this.scan(start, end);
    return start < this.high && end > this.low && this.search(this.tree, start, end);
  }

  /** {@link overlaps}, after which `add` of the same range knows where. */
  overlapsFirst(start: number, end: number): boolean {
    const { tree } = this;
    return tree === undefined ? this.scan(start, end) : this.search(tree, start, end);
  }

  /**
   * {@link overlaps} of a flat set. Two ranges a turn: at each, V8 checks the array and the stack again. The test for
   * emptiness is here and not before the calls, so that V8 sees the calls made and inlines them.
   */
  scan(start: number, end: number): boolean {
    if (this.size === 0) return false;
    const { bounds: b } = this;
    let i = 2 * this.size - 1;
    for (; i > 1; i -= 4) {
      // See interval-tree.ts for the products.
      if ((b[i]! - start) * (end - b[i - 1]!) > 0) return true;
      if ((b[i - 2]! - start) * (end - b[i - 3]!) > 0) return true;
    }
    return i === 1 && (b[1]! - start) * (end - b[0]!) > 0;
  }

  /** Adds [start, end) to a flat set that is not full. */
  push(start: number, end: number, handle: number): void {
    const n = this.size;
    this.bounds[2 * n] = start;
    this.bounds[2 * n + 1] = end;
    this.refs[n] = handle;
    this.size = n + 1;
  }

  /** Removes the range of `handle` from a flat set. False if there is none. */
  pop(handle: number): boolean {
    const { refs, bounds } = this;
    const last = this.size - 1;
    let at = last;
    while (at >= 0 && refs[at] !== handle) at--;
    if (at < 0) return false;
    this.size = last;
    if (at !== last) {
      bounds[2 * at] = bounds[2 * last]!;
      bounds[2 * at + 1] = bounds[2 * last + 1]!;
      refs[at] = refs[last]!;
    }
    return true;
  }

  /**
   * Adds the ring's range under `handle`, whose id nobody has, to a tree or to a flat set that is not full.
   *
   * @param asked - whether {@link overlapsFirst} was the last question, about this range, and the answer was no
   */
  add(handle: number, asked: boolean): void {
    const { tree, ids } = this;
    const start = ids.from;
    const end = ids.to;
    if (tree === undefined) {
      this.push(start, end, handle);
      return;
    }
    if (start >= 0) {
      // An empty range is never found.
      if (start < this.low) this.low = start;
      if (end > this.high) this.high = end;
    }
    tree.add(handle, asked);
    this.size++;
  }

  /** Removes the range of `handle`. False if there is none. */
  remove(handle: number): boolean {
    const { tree } = this;
    if (tree === undefined) return this.pop(handle);
    if (!tree.remove(handle)) return false;
    this.size--;
    return true;
  }

  /** The handle of some range that shares a byte with [start, end), or of any range; undefined if there is none. */
  find(start: number, end: number): number | undefined {
    if (!this.overlaps(start, end)) return undefined;
    if (this.tree !== undefined) return this.tree.find();
    let i = 0;
    while ((this.bounds[2 * i + 1]! - start) * (end - this.bounds[2 * i]!) <= 0) i++;
    return this.refs[i];
  }

  /** The range of `handle`, or undefined. */
  regionOf(handle: number): Region | undefined {
    const { ids } = this;
    if (this.tree !== undefined) {
      if (!this.tree.recall(handle)) return undefined;
    } else {
      const at = this.refs.subarray(0, this.size).indexOf(handle);
      if (at < 0) return undefined;
      ids.from = this.bounds[2 * at]!;
      ids.to = this.bounds[2 * at + 1]!;
    }
    const start = ids.from;
    return start < 0 ? { start: -1 - start, len: 0 } : { start, len: ids.to - start };
  }

  /** Every handle, in no particular order. */
  handles(): number[] {
    const handles: number[] = [];
    if (this.tree !== undefined) this.tree.each((handle) => handles.push(handle));
    else handles.push(...this.refs.subarray(0, this.size));
    return handles;
  }

  /** How many serials from this one on have an id that no range of the set, a flat one, has. */
  room(serial: number): number {
    const { mask } = this.ids;
    let room = mask + 1;
    for (let i = 0; i < this.size; i++) room = Math.min(room, (this.refs[i]! - serial) & mask);
    return room;
  }

  /** Moves all from the flat array into the tree. */
  grow(): void {
    const n = this.size;
    this.spare ??= new IntervalTree(this.ids, this.tag);
    this.tree = this.spare;
    this.size = 0;
    for (let i = 0; i < n; i++) {
      this.ids.from = this.bounds[2 * i]!;
      this.ids.to = this.bounds[2 * i + 1]!;
      this.add(this.refs[i]!, false);
    }
  }

  /** Moves all, which must fit, from the tree into the flat array. */
  flatten(): void {
    const { ids } = this;
    const tree = this.tree!;
    this.size = 0;
    while (tree.size > 0) {
      const handle = tree.first();
      tree.recall(handle);
      this.push(ids.from, ids.to, handle);
      tree.remove(handle);
    }
    this.low = NEVER;
    this.high = -NEVER;
    this.tree = undefined;
    if (tree.capacity > this.kept) this.spare = undefined; // a burst's memory goes with it
  }

  private search(tree: IntervalTree, start: number, end: number): boolean {
    const { ids } = this;
    ids.from = start;
    ids.to = end;
    return tree.overlaps();
  }
}
