/**
 * Frames in a row, of which a junk entry may say 2^36: those that are memory, and those in between.
 *
 * @module
 */

import type { FrameTable } from "@memkit/frame-meta";

/** Frames `first` to, not including, `end`: of one bank, or of none. */
export interface MemoryPart {
  readonly first: number;
  readonly end: number;
  readonly isMemory: boolean;
}

/** The parts of frames `first` to, not including, `end`, in order; none is empty. */
export function* memoryParts(
  { memory }: FrameTable,
  first: number,
  end: number,
): Generator<MemoryPart> {
  let at = first;
  for (const { firstPfn, frames } of memory.banks) {
    const from = Math.max(firstPfn, at);
    const to = Math.min(firstPfn + frames, end);
    if (from >= to) continue;
    if (from > at) yield { first: at, end: from, isMemory: false };
    yield { first: from, end: to, isMemory: true };
    at = to;
  }
  if (at < end) yield { first: at, end, isMemory: false };
}
