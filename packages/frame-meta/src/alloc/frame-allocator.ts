/**
 * What a table asks of an allocator, and what users ask of one.
 *
 * Every frame is in one of three places: in the free set, in a hand, or in use. A hand is the way between the two others: who
 * has taken a frame out and not claimed its slot yet, or has `add`ed it and not released its slot yet.
 *
 * FM-38 is what an allocator owes to a `reap`: of a frame whose slot is BUSY it must know whether `add` has happened, and nobody
 * may have taken it since.
 *
 * @see OSTD `ostd/src/mm/frame/allocator.rs`, `GlobalFrameAllocator`
 * @module
 */

import type { FreeSet } from "../frame/table.js";

/** Where a run of frames must lie. */
export interface Placement {
  /** Bytes that its address is a multiple of: a power of two, at least 4096. 4096 if not given. */
  readonly align?: number;
  /** The address that its last byte must be below. None if not given. */
  readonly below?: number;
}

/** A run that could not be had, for who may do something about it. */
export interface ExhaustedRequest extends Placement {
  readonly frames: number;
}

/** Who owns the frames that are nobody's. */
export interface FrameAllocator extends FreeSet {
  /**
   * Takes `frames` frames in a row out of the free set. Their slots are unused, or busy for as long as who freed them needs to
   * say so.
   *
   * @param frames - at least 1; 1 if not given
   * @returns the first of them, or -1 where there is no such run
   */
  alloc(frames?: number, placement?: Placement): number;
  /** Takes this very frame out of the free set, or says `false` where it is not in it. */
  takeAt(pfn: number): boolean;
  /**
   * Gives frames back, one if `frames` is not given: of a table that tears a frame down, or of who has it from
   * {@link FrameAllocator.alloc}.
   *
   * @throws `not-taken` where a frame is in the free set, `in-use` or `unique` where somebody has a handle on it, and then none has
   * been given back
   */
  add(pfn: number, frames?: number): void;
  /**
   * Takes over what agents had here that have died, by their numbers in the table. Called by `reap`, which has stopped the table:
   * no agent with a number is between a step of a slot and that of the ledger. Frames whose {@link FrameAllocator.add} had
   * returned end as if their slots had been released.
   */
  takeOver?(dead: readonly number[]): void;
  /**
   * Frame `pfn` is busy, and nobody's but the reaper's, who will `add` it: whatever its {@link FrameAllocator.add} by an agent
   * that died has done is undone. Called after {@link FrameAllocator.takeOver}.
   */
  takeBack?(pfn: number): void;
}
