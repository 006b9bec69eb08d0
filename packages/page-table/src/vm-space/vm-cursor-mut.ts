/**
 * `VmCursorMut`: a cursor that flushes what it changes, and keeps what it removes until every cache has forgotten it.
 *
 * PT-44: what an address space unmaps or replaces is let go of when every processor of the log has flushed its translation, and not
 * before; a cache that has a stale one therefore leads to a frame that is still counted.
 *
 * @see OSTD `mm/vm_space.rs`, `CursorMut`
 * @module
 */

import { PAGE_SIZE } from "@memkit/core/address";
import type { FrameTable } from "@memkit/frame-meta";
import type { Segment } from "@memkit/frame-meta/segment";
import { checkObject, refuseArgument } from "../argument.js";
import type { Cursor } from "../cursor/cursor.js";
import type { CursorMut } from "../cursor/cursor-mut.js";
import type { TakenItem } from "../cursor/taken.js";
import { GLOBAL } from "../format/property.js";
import type { Item } from "../table/references.js";
import { hiOf, loOf } from "../virtual-address.js";
import { checkFrames, IoMem } from "./io-mem.js";
import { Owed } from "./owed.js";
import type { VmSpace } from "./vm-space.js";
import { VmSpaceError } from "./vm-space-error.js";

/** Proves that it is a number, which the cursor looks at. @throws {@link PageTableError} `invalid-argument` */
export function checkFlags(prop: number): void {
  if (typeof prop !== "number") refuseArgument("property", prop, "what pageProperty returns");
}

/** Proves that a page is no other address space's: a flush of this one would leave it in the caches, and its frame would go (PT-44). */
export function checkLocal(prop: number): void {
  checkFlags(prop);
  if ((prop & GLOBAL) !== 0) throw new VmSpaceError({ code: "global-page", prop });
}

/** Proves that it is something to map. @throws {@link PageTableError} `invalid-argument` */
export function checkItem(item: Item): void {
  checkObject("item", item, "a Frame or a Segment", "drop");
}

/**
 * Proves that it is a device, and one of the memory that the frames are of: elsewhere its frames may be anything.
 *
 * @throws {@link PageTableError} `invalid-argument`, `invalid-io-memory`
 */
export function checkDevice(io: IoMem, { memory }: FrameTable): void {
  if (!(io instanceof IoMem)) refuseArgument("device", io, "an IoMem");
  checkFrames(memory, io.firstPfn, io.frames);
}

/**
 * The pages of a device that `len` bytes from `offset` on are; to its end if no length is given.
 *
 * @throws {@link PageTableError} `invalid-io-memory`
 */
export function ioPages(
  io: IoMem,
  offset: number,
  len: number | undefined,
): { readonly first: number; readonly pages: number } {
  // Of what is no number there is no remainder, either.
  const first = Number.isInteger(offset) ? offset / PAGE_SIZE : Number.NaN;
  const bytes = len ?? io.size - first * PAGE_SIZE;
  const pages = Number.isInteger(bytes) ? bytes / PAGE_SIZE : Number.NaN;
  const whole = Number.isInteger(first) && Number.isInteger(pages) && first >= 0 && pages >= 1;
  if (!whole || first + pages > io.frames) {
    throw new VmSpaceError({ code: "invalid-io-memory", pfn: io.firstPfn + first, frames: pages });
  }
  return { first, pages };
}

/** Made by `VmSpace.cursorMut`. */
export class VmCursorMut {
  private readonly space: VmSpace;
  private readonly cursor: CursorMut;

  /** @internal */
  constructor(space: VmSpace, cursor: CursorMut) {
    this.space = space;
    this.cursor = cursor;
  }

  /** The position: to look and to move. */
  get at(): Cursor {
    return this.cursor;
  }

  /**
   * Maps a frame or a segment that is one page at the position. Nothing is flushed: only translations are cached, not holes.
   *
   * @throws as `CursorMut.map`; {@link PageTableError} `global-page`, `invalid-argument`
   */
  map(item: Item, prop: number): void {
    checkLocal(prop);
    checkItem(item);
    this.cursor.map(item, prop);
  }

  /** Maps a segment of any length at the position, with the largest pages that fit. @throws as `PageTable.mapSegment`; `global-page` */
  mapSegment(segment: Segment, prop: number, maxLevel?: number): void {
    checkLocal(prop);
    checkItem(segment);
    this.cursor.mapSegment(segment, prop, maxLevel);
  }

