/**
 * A naive allocator: a set of frames, and every frame tried from the bottom.
 *
 * @module
 */

import type { Placement } from "@memkit/frame-meta/alloc";

export class NaiveFrames {
  readonly free: Set<number>;

  constructor(pfns: Iterable<number>) {
    this.free = new Set(pfns);
  }

  /** Whether `frames` free frames start at `pfn`, where they may. */
  fits(pfn: number, frames: number, { align = 4096, below }: Placement = {}): boolean {
    if (pfn * 4096 < 0 || (pfn * 4096) % align !== 0) return false;
    if (below !== undefined && (pfn + frames) * 4096 > below) return false;
    for (let i = 0; i < frames; i += 1) if (!this.free.has(pfn + i)) return false;
    return true;
  }

  /** The lowest run in a free block of the next power of two, or -1: what buddies promise. */
  lowest(frames: number, { align = 4096, below }: Placement = {}): number {
    const block = Math.max(2 ** Math.ceil(Math.log2(frames)), align / 4096);
    const limit = below === undefined ? {} : { below };
    for (const pfn of [...this.free].sort((a, b) => a - b)) {
      if (this.fits(pfn, block, { align: block * 4096 })) {
        return this.fits(pfn, frames, limit) ? pfn : -1;
      }
    }
    return -1;
  }

  take(pfn: number, frames = 1): void {
    for (let i = 0; i < frames; i += 1) {
      if (!this.free.delete(pfn + i)) throw new Error(`frame ${pfn + i} was given out twice`);
    }
  }

  give(pfn: number, frames = 1): void {
    for (let i = 0; i < frames; i += 1) {
      if (this.free.has(pfn + i)) throw new Error(`frame ${pfn + i} was free already`);
      this.free.add(pfn + i);
    }
  }

  /** The frames of the largest free block. */
  largest(): number {
    for (let block = 2 ** 20; block >= 1; block /= 2) {
      for (const pfn of this.free) if (this.fits(pfn, block, { align: block * 4096 })) return block;
    }
    return 0;
  }
}
