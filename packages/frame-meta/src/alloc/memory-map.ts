/**
 * What a machine says of its memory: claimed for good, so that no allocator gives it out.
 *
 * @see ACPI specification, "INT 15H, E820H - Query System Address Map"; OSTD `ReservedMemoryMeta`, `UnusableMemoryMeta`,
 * `KernelMeta`
 * @module
 */

import { type FrameRange, PAGE_SIZE, type Struct } from "@memkit/core";
import { objectOf, refuseOption } from "../argument.js";
import { Segment } from "../frame/segment.js";
import type { FrameTable } from "../frame/table.js";
import { defineFrameMeta, type FrameMeta } from "../meta/frame-meta.js";
import { NO_FIELDS } from "../meta/no-fields.js";

/** `usable`: the allocator's. `reserved`: somebody's, such as the firmware's. `bad`: of no use. `kernel`: code and data. */
export type MemoryKind = "usable" | "reserved" | "bad" | "kernel";

/** Frames of one kind. What lies in no bank is not looked at: a machine's map has devices and holes in it. */
export interface MemoryRange extends FrameRange {
  readonly kind: MemoryKind;
}

type NoFields = Struct<readonly []>;

/** The type of reserved frames. */
export const reservedMeta: FrameMeta<NoFields, false> = /* @__PURE__ */ defineFrameMeta({
  name: "reserved",
  layout: NO_FIELDS,
  usage: "Reserved",
});
/** The type of bad frames. */
export const unusableMeta: FrameMeta<NoFields, false> = /* @__PURE__ */ defineFrameMeta({
  name: "unusable",
  layout: NO_FIELDS,
  usage: "Reserved",
});
/** The type of frames of a kernel. */
export const kernelMeta: FrameMeta<NoFields, false> = /* @__PURE__ */ defineFrameMeta({
  name: "kernel",
  layout: NO_FIELDS,
  usage: "Kernel",
});

const TYPES: Readonly<Record<MemoryKind, FrameMeta<NoFields, false> | undefined>> = {
  usable: undefined,
  reserved: reservedMeta,
  bad: unusableMeta,
  kernel: kernelMeta,
};

const nothing = (): object => ({});

/**
 * Claims what is not usable, by range and bank.
 *
 * @returns a segment for each, in the order of the map
 * @throws {@link FrameError} `invalid-option` for what is no range; `in-use` and its like where a frame is somebody's, as by another
 * range of the map. Nothing has changed then.
 */
export function claimMap(table: FrameTable, map: readonly MemoryRange[]): Segment[] {
  if (!Array.isArray(map)) refuseOption("map", map);
  const claimed: Segment[] = [];
  try {
    for (const range of map) {
      const { firstPfn, frames, kind } = objectOf<MemoryRange>("map", range);
      const isRange = Number.isSafeInteger(firstPfn) && Number.isSafeInteger(frames);
      const end = isRange && firstPfn >= 0 && frames >= 1 ? firstPfn + frames : Number.NaN;
      if (!(Number.isSafeInteger(end) && Object.hasOwn(TYPES, kind))) {
        const got = `${kind} ${firstPfn} + ${frames}`;
        refuseOption("map", got);
      }
      const type = TYPES[kind];
      if (type === undefined) continue;
      for (const bank of table.memory.banks) {
        const from = Math.max(firstPfn, bank.firstPfn);
        const to = Math.min(end, bank.firstPfn + bank.frames);
        if (from >= to) continue;
        const [start, stop] = [from * PAGE_SIZE, to * PAGE_SIZE];
        claimed.push(Segment.fromUnused(table, start, stop, type, nothing));
      }
    }
  } catch (error) {
    for (const segment of claimed) segment.drop();
    throw error;
  }
  return claimed;
}
