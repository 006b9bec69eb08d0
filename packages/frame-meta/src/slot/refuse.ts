/**
 * The error that a refusal becomes where a call throws.
 *
 * @module
 */

import { PAGE_SIZE } from "@memkit/core";
import { FrameError } from "../frame-error.js";
import {
  REF_COUNT_BUSY,
  REF_COUNT_MAX,
  REF_COUNT_UNIQUE,
  REF_COUNT_UNUSED,
  Refusal,
} from "../ref-count.js";
import type { SlotTable } from "./slot-table.js";

/**
 * Throws what a refusal of a step on frame `pfn` means. The word it says is the one that the refusal stands for, not what is
 * there by now; only of a corrupt or shared word is the value unknown, and looked up.
 */
export function refuseFrame(slots: SlotTable, pfn: number, refusal: number): never {
  const index = slots.countIndexOf(pfn);
  switch (refusal) {
    case Refusal.notAligned:
      throw new FrameError({ code: "not-aligned", paddr: pfn * PAGE_SIZE });
    case Refusal.outOfBound:
      throw new FrameError({ code: "out-of-bound", index: pfn, length: slots.frames, pfn });
    case Refusal.mmio:
      throw new FrameError({ code: "mmio", pfn });
    case Refusal.countAtMax:
      throw new FrameError({ code: "count-at-max", index, word: REF_COUNT_MAX, pfn });
    case Refusal.unused:
      throw new FrameError({ code: "unused", index, word: REF_COUNT_UNUSED, pfn });
    case Refusal.unique:
      throw new FrameError({ code: "unique", index, word: REF_COUNT_UNIQUE, pfn });
    case Refusal.busy:
      throw new FrameError({ code: "busy", index, word: REF_COUNT_BUSY, pfn });
    case Refusal.inUse:
      throw new FrameError({ code: "in-use", index, word: slots.load(index), pfn });
    default:
      throw new FrameError({ code: "overflow", index, word: slots.load(index), pfn });
  }
}
