/**
 * `handleFault`: what a kernel does about a fault on a page that a fork has shared.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn } from "@memkit/core/address";
import type { Frame, FrameTable } from "@memkit/frame-meta";
import { allocFrame } from "@memkit/frame-meta/alloc";
import { checkObject, refuseArgument } from "../argument.js";
import type { CursorMut } from "../cursor/cursor-mut.js";
import { READ, USER, WRITE } from "../format/property.js";
import { hex, pageTableError } from "../page-table-error.js";
import { hiOf, loOf, type VirtualAddress } from "../virtual-address.js";
import { type AccessKind, kindOfAccess } from "../walk/access.js";
import { COPY_ON_WRITE } from "./fork.js";
import type { PageTable } from "./page-table.js";
import type { Item } from "./references.js";
import { TableError } from "./table-error.js";

const FaultError = /* @__PURE__ */ pageTableError<"cannot-copy">({
  "cannot-copy": (d) =>
    `frame ${hex(d.pfn)} of type "${d.type}" has metadata, so a copy of it is for you to make: give "copy"`,
});

/** How a fault is handled. */
export interface FaultOptions {
  /**
   * A new frame with what `frame` holds, for one of two tables that share it, which nobody else has; `frame` ends after the call. If
   * not given, a frame of the same type with the same bytes, which works for types without metadata.
   */
  readonly copy?: (frame: Frame) => Frame;
  /** Takes what the page was mapped to before it was copied: for who keeps it until translations are flushed. Default: drops it. */
  readonly release?: (item: Item) => void;
}

const dropItem = (item: Item): void => item.drop();

/**
 * `resolved`: the access may be tried again. `not-mapped` and `denied` are for the program to hear of: nothing is there, or what is there
 * has not that right, also when it is copied.
 */
export type FaultOutcome = "resolved" | "not-mapped" | "denied";

/**
 * Resolves a fault of an access of the user at `va`, if the table can: in a table that has been forked a page that is copied on write is
 * copied, or made writable where nobody else has it any more. A huge one is split first, and one page of it copied. Flush the page's
 * translation afterwards. Accessed and dirty bits are the processor's to set: of one that faults for them it knows nothing.
 *
 * @throws {@link PageTableError} `invalid-access`, `invalid-vaddr`, `invalid-range`, `cursor-deadlock`; `cannot-copy`; `invalid-argument`; it and
 * `unfit-item` where `copy` gives no frame, or one that somebody else has, too; `FrameError` `no-memory`; what `copy` throws.
 * Nothing has changed then. What `release` throws: then the page is copied.
 */
export function handleFault(
  table: PageTable,
  va: VirtualAddress,
  access: AccessKind,
  options: FaultOptions = {},
): FaultOutcome {
  checkObject("table", table, "a PageTable", "cursorMutOfAll");
  checkObject("set of options", options, "{ copy, release }");
  const { copy = copyFrame, release = dropItem } = options;
  for (const hook of [copy, release]) {
    if (typeof hook !== "function") refuseArgument("hook", hook, "(frame) => another");
  }
  const need = (READ << kindOfAccess(access)) | USER;
  const page = [hiOf(va), loOf(va) & -PAGE_SIZE] as const;
  const cursor = table.cursorMut(page, 1);
  try {
    if (cursor.query() === 0) return "not-mapped";
    const { prop } = cursor;
    if ((prop & need) === need) return "resolved"; // by somebody else, or a translation was out of date
    const own = (prop & ~COPY_ON_WRITE) | WRITE;
    const marked = (prop & COPY_ON_WRITE) !== 0 && cursor.tracked && table.forked;
    if (!(marked && (own & need) === need && table.config.format.supports(own, 1))) return "denied";
    if (table.frames.slots.countOf(cursor.pfn) === 1) {
      cursor.protectNext(1, WRITE, COPY_ON_WRITE);
      return "resolved";
    }
    // Before a huge page is split: there may be no frame for the copy.
    const copied = copyOf(cursor, copy);
    let old: Item | undefined;
    try {
      if (cursor.foundLevel > 1) {
        cursor.protectNext(1, 0, 0);
        cursor.jump(page);
      }
      old = cursor.replace(copied, own).item;
    } catch (error) {
      if (!copied.dropped) copied.drop();
      throw error;
    }
    if (old !== undefined) release(old);
    return "resolved";
  } finally {
    cursor.close();
  }
}

/** A copy of the page at the position, which nobody else has. */
function copyOf(cursor: CursorMut, copy: (frame: Frame) => Frame): Frame {
  const frame = cursor.queryFrame()!;
  try {
    const copied = copy(frame);
    checkObject("copy", copied, "a new frame", "tryAs", "drop");
    const { table } = frame;
    const pfn = copied.paddr / PAGE_SIZE; // of a segment none
    if (copied.table !== table || !(pfn >= 0) || table.slots.countOf(pfn) !== 1) {
      if (copied !== frame) copied.drop();
      const what = "a copy is a frame of the same table of frames, and nobody else has it yet";
      throw new TableError({ code: "unfit-item", what });
    }
    return copied;
  } finally {
    if (!frame.dropped) frame.drop();
  }
}

function copyFrame(frame: Frame): Frame {
  const { table, type } = frame;
  const pfn = frame.paddr / PAGE_SIZE;
  if (type.layout.size > 0) throw new FaultError({ code: "cannot-copy", pfn, type: type.name });
  const copied = allocFrame(table, type, {}, { zeroed: false });
  bytesOf(table, copied.paddr / PAGE_SIZE).set(bytesOf(table, pfn));
  return copied;
}

function bytesOf({ memory }: FrameTable, pfn: number): Uint8Array {
  const start = memory.byteOffsetOf(pfn as Pfn);
  const { views } = memory.banks[memory.bankIndexOf(pfn as Pfn)]!;
  return views.liveU8.subarray(start, start + PAGE_SIZE);
}
