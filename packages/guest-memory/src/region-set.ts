/**
 * A set of byte ranges that answers "does any of them overlap this one?": flat while they are few, a tree beyond.
 *
 * A host call holds a handful of borrows. Up to 15 lie packed and unordered in an array that is scanned; the 16th moves
 * all into an {@link IntervalTree}. From then on the array holds up to 3 that came last, since what comes last tends to go
 * first, and need not go through the tree; the 4th moves all of them. The tree is given up when 8 are left, so whatever a
 * guest makes the number do around either bound, a move is paid for by 8 borrows or releases.
 *
 * An empty range that starts at s is kept as [-1 - s, -1 - s), where no question looks.
 *
 * Invariant GM-1: a range is found exactly from its `push` to its `remove`; empty ones are kept but never found. Only this
 * module writes the arrays.
 *
 * @module
 */

import type { Region } from "@memkit/core";
import type { IdRing } from "./id-ring.js";
import { IntervalTree } from "./interval-tree.js";

/** As many as a scan of them costs what a walk through the tree does. */
const MANY = 16;
/** Half of it. */
const FEW = 8;
/** A quarter of it: little to scan before every walk. */
const NEWEST = 4;

/** The set. */
export class RegionSet {
  /** Ranges in the array, and how many make it full. */
  private near = 0;
  private room = MANY;
  /** Ranges in the tree. */
  private far = 0;
  private tree: IntervalTree | undefined = undefined;
  /** Start and end of range i, at 2i and 2i + 1. */
  private readonly bounds: Float64Array = new Float64Array(2 * MANY);
  private readonly refs: Int32Array = new Int32Array(MANY);
  /** The tree when it is not in use. */
  private spare: IntervalTree | undefined = undefined;
  private readonly ids: IdRing;
  private readonly tag: number;
  private readonly kept: number;

  /**
   * @param tag - 0 for a set whose ranges never overlap each other, 1 for another one
   * @param kept - entries that a tree may hold on to when it is given up
   */
  constructor(ids: IdRing, tag: number, kept: number) {
    this.ids = ids;
    this.tag = tag;
    this.kept = kept;
  }

  /** Ranges in the set, empty ones included. */
  get size(): number {
    return (this.near + this.far) | 0;
  }

  /** Whether any range shares a byte with [start, end), which is not empty. */
  overlaps(start: number, end: number): boolean {
    const { bounds: b, tree } = this;
    // Two ranges a turn: at each, V8 checks the array and the stack again. Both factors are positive if two ranges overlap,
    // and never are both negative: one branch, nearly always the same way, where two comparisons would be mispredicted
    // every other time.
    let i = ((this.near << 1) - 1) | 0;
    for (; i > 1; i -= 4) {
      if ((b[i]! - start) * (end - b[i - 1]!) > 0) return true;
      if ((b[i - 2]! - start) * (end - b[i - 3]!) > 0) return true;
    }
    if (i === 1 && (b[1]! - start) * (end - b[0]!) > 0) return true;
    if (tree === undefined) return false;
    const { ids } = this;
    ids.from = start;
    ids.to = end;
    return tree.overlaps();
  }

  /** Adds [start, end) under `handle`, whose id nobody has. */
  push(start: number, end: number, handle: number): void {
    const { ids, near } = this;
    const at = near << 1;
    this.bounds[at] = start;
    this.bounds[at | 1] = end;
    this.refs[near] = handle;
    ids.home[handle & ids.mask] = (near << 4) | this.tag;
    this.near = near + 1;
    if (near + 1 === this.room) this.plant();
  }

  /** Removes the range of `handle`. False if there is none. */
  remove(handle: number): boolean {
    const { ids, refs, near } = this;
    // The last to come is the first to go, most of the time.
    if (near > 0 && refs[near - 1] === handle) {
      this.near = near - 1;
      ids.home[handle & ids.mask] = -1;
      return true;
    }
    return this.pull(handle);
  }

  /** Removes a range that is not the last of the array. */
  private pull(handle: number): boolean {
    if (typeof handle !== "number") return false;
    const { ids, refs, bounds, tag } = this;
    const id = handle & ids.mask;
    const home = ids.home[id]!;
    const at = home >> 4;
    if ((home & 15) !== tag) return this.fell(handle);
    if (refs[at] !== handle) return false;
    const last = --this.near;
    ids.home[id] = -1;
    bounds[2 * at] = bounds[2 * last]!;
    bounds[2 * at + 1] = bounds[2 * last + 1]!;
    refs[at] = refs[last]!;
    ids.home[refs[at]! & ids.mask] = home;
    return true;
  }

  /** The handle of some range that shares a byte with [start, end), if there is one. */
  find(start: number, end: number): number | undefined {
    const { bounds: b, refs, tree } = this;
    for (let i = 0; i < this.near; i++) {
      if ((b[2 * i + 1]! - start) * (end - b[2 * i]!) > 0) return refs[i];
    }
    return tree !== undefined && this.overlaps(start, end) ? tree.find() : undefined;
  }

  /** The range of `handle`, or undefined. */
  regionOf(handle: number): Region | undefined {
    const { ids } = this;
    const at = this.refs.subarray(0, this.near).indexOf(handle);
    if (at >= 0) {
      ids.from = this.bounds[2 * at]!;
      ids.to = this.bounds[2 * at + 1]!;
    } else if (!this.tree?.recall(handle)) return undefined;
    const { from, to } = ids;
    return from < 0 ? { start: -1 - from, len: 0 } : { start: from, len: to - from };
  }

  /** Every handle, in no particular order. */
  handles(): number[] {
    const handles = [...this.refs.subarray(0, this.near)];
    this.tree?.each((handle) => handles.push(handle));
    return handles;
  }

  /** Moves into the ring again, after it grew. */
  moveIn(): void {
    const { ids, tag } = this;
    for (let i = 0; i < this.near; i++) ids.home[this.refs[i]! & ids.mask] = (i << 4) | tag;
    this.tree?.moveIn();
  }

  /** Moves all from the array into the tree. */
  private plant(): void {
    const { ids, bounds, refs } = this;
    this.spare ??= new IntervalTree(ids, this.tag + 2, this.tag === 0);
    this.tree = this.spare;
    this.room = NEWEST;
    for (let i = 0; i < this.near; i++) {
      ids.from = bounds[2 * i]!;
      ids.to = bounds[2 * i + 1]!;
      this.tree.add(refs[i]!);
    }
    this.far += this.near;
    this.near = 0;
  }

  /** Removes a range from the tree, which is given up if few are left. */
  private fell(handle: number): boolean {
    const { ids, tree } = this;
    if (!tree?.remove(handle)) return false;
    if (--this.far + this.near > FEW) return true;
    this.tree = undefined;
    this.room = MANY;
    if (tree.capacity > this.kept) this.spare = undefined; // a burst's memory goes with it
    for (; this.far > 0; this.far--) {
      const one = tree.first();
      tree.recall(one);
      tree.remove(one);
      this.push(ids.from, ids.to, one);
    }
    return true;
  }
}
