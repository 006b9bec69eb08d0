/**
 * The raw storey alone: a table of slots, its steps by frame number, and the counts. For who needs no handles, types of metadata
 * or `onDrop`, at a third of the main entry's bytes. What it has in common with the main entry are the same functions and classes.
 *
 * @example
 * ```ts
 * import { attachSlots, createSlots, Refusal } from "@memkit/frame-meta/slots";
 *
 * const memory = { buffer: new SharedArrayBuffer(16 * 4096) };
 * const slots = createSlots({ memory, mode: "shared" });
 * const there = attachSlots({ memory, buffer: slots.words.buffer }); // in a worker
 * slots.tryClaim(3); // => 0
 * slots.tryPublish(3, 1, 2); // => 1
 * there.inc(3); // => 2
 * there.tryClaim(3) === Refusal.inUse; // => true
 * ```
 *
 * @module
 */

export { FrameError, type FrameErrorDetail, type RefusedState } from "./frame-error.js";
export { fromOstdCount, toOstdCount } from "./ostd-count.js";
export {
  decShared,
  decSingle,
  incShared,
  incSingle,
  type MetaSlotStatus,
  REF_COUNT_BUSY,
  REF_COUNT_MAX,
  REF_COUNT_UNIQUE,
  REF_COUNT_UNUSED,
  Refusal,
  statusOf,
  tryDecShared,
  tryDecSingle,
  tryIncShared,
  tryIncSingle,
} from "./ref-count.js";
export type { SlotGeometry } from "./slot/geometry.js";
export { META_SLOT_SIZE, type TableParts } from "./slot/layout.js";
export {
  attachSlots,
  createSlots,
  type SlotTableAttachment,
  type SlotTableOptions,
  slotTableBytes,
} from "./slot/open.js";
export type { SlotTable, TableKernel, TableMode } from "./slot/slot-table.js";
export type { HeaderPart, TableErrorDetail } from "./table-error.js";
