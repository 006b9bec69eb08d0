/**
 * Handles on frames that the allocator chooses.
 *
 * FM-28: who is given frames sees zeros in them, or has asked not to. They are zeroed while they are in this agent's hand:
 * nobody reads them any more, `onDrop` included, and nobody does yet.
 *
 * @see OSTD `ostd/src/mm/frame/allocator.rs`, `FrameAllocOptions`
 * @module
 */

import type { Paddr } from "@memkit/core";
import { objectOf, tableOf } from "../argument.js";
import { buildTaken } from "../frame/build.js";
import { Frame } from "../frame/frame.js";
import { Segment } from "../frame/segment.js";
import type { FrameTable } from "../frame/table.js";
import { UniqueFrame } from "../frame/unique-frame.js";
import type { FrameMeta, MetaValue } from "../meta/frame-meta.js";
import type { HolderKind } from "../model/frame-ledger.js";
import { REF_COUNT_UNIQUE } from "../ref-count.js";
import { FrameError } from "./alloc-error.js";
import type { FrameAllocator, Placement } from "./frame-allocator.js";
import { ANYWHERE } from "./placement.js";
import { zeroFrames } from "./zero.js";

/** What frames are asked for with. */
export interface AllocOptions extends Placement {
  /** Whether the frames' bytes are made 0, as OSTD does. `true` if not given: else they are what their last owner left. */
  readonly zeroed?: boolean;
}

const ZEROED: AllocOptions = Object.freeze({});

function allocatorOf(table: FrameTable): FrameAllocator {
  const allocator = table?.allocator;
  if (allocator !== undefined) return allocator;
  tableOf(table);
  throw new FrameError({ code: "no-allocator" });
}

/** Takes frames out of the free set, as asked for: in this agent's hand. @returns the first slot @internal */
export function take(table: FrameTable, frames: number, options: AllocOptions): number {
  const { align, below, zeroed = true } = objectOf("options", options);
  const placement = align === undefined && below === undefined ? ANYWHERE : options;
  const allocator = allocatorOf(table);
  const pfn = allocator.alloc(frames, placement);
  if (pfn < 0) {
    const wish = { ...(align !== undefined && { align }), ...(below !== undefined && { below }) };
    throw new FrameError({ code: "no-memory", frames, ...wish });
  }
  const slot = table.slots.geometry.slotOf(pfn);
  if (!zeroed) return slot;
  try {
    zeroFrames(table, slot, frames);
  } catch (error) {
    allocator.add(pfn, frames);
    throw error;
  }
  return slot;
}

/** One frame, with a type and metadata. @returns its slot */
function takeBuilt<M extends FrameMeta>(
  table: FrameTable,
  type: M,
  value: MetaValue<M>,
  options: AllocOptions,
  to: number,
  _kind: HolderKind,
): number {
  const slot = take(table, 1, options);
  try {
    buildTaken(table, slot, type, value, to, to === 1 ? "handle" : "unique");
  } catch (error) {
    table.allocator?.add(table.slots.geometry.pfnOf(slot));
    throw error;
  }
  return slot;
}

/**
 * A frame of the allocator's choice, with metadata: one handle.
 *
 * @throws {@link FrameError} `no-memory`, `no-allocator`, `directory-full`; `invalid-option`, for what is no table and no type too; what the layout
 * throws for the value, what `onExhausted` throws, what the source of the bank throws. Nothing has changed then.
 *
 * @example
 * ```ts
 * import { struct, u32 } from "@memkit/core";
 * import { defineFrameMeta, FrameTable } from "@memkit/frame-meta";
 * import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
 *
 * const owned = defineFrameMeta({ name: "owned", layout: struct(["owner", u32]) });
 * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(16 * 4096) } });
 * const allocator = createBuddy(table);
 * const frame = allocFrame(table, owned, { owner: 7 });
 * allocator.stats().taken; // => 1
 * frame.drop();
 * allocator.stats().taken; // => 0
 * ```
 */
export function allocFrame<M extends FrameMeta>(
  table: FrameTable,
  type: M,
  value: MetaValue<M>,
  options: AllocOptions = ZEROED,
): Frame<M> {
  const slot = takeBuilt(table, type, value, options, 1, "handle");
  return new Frame<M>(table, slot);
}

/** As {@link allocFrame}, with one exclusive owner. @throws as {@link allocFrame} */
export function allocUnique<M extends FrameMeta>(
  table: FrameTable,
  type: M,
  value: MetaValue<M>,
  options: AllocOptions = ZEROED,
): UniqueFrame<M> {
  const slot = takeBuilt(table, type, value, options, REF_COUNT_UNIQUE, "unique");
  return new UniqueFrame<M>(table, slot);
}

/**
 * Frames in a row, of the allocator's choice.
 *
 * @param frames - at least 1. They come from a block of the next power of two, whose rest stays free.
 * @param metaOf - the metadata of each frame, by address
 * @throws {@link FrameError} as {@link allocFrame}; what `metaOf` throws. Every frame is free again then.
 */
export function allocSegment<M extends FrameMeta>(
  table: FrameTable,
  frames: number,
  type: M,
  metaOf: (paddr: Paddr) => MetaValue<M>,
  options: AllocOptions = ZEROED,
): Segment<M> {
  const first = take(table, frames, options);
  return Segment.fromTaken(table, first, frames, type, metaOf);
}
