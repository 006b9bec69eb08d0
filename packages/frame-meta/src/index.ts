/**
 * Reference-counted metadata of physical frames.
 *
 * @packageDocumentation
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
export {
  FRAME_METADATA_MAX_ALIGN,
  FRAME_METADATA_MAX_SIZE,
  META_SLOT_SIZE,
  type TableParts,
} from "./slot/layout.js";
export {
  attachSlots,
  createSlots,
  type SlotTableAttachment,
  type SlotTableOptions,
  slotTableBytes,
} from "./slot/open.js";
export type { SlotTable, TableMode } from "./slot/slot-table.js";
export type { HeaderPart, TableErrorDetail } from "./table-error.js";
