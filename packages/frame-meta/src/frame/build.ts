/**
 * Claims a frame and gives it metadata: the way from UNUSED to a handle.
 *
 * @module
 */

import { FrameError } from "../frame-error.js";
import type { FrameMeta, MetaValue } from "../meta/frame-meta.js";
import { PageUsage } from "../meta/usage.js";
import type { HolderKind } from "../model/frame-ledger.js";
import { REF_COUNT_BUSY, REF_COUNT_UNUSED, Refusal, refusalOf } from "../ref-count.js";
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
 * @param kind - what holds it then, in the ledger
 * @throws {@link FrameError} `unique`, `busy`, `in-use`, `overflow`, `directory-full`, `no-allocator`; what the layout throws for
 * the value. Nothing has changed then.
 */
export function build<M extends FrameMeta>(
  table: FrameTable,
  slot: number,
  type: M,
  value: MetaValue<M>,
  to: number,
  kind: HolderKind,
): void {
  const id = table.types.idOf(type);
  const encoded = table.scratch.encode(type, value);
  table.pin();
  try {
    claimUnused(table, slot);
    publish(table, slot, type, id, encoded, to);
    table.ledger?.acquire(slot, kind);
  } finally {
    table.unpin();
  }
}

/** {@link build} of a frame that the caller has taken out of the free set, and has still if this throws. */
export function buildTaken<M extends FrameMeta>(
  table: FrameTable,
  slot: number,
  type: M,
  value: MetaValue<M>,
  to: number,
  kind: HolderKind,
): void {
  const id = table.types.idOf(type);
  buildEncoded(table, slot, type, id, table.scratch.encode(type, value), to, kind);
}

/** {@link buildTaken} of metadata that is encoded already, of the type with number `id`. */
export function buildEncoded(
  table: FrameTable,
  slot: number,
  type: FrameMeta,
  id: number,
  encoded: Int32Array,
  to: number,
  kind: HolderKind,
): void {
  table.pin();
  try {
    claimTaken(table, slot);
    publish(table, slot, type, id, encoded, to);
    table.ledger?.acquire(slot, kind);
  } finally {
    table.unpin();
  }
}

function publish(
  table: FrameTable,
  slot: number,
  type: FrameMeta,
  id: number,
  encoded: Int32Array,
  to: number,
): void {
  const { slots } = table;
  writeStorage(table, slot, type, encoded);
  const index = slots.wordOf(slot, SlotWord.count);
  const published = slots.publishAt(index, id, PageUsage[type.usage], to);
  if (published < 0) table.refuse(slot, published);
}

/** UNUSED to BUSY, by address: where there is an allocator the frame is taken out of its free set first. */
function claimUnused(table: FrameTable, slot: number): void {
  const { slots, allocator } = table;
  const index = slots.wordOf(slot, SlotWord.count);
  if (allocator === undefined) {
    if (table.lacksAllocator) throw new FrameError({ code: "no-allocator" });
    const claimed = slots.claimAt(index);
    if (claimed < 0) table.refuse(slot, claimed);
    return;
  }
  if (!allocator.takeAt(slots.geometry.pfnOf(slot))) {
    const count = slots.load(index);
    if (count > 0) table.refuse(slot, Refusal.inUse);
    // Unused, and not free: in the hand of somebody who is about to claim it, or has just freed it.
    table.refuse(slot, count === REF_COUNT_UNUSED ? Refusal.busy : refusalOf(count));
  }
  claimTaken(table, slot);
}

/**
 * UNUSED to BUSY, of a frame in this agent's hand. FM-26: who freed it may have to make it UNUSED yet, and nobody else can claim
 * it, so it is waited for.
 */
function claimTaken(table: FrameTable, slot: number): void {
  const { slots } = table;
  const index = slots.wordOf(slot, SlotWord.count);
  for (;;) {
    const claimed = slots.claimAt(index);
    if (claimed >= 0) return;
    if (claimed !== Refusal.busy || slots.mode === "single") table.refuse(slot, claimed);
    table.park(index, REF_COUNT_BUSY);
  }
}
