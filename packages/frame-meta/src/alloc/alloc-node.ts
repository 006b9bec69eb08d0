/**
 * Frames for page-table nodes, without handles.
 *
 * A node's reference is the entry that leads to it. To make a handle of each, whose metadata is an object to be encoded, and to end the
 * handle at once is two thirds of what making a node takes.
 *
 * @see OSTD `ostd/src/mm/page_table/node/mod.rs`, `PageTableNode::alloc`, `into_raw`
 * @module
 */

import type { Pfn } from "@memkit/core";
import { tableOf } from "../argument.js";
import { buildEncoded } from "../frame/build.js";
import type { FrameTable } from "../frame/table.js";
import type { FrameMeta } from "../meta/frame-meta.js";
import { firstWord, type storedPageTablePageMeta } from "../meta/pt-node.js";
import { type AllocOptions, take } from "./alloc-frame.js";

const ZEROED: AllocOptions = /* @__PURE__ */ Object.freeze({});
const NOT_ZEROED: AllocOptions = /* @__PURE__ */ Object.freeze({ zeroed: false });
/** Encoded metadata, from one line to the next. */
const encoded = /* @__PURE__ */ new Int32Array(2);

/**
 * A frame of the allocator's choice that is a page-table node without children. Its one reference is the caller's to put into an entry:
 * for a ledger it is a `path`.
 *
 * @param level - 0..255
 * @param lock - a u32
 * @param zeroed - `false` for who writes all of the frame
 * @throws {@link FrameError} as `allocFrame`, `invalid-option` for what is no table or no type too; `CoreError` `value-out-of-range`. Nothing has changed then.
 *
 * @example
 * ```ts
 * import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
 * import { createBuddy } from "@memkit/frame-meta/alloc";
 * import { allocNode, storedPageTablePageMeta } from "@memkit/frame-meta/pt-node";
 *
 * const node = defineFrameMeta({ name: "node", layout: storedPageTablePageMeta, usage: "PageTable" });
 * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(16 * 4096) } });
 * createBuddy(table);
 * const pfn = allocNode(table, node, 1, false, 0);
 * table.slots.countOf(pfn); // => 1
 * Frame.fromInUse(table, pfn * 4096).tryAs(node)?.meta.level; // => 1
 * ```
 */
export function allocNode(
  table: FrameTable,
  type: FrameMeta<typeof storedPageTablePageMeta, false>,
  level: number,
  stray: boolean,
  lock: number,
  zeroed = true,
): Pfn {
  tableOf(table);
  const id = table.types.idOf(type);
  const word = firstWord(level, stray, lock);
  const slot = take(table, 1, zeroed ? ZEROED : NOT_ZEROED);
  encoded[0] = word; // from here on no code of anybody else's runs
  encoded[1] = lock;
  const pfn = table.slots.geometry.pfnOf(slot);
  try {
    buildEncoded(table, slot, type, id, encoded, 1, "path");
  } catch (error) {
    table.allocator?.add(pfn);
    throw error;
  }
  return pfn as Pfn;
}
