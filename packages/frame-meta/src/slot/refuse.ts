/**
 * The error that a refusal becomes where a call throws.
 *
 * @module
 */

import { PAGE_SIZE } from "@memkit/core";
import { FrameError } from "../frame-error.js";
import { Refusal, refuseCount } from "../ref-count.js";
import type { SlotTable } from "./slot-table.js";

/** Throws what a refusal of a step on frame `pfn` means. */
export function refuseFrame(slots: SlotTable, pfn: number, refusal: number): never {
  switch (refusal) {
    case Refusal.notAligned:
      throw new FrameError({ code: "not-aligned", paddr: pfn * PAGE_SIZE });
    case Refusal.outOfBound:
      throw new FrameError({ code: "out-of-bound", index: pfn, length: slots.frames, pfn });
    case Refusal.mmio:
      throw new FrameError({ code: "mmio", pfn });
    default:
      refuseCount(refusal, slots.countIndexOf(pfn), (index) => slots.load(index), { pfn });
  }
}
