/**
 * Untyped memory: frames whose bytes are for anybody to read and write.
 *
 * @see OSTD `ostd/src/mm/frame/untyped.rs`
 * @module
 */

import { PAGE_SIZE, type ViewCache } from "@memkit/core";
import { frameError } from "../frame-error.js";
import type { FrameMeta } from "../meta/frame-meta.js";
import type { MetaLayout } from "../meta/meta-layout.js";
import { hex } from "../table-error.js";
import type { FrameTable } from "./table.js";

const FrameError = /* @__PURE__ */ frameError<"type-not-bound" | "not-untyped">({
  "type-not-bound": (d) =>
    `frame ${hex(d.pfn)} has type ${d.type}, which this agent has not bound: bind it first`,
  "not-untyped": (d) => `frames of type ${d.type} are not untyped: their bytes are their owner's`,
});

/** A type of untyped memory. */
export type UntypedMeta = FrameMeta<MetaLayout, true>;

/** Bytes of a bank, as readers and writers take them. */
export interface FrameBytes {
  readonly views: ViewCache;
  readonly start: number;
  readonly len: number;
}

/**
 * The type of the frame of `slot`, which the caller holds.
 *
 * @throws {@link FrameError} `type-not-bound` if this agent does not know it
 */
export function knownType({ types, slots }: FrameTable, slot: number): FrameMeta {
  const type = types.typeAt(slot);
  if (type !== undefined) return type;
  const pfn = slots.geometry.pfnOf(slot);
  throw new FrameError({ code: "type-not-bound", pfn, type: types.idAt(slot) });
}

/**
 * The bytes of `frames` frames from `slot` on, which are in one bank.
 *
 * @throws {@link FrameError} `not-untyped`
 */
export function untypedRange(
  table: FrameTable,
  type: FrameMeta,
  slot: number,
  frames: number,
): FrameBytes {
  if (!type.isUntyped) throw new FrameError({ code: "not-untyped", type: type.name });
  const { geometry } = table.slots;
  const { views } = table.memory.banks[geometry.bankOf(slot)]!;
  return { views, start: geometry.byteOffsetOf(slot), len: frames * PAGE_SIZE };
}
