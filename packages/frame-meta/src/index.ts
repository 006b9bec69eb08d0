/**
 * Reference-counted metadata of physical frames.
 *
 * @packageDocumentation
 */

export { Frame } from "./frame/frame.js";
export type { FrameRef } from "./frame/frame-ref.js";
export type { FrameHandle } from "./frame/handle.js";
export { Segment } from "./frame/segment.js";
export type { FrameToken } from "./frame/send.js";
export { FrameTable, type FrameTableExtras, type FreeSet } from "./frame/table.js";
export { UniqueFrame } from "./frame/unique-frame.js";
export type { UntypedMeta } from "./frame/untyped.js";
export {
  type DropContext,
  defineFrameMeta,
  type FrameMeta,
  type FrameMetaDefinition,
  type MetaValue,
  type StorageTag,
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
export { type StoredPageTablePageMeta, storedPageTablePageMeta } from "./meta/pt-node.js";
export type { MetaSlotSmall, MetaSlotStorage, StoredLink } from "./meta/storage.js";
export { type FrameUsage, PageUsage, type PageUsageName } from "./meta/usage.js";
export { FRAME_METADATA_MAX_ALIGN, FRAME_METADATA_MAX_SIZE } from "./slot/layout.js";
export * from "./slots.js";
