/**
 * Claims a frame and gives it metadata: the way from UNUSED to a handle.
 *
 * @module
 */

import type { FrameMeta, MetaValue } from "../meta/frame-meta.js";
import { PageUsage } from "../meta/usage.js";
import { SlotWord } from "../slot/layout.js";
import type { FrameTable } from "./table.js";

/** The storage words that metadata of so many bytes touches. */
const wordsOf = (bytes: number): number => (bytes + 3) >>> 2;

/** Writes encoded metadata into the storage of a slot that is the caller's alone. */
export function writeStorage(
  table: FrameTable,
  slot: number,
  type: FrameMeta,
  from: Int32Array,
): void {
  const { slots } = table;
  const { words } = slots;
  const at = slots.wordOf(slot, SlotWord.storage);
  const count = wordsOf(type.layout.size);
  for (let i = 0; i < count; i += 1) words[at + i] = from[i]!;
}

/**
 * The frame of `slot`, unused until now, with a type and metadata.
 *
 * @param to - 1 or `REF_COUNT_UNIQUE`
 * @throws {@link FrameError} `unique`, `busy`, `in-use`, `overflow`, `directory-full`; what the layout throws for the value.
 * Nothing has changed then.
 */
export function build<M extends FrameMeta>(
  table: FrameTable,
  slot: number,
  type: M,
  value: MetaValue<M>,
  to: number,
): void {
  const { slots, types, scratch } = table;
  const id = types.idOf(type);
  const encoded = scratch.encode(type, value);
  const index = slots.wordOf(slot, SlotWord.count);
  const claimed = slots.claimAt(index);
  if (claimed < 0) table.refuse(slot, claimed);
  writeStorage(table, slot, type, encoded);
  const published = slots.publishAt(index, id, PageUsage[type.usage], to);
  if (published < 0) table.refuse(slot, published);
}
