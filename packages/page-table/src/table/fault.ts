/**
 * `handleFault`: what a kernel does about a fault on a page that a fork has shared.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn } from "@memkit/core/address";
import type { Frame, FrameTable } from "@memkit/frame-meta";
import { allocFrame } from "@memkit/frame-meta/alloc";
import type { CursorMut } from "../cursor/cursor-mut.js";
import { READ, WRITE } from "../format/property.js";
import { hex, pageTableError } from "../page-table-error.js";
import type { VirtualAddress } from "../virtual-address.js";
import { type AccessKind, kindOfAccess } from "../walk/access.js";
import { COPY_ON_WRITE } from "./fork.js";
import type { PageTable } from "./page-table.js";
import type { Item } from "./references.js";

const FaultError = /* @__PURE__ */ pageTableError<"cannot-copy">({
  "cannot-copy": (d) =>
    `frame ${hex(d.pfn)} of type "${d.type}" has metadata, so a copy of it is for you to make: give "copy"`,
});

/** How a fault is handled. */
export interface FaultOptions {
  /**
   * A new frame with what `frame` holds, for one of two tables that share it; `frame` ends after the call. If not given, a frame
   * of the same type with the same bytes, which works for types without metadata.
   */
  readonly copy?: (frame: Frame) => Frame;
  /** Takes what the page was mapped to before it was copied: for who keeps it until translations are flushed. Default: drops it. */
  readonly release?: (item: Item) => void;
}

const dropItem = (item: Item): void => item.drop();

/** `resolved`: the access may be tried again. `not-mapped` and `denied` are for the program to hear of. */
export type FaultOutcome = "resolved" | "not-mapped" | "denied";

/**
 * Resolves a fault of an access of the user at `va`, if the table can: a page that is copied on write is copied, or made writable
 * where nobody else has it any more. A huge one is split first, and one page of it copied. Flush the page's translation afterwards.
 *
 * @throws {@link PageTableError} `invalid-access`, `invalid-vaddr`, `invalid-range`, `cursor-deadlock`; `cannot-copy`; `FrameError` `no-memory`; what
 * `copy` throws. Nothing has changed then.
 */
export function handleFault(
  table: PageTable,
  va: VirtualAddress,
  access: AccessKind,
  { copy = copyFrame, release = dropItem }: FaultOptions = {},
): FaultOutcome {
  const need = READ << kindOfAccess(access);
  const page = typeof va === "bigint" ? va - (va & 4095n) : va - (va % PAGE_SIZE);
  const cursor = table.cursorMut(page, 1);
  try {
    if (cursor.query() === 0) return "not-mapped";
    if ((cursor.prop & need) !== 0) return "resolved"; // by somebody else, or a translation was out of date
    if (access !== "write" || (cursor.prop & COPY_ON_WRITE) === 0) return "denied";
    if (cursor.foundLevel > 1) {
      cursor.protectNext(1, 0, 0); // splits it
      cursor.jump(page);
      cursor.query();
    }
    own(table, cursor, copy, release);
    return "resolved";
  } finally {
    cursor.close();
  }
}

/** Gives the page at the position a frame of its own. */
function own(
  table: PageTable,
  cursor: CursorMut,
  copy: (frame: Frame) => Frame,
  release: (item: Item) => void,
): void {
  if (table.frames.slots.countOf(cursor.pfn) === 1) {
    cursor.protectNext(1, WRITE, COPY_ON_WRITE);
    return;
  }
  const frame = cursor.queryFrame()!;
  try {
    const copied = copy(frame);
    try {
      const old = cursor.replace(copied, (cursor.prop & ~COPY_ON_WRITE) | WRITE);
      if (old.item !== undefined) release(old.item);
    } catch (error) {
      if (!copied.dropped) copied.drop();
      throw error;
    }
  } finally {
    frame.drop();
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
