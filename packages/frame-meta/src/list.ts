/**
 * Lists of frames whose links lie in the frames' slots.
 *
 * @module
 */

export type { CursorMut } from "./frame/cursor-mut.js";
export { LinkedList } from "./frame/linked-list.js";
export { type LinkLayout, type LinkMeta, linkMeta } from "./meta/link.js";
export { META_SLOT_SMALL_SIZE } from "./slot/layout.js";
