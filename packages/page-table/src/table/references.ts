/**
 * What a mapping holds: one reference on each of its frames.
 *
 * PT-31: a tracked mapping is a handle on each of its frames and nothing else is: map turns handles into mappings and moves no
 * count, taking turns them back, letting go is one handle less. So a frame's count is its handles and its mappings.
 *
 * @see vostd `embedding`, rc = handles + paths
 * @module
 */

import { PAGE_SIZE } from "@memkit/core/address";
import { Frame, type FrameTable } from "@memkit/frame-meta";
import type { Segment } from "@memkit/frame-meta/segment";
import { memoryParts } from "./memory-parts.js";
import type { Lost } from "./release-failed.js";
import { TableError } from "./table-error.js";

/** What can be mapped: a page, or frames in a row. */
export type Item = Frame | Segment;

/** What makes a segment of frames that were mapped as one. */
type SegmentClass = Pick<typeof Segment, "fromRaw">;

export class References {
  readonly frames: FrameTable;
  /**
   * The class of segments: that of the first one that is mapped, since a program that has none goes without their code. Whose tables
   * others may have mapped segments in, says it before (`/shared`).
   */
  segments: SegmentClass | undefined;

  constructor(frames: FrameTable) {
    this.frames = frames;
    this.segments = undefined;
  }

  /** A handle becomes a mapping: it ends, its count stays. */
  take(item: Item): void {
    const { ledger, slots } = this.frames;
    const isSegment = "start" in item;
    if (isSegment) this.segments ??= item.constructor as unknown as SegmentClass;
    const paddr = isSegment ? item.start : item.paddr;
    const first = slots.geometry.slotOf(paddr / PAGE_SIZE);
    const raws = item.intoRaw();
    if (ledger === undefined) return;
    const frames = typeof raws === "number" ? 1 : raws.length;
    for (let i = 0; i < frames; i += 1) ledger.move(first + i, "raw", "path");
  }

  /** The mapping of a page becomes a handle. */
  giveFrame(pfn: number): Frame {
    const frame = Frame.fromInUse(this.frames, pfn * PAGE_SIZE);
    this.end(pfn, 1);
    return frame;
  }

  /**
   * A handle on `pages` frames that are mapped. The mapping has its references still: {@link References.end} ends them when no entry
   * leads to the frames any more, so that an agent which dies between has let go of nothing that is mapped (PT-57).
   *
   * @throws `FrameError` `count-at-max`; {@link PageTableError} `unfit-item` for a huge page that is no mapping of ours, only marked as
   * one: nothing has changed
   */
  hold(pfn: number, pages: number): Item {
    if (pages === 1) return Frame.fromInUse(this.frames, pfn * PAGE_SIZE);
    const { segments } = this;
    if (segments === undefined) {
      throw new TableError({
        code: "unfit-item",
        what: `no segment was mapped that has frame ${pfn}`,
      });
    }
    const raws: number[] = [];
    try {
      for (let i = 0; i < pages; i += 1) {
        raws.push(Frame.fromInUse(this.frames, (pfn + i) * PAGE_SIZE).intoRaw());
      }
    } catch (error) {
      for (const raw of raws) Frame.fromRaw(this.frames, raw).drop();
      throw error;
    }
    return segments.fromRaw(this.frames, raws);
  }

  /** The mapping of `pages` frames that somebody has a handle on ends. */
  end(pfn: number, pages: number): void {
    const { slots, ledger } = this.frames;
    for (let i = 0; i < pages; i += 1) {
      ledger?.release(slots.geometry.slotOf(pfn + i), "path");
      slots.dec(pfn + i);
    }
  }

  /** A mapping of a page ends that somebody else has. @returns `false` where nothing has changed: it may be the last */
  private releaseShared(pfn: number): boolean {
    const { slots, ledger } = this.frames;
    const index = slots.countIndexOf(pfn);
    if (ledger !== undefined || index < 0) return false;
    const count = slots.load(index);
    // Not `decAt`: of two agents that both saw 2, one would come to 0, and nobody would tear the frame down.
    return count > 1 && slots.swap(index, count, count - 1) === count;
  }

  /**
   * A mapping of a page ends, and the frame with it if nobody else has it.
   *
   * @param lost - takes what is thrown, where no entry leads to the frame any more: of one that may not go with its handle as a number,
   * so that it can be let go of later
   * @throws where nothing takes it: `FrameError` `drop-refused`, or what `onDropPre` threw: the mapping has its reference still.
   * `drop-failed`: it has not.
   */
  release(pfn: number, lost?: Lost[]): void {
    if (this.releaseShared(pfn)) return;
    let last: Frame | undefined;
    try {
      last = this.giveFrame(pfn);
      last.drop();
    } catch (error) {
      const living = last?.dropped === false ? [last] : [];
      if (lost === undefined) {
        for (const frame of living) this.take(frame);
        throw error;
      }
      lost.push({ error, raws: living.map((frame) => frame.intoRaw()) });
    }
  }

  /**
   * Mappings of `pages` frames end.
   *
   * @param lost - takes what was thrown, as of {@link References.release}. Of frames in a row that are no memory it takes one.
   */
  releaseAll(pfn: number, pages: number, lost: Lost[]): void {
    for (const { first, end, isMemory } of memoryParts(this.frames, pfn, pfn + pages)) {
      const stop = isMemory ? end : first + 1;
      for (let at = first; at < stop; at += 1) this.release(at, lost);
    }
  }
}
