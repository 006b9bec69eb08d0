/**
 * Steps of the count without a look at what was there, for code that has proved it by other means.
 *
 * Caller must:
 * - hold a handle of the frame for the whole call (so the count is 1..2^31-1, and stays so);
 * - for `uncheckedInc`, know that there are fewer than 2^31-1 handles;
 * - for `uncheckedDec`, know that another handle remains, or look at the result: at 0 the frame is the caller's to tear down;
 * - give a frame of the memory.
 *
 * A step that breaks one of these publishes a state that is nobody's: see FM-1. It is not found out here; `checkInvariants`
 * may find it afterwards.
 *
 * @module
 */

import type { SlotTable } from "./slot/slot-table.js";

/**
 * n to n+1.
 *
 * @returns the new count
 *
 * @example
 * ```ts
 * import { createSlots } from "@memkit/frame-meta";
 * import { uncheckedDec, uncheckedInc } from "@memkit/frame-meta/unchecked";
 *
 * const slots = createSlots({ memory: { buffer: new ArrayBuffer(4096) } });
 * slots.tryClaim(0);
 * slots.tryPublish(0, 1, 2); // => 1
 * uncheckedInc(slots, 0); // => 2
 * uncheckedDec(slots, 0); // => 1
 * ```
 */
export function uncheckedInc(slots: SlotTable, pfn: number): number {
  return slots.addAt(slots.knownCountIndexOf(pfn), 1);
}

/** n to n-1. @returns the new count */
export function uncheckedDec(slots: SlotTable, pfn: number): number {
  return slots.addAt(slots.knownCountIndexOf(pfn), -1);
}