  /** Maps `pages` untracked pages from frame `pfn` on at the position. @throws as `PageTable.mapRange`; `global-page` */
  mapRun(pfn: number, pages: number, prop: number, maxLevel?: number): void {
    checkLocal(prop);
    this.cursor.mapRun(pfn, pages, prop, maxLevel);
  }

  /**
   * Maps a device's memory at the position. The address space keeps `io` until it is dropped.
   *
   * @param offset - Of the first byte in `io`
   * @param len - Bytes; to the end of `io` if not given
   * @throws {@link PageTableError} `invalid-io-memory` unless both are multiples of 4096 and inside of `io`, and `io` is a device of the
   * memory that the space is in, too; `global-page`; `invalid-argument`: no device; as `PageTable.mapRange`. Nothing is mapped then.
   */
  mapIoMem(io: IoMem, prop: number, offset = 0, len?: number): void {
    checkDevice(io, this.space.cpu.frames);
    const { first, pages } = ioPages(io, offset, len);
    checkLocal(prop);
    this.cursor.mapRun(io.firstPfn + first, pages, prop);
    this.space.keepIoMem(io);
  }

  /**
   * Removes whatever is mapped in `pages` pages from the position on, and moves past them.
   *
   * @returns base pages that were mapped
   * @throws {@link PageTableError} `out-of-range`; `FrameError` `no-memory` for a split: what was removed before it stays so;
   * `release-failed`: all is removed, and frames whose type refuses to let them go are kept, see `VmCpu.poll`
   */
  unmap(pages: number): number {
    const { cursor, space } = this;
    const { flusher } = space.cpu;
    let removed = 0;
    // Of no number of pages the first `takeNext` says so.
    const rest = Number.isInteger(pages) ? cursor.remaining - pages : 0;
    try {
      for (let taken = cursor.takeNext(pages); taken !== undefined; ) {
        this.issue(taken.va, taken.pages);
        if (taken.kind === "stray") {
          removed += taken.mapped;
          flusher.keep(new Owed(space.cpu.frames, taken));
        } else {
          removed += taken.pages;
          if (taken.item !== undefined) flusher.keep(taken.item);
        }
        const left = cursor.remaining - rest;
        taken = left > 0 ? cursor.takeNext(left) : undefined;
      }
    } catch (error) {
      flusher.settle();
      throw error;
    }
    flusher.dispatch();
    flusher.collect(false);
    return removed;
  }

  /**
   * Sets and clears flags of the next mapping, as `CursorMut.protectNext`. It is flushed when the cursor is closed, or by
   * {@link VmCursorMut.dispatch}.
   *
   * @returns the level of what was changed; 0 for nothing
   * @throws as `CursorMut.protectNext`; {@link PageTableError} `global-page`, `invalid-argument`
   */
  protectNext(pages: number, set: number, clear: number): number {
    checkLocal(set);
    checkFlags(clear);
    const { cursor } = this;
    const level = cursor.protectNext(pages, set, clear);
    if (level > 0) {
      const size = 512 ** (level - 1);
      this.issue(cursor.va - BigInt(size * PAGE_SIZE), size);
    }
    return level;
  }

  /**
   * Maps another item of the same size in place of the one at the position, which is kept until it is flushed.
   *
   * @throws as `CursorMut.replace`; {@link PageTableError} `global-page`, `invalid-argument`
   */
  replace(item: Item, prop: number): Omit<TakenItem, "item"> {
    checkLocal(prop);
    checkItem(item);
    const { item: old, ...taken } = this.cursor.replace(item, prop);
    this.issue(taken.va, taken.pages);
    if (old !== undefined) this.space.cpu.flusher.keep(old);
    return taken;
  }

  /** Sends what is to be flushed now, instead of when the cursor is closed. */
  dispatch(): void {
    this.space.cpu.flusher.settle();
  }

  /** Ends the cursor, and sends what is to be flushed. Does nothing the second time. What then refuses to go `VmCpu.poll` tells. */
  close(): void {
    this.cursor.close();
    this.dispatch();
  }

  /** {@link VmCursorMut.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  private issue(va: bigint, pages: number): void {
    const { cpu, asid } = this.space;
    cpu.flusher.issue(hiOf(va), loOf(va), pages, asid);
  }
}
