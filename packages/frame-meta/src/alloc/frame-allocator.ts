/**
 * What a table asks of an allocator, and what users ask of one.
 *
 * Every frame is in one of three places: in the free set, in a hand, or in use. A hand is the way between the two others: who
 * has taken a frame out and not claimed its slot yet, or has `add`ed it and not released its slot yet.
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
   * @throws `not-taken` where a frame is in the free set, and then none has been given back
   */
  add(pfn: number, frames?: number): void;
}
