/**
 * Raw handles: a handle as a number, to be kept in bytes or sent to another agent.
 *
 *     bits 0 .. 26     slot
 *     bits 27 .. 46    generation of the slot when the handle became a number
 *
 * FM-14: a raw handle of a frame that has been given away since is refused. A frame's generation counts its lives, modulo
 * 2^20, so a number that outlives 1,048,576 lives of its frame is not found out; and two handles made from one number are not
 * either, as long as the frame lives: that is what a ledger is for.
 *
 * @module
 */

import { frameError } from "../frame-error.js";
import { GENERATIONS, SlotWord } from "../slot/layout.js";
import type { SlotTable } from "../slot/slot-table.js";
import { hex } from "../table-error.js";

const FrameError = /* @__PURE__ */ frameError<"not-a-raw-handle" | "stale-handle">({
  "not-a-raw-handle": (d) => `${String(d.got)} is no raw handle`,
  "stale-handle": (d) =>
    `the raw handle is of generation ${d.got}, frame ${hex(d.pfn)} of ${d.generation}`,
});

/** A table has fewer slots: the index of a slot's last word is an int32. */
const SLOTS = 2 ** 27;

/** The number for a handle on `slot`. Caller holds the frame. */
export function rawOf(slots: SlotTable, slot: number): number {
  return slots.load(slots.wordOf(slot, SlotWord.generation)) * SLOTS + slot;
}

/**
 * The slot of a raw handle.
 *
 * @throws {@link FrameError} `not-a-raw-handle`, `stale-handle`
 */
export function slotOfRaw(slots: SlotTable, raw: number): number {
  const slot = raw % SLOTS;
  const got = (raw - slot) / SLOTS;
  if (!(Number.isInteger(raw) && raw >= 0 && got < GENERATIONS && slot < slots.frames)) {
    throw new FrameError({ code: "not-a-raw-handle", got: raw });
  }
  const generation = slots.load(slots.wordOf(slot, SlotWord.generation));
  if (got !== generation) {
    const pfn = slots.geometry.pfnOf(slot);
    throw new FrameError({ code: "stale-handle", pfn, got, generation });
  }
  return slot;
}
