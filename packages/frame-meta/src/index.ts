/**
 * Reference-counted metadata of physical frames.
 *
 * @packageDocumentation
 */

export { Frame } from "./frame/frame.js";
export type { FrameRef } from "./frame/frame-ref.js";
export type { FrameHandle } from "./frame/handle.js";
export type { FrameToken } from "./frame/send.js";
export { FrameTable, type FrameTableExtras, type FreeSet } from "./frame/table.js";
export { FrameError, type FrameErrorDetail, type RefusedState } from "./frame-error.js";
export {
  type DropContext,
  defineFrameMeta,
  type FrameMeta,
  type FrameMetaDefinition,
  type MetaValue,
  type StorageTag,
  type UntypedMeta,
  unitMeta,
} from "./meta/frame-meta.js";
export type { MetaLayout } from "./meta/meta-layout.js";
export type {
  MetaElements,
  MetaElementsMut,
  MetaOwner,
  MetaView,
  MetaViewMut,
} from "./meta/meta-view.js";
export type { MetaSlotSmall, MetaSlotStorage, StoredLink } from "./meta/storage.js";
export { type FrameUsage, PageUsage, type PageUsageName } from "./meta/usage.js";
export {
  REF_COUNT_BUSY,
  REF_COUNT_MAX,
  REF_COUNT_UNIQUE,
  REF_COUNT_UNUSED,
  Refusal,
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
export type { SlotTable, TableKernel, TableMode } from "./slot/slot-table.js";
export type { HeaderPart, TableErrorDetail } from "./table-error.js";
