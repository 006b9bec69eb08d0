/**
 * `PageTable`: a root, what is below it, and who is at work on which part of it.
 *
 * @see OSTD `ostd/src/mm/page_table/mod.rs`
 * @module
 */

import { CoreError, type Droppable } from "@memkit/core";
import { PAGE_SIZE, type Pfn } from "@memkit/core/address";
import type { Frame, FrameTable } from "@memkit/frame-meta";
import type { Segment } from "@memkit/frame-meta/segment";
import { checkObject, refuseArgument } from "../argument.js";
import { Cursor } from "../cursor/cursor.js";
import type { CursorMut } from "../cursor/cursor-mut.js";
import { checkMade, type PageTableConfig, refuseIndexRange, vaddrRange } from "../format/config.js";
import { refuseFormat } from "../format/other-format.js";
import { AVAIL1 } from "../format/property.js";
import { offsetOf, type VirtualAddress, vpnOf, wholeOf } from "../virtual-address.js";
import { LEAF, PAGES } from "./entry-coder.js";
import { shareRoot } from "./kernel-half.js";
import { Descent, type Locks } from "./locks.js";
import { FORKED_WORD } from "./node-memory.js";
import type { NodeFrame, NodeStore, PageTablePageMeta } from "./node-store.js";
import { nodeMetaOf, nodeStoreOf, writerFor } from "./stores.js";
import { TableError } from "./table-error.js";

/** What {@link PageTable.translate} has found. */
export interface Translation {
  /** The frame of the page; of a huge one's, the one that this page of it is in. */
  readonly pfn: Pfn;
  /** The address within that frame, 0..4095. */
  readonly offset: number;
  /** The level of the page it is mapped by. */
  readonly level: number;
  readonly prop: number;
  /** Whether the mapping holds its frame. */
  readonly tracked: boolean;
}

/**
 * A page table of configuration `C`. Made by {@link PageTable.create}, {@link PageTable.createUser}, `fork`, or of somebody else's root by
 * `attachTable` and `adoptTable` of `/shared`.
 */
export class PageTable<C extends PageTableConfig = PageTableConfig> implements Droppable {
  readonly config: C;
  readonly frames: FrameTable;
  /** The frame of the root. */
  readonly rootPfn: Pfn;
  /** The first page of the table's share of the address space, as a page number of 0..2^52-1. */
  readonly firstVpn: number;
  /** Pages of that share. */
  readonly pages: number;
  /** @internal */
  readonly store: NodeStore;
  /** What a page number is less the table's own number of the page, which counts from the root's first entry. @internal */
  readonly baseVpn: number;
  /** @internal */
  readonly locks: Locks;
  private readonly Writer: typeof CursorMut;
  private readonly handle: NodeFrame<C>;
  /** The root whose upper half this one shares. @internal */
  readonly shared: Frame | undefined;

  /** Caller has proved that the handle is one on a root of this configuration. @internal */
  constructor(store: NodeStore, config: C, handle: NodeFrame<C>, shared?: Frame) {
    const [first, last] = vaddrRange(config);
    const { vaBits } = config.format.paging;
    this.config = config;
    this.frames = store.frames;
    this.store = store;
    this.locks = store.locks;
    this.Writer = writerFor(store.frames);
    this.handle = handle;
    this.shared = shared;
    this.rootPfn = (handle.paddr / PAGE_SIZE) as Pfn;
    this.firstVpn = Number(first >> 12n);
    this.pages = Number(last >> 12n) - this.firstVpn + 1;
    const upper = this.firstVpn >= 2 ** 51;
    this.baseVpn = upper ? 2 ** 52 - 2 ** (vaBits - 12) : 0;
  }

  /**
   * A table in which nothing is mapped. Of a configuration whose top tables are shared (`topLevelCanUnmap` is false) it has all
   * of them already, so that every user table made from it sees what is mapped later.
   *
   * @throws {@link PageTableError} `unsupported-memory`, also where agents share the frames and this one has not called `shareTables` of
   * `/shared`; `invalid-argument`; `FrameError` `no-memory`, `no-allocator`: nothing has changed then. What makes a table later, to map or
   * to split, has `unsupported-memory` beside `no-memory`: the allocator's frame is one that the format's entries cannot name.
   *
   * @example
   * ```ts
   * import { FrameTable, unitMeta } from "@memkit/frame-meta";
   * import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
   * import { pageProperty, READ, USER, userConfig, x86Format } from "@memkit/page-table/format";
   * import { PageTable } from "@memkit/page-table/table";
   *
   * const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(32 * 4096) } });
   * createBuddy(frames);
   * const table = PageTable.create(frames, userConfig(x86Format()));
   * const cursor = table.cursorMut(0x40_0000, 16);
   * cursor.map(allocFrame(frames, unitMeta, {}), pageProperty(READ | USER));
   * cursor.jump(0x40_0000);
   * cursor.query(); // => 1
   * cursor.close();
   * cursor.prop; // => READ | USER
   * table.drop();
   * ```
   */
  static create<C extends PageTableConfig>(frames: FrameTable, config: C): PageTable<C> {
    return PageTable.withRoot(nodeStoreOf(frames, config), config).finished();
  }

  /** A root with nothing below it, which `finish` of its store makes a table. @internal */
  static withRoot<C extends PageTableConfig>(
    store: NodeStore,
    config: C,
    shared?: Frame,
  ): PageTable<C> {
    const pfn = store.alloc(store.levels, true, true);
    const { slots } = store.frames;
    slots.words[slots.wordOf(slots.geometry.slotOf(pfn), FORKED_WORD)] = 0; // of what was in the frame before
    const handle = store.references.giveFrame(pfn).tryAs(nodeMetaOf(config));
    return new PageTable<C>(store, config, handle as NodeFrame<C>, shared);
  }

  /** What was a root becomes a table, with the top tables that are there to stay; where they fail it is dropped. */
  private finished(): this {
    if (!this.config.topLevelCanUnmap) {
      try {
        this.fillTop();
      } catch (error) {
        this.drop();
        throw error;
      }
    }
    this.store.finish(this.rootPfn);
    return this;
  }

  /** One table below each of the root's entries. */
  private fillTop(): void {
    const { store, rootPfn } = this;
    const { memory, levels } = store;
    for (let i = store.firstEntry(levels); i < store.endEntry(levels); i += 1) {
      const child = store.alloc(levels - 1);
      memory.locate(rootPfn, levels);
      store.link(memory.words, memory.base + 2 * i, memory.meta, child);
      store.count(memory.meta, 1);
      store.locks.release(child);
    }
  }

  /**
   * A user's table that shares this kernel's half: its root has the kernel's entries, which it neither counts nor owns. This
   * table's root lives as long as one of them does. Where the kernel has a root of its own (AArch64) there is nothing to share.
   *
   * @throws {@link PageTableError} `invalid-index-range` where the user's entries are not all others than the kernel's; `other-format`;
   * `invalid-argument` also where this table's top tables may go (`topLevelCanUnmap`), or some of its entries are another's;
   * `unsupported-memory`; `FrameError` `no-memory`, `count-at-max`; `CoreError` `used-after-drop`. Nothing has changed then.
   */
  createUser<U extends PageTableConfig>(config: U): PageTable<U> {
    checkMade(config);
    const [first, last] = config.topLevelIndexRange;
    const [mineFirst, mineLast] = this.config.topLevelIndexRange;
    const sameRoot = shareRoot(config, this.config);
    const { format } = this.config;
    if (config.format !== format) refuseFormat(format, config.format);
    if (sameRoot && first <= mineLast && mineFirst <= last) {
      refuseIndexRange(first, last);
    }
    if (sameRoot && (this.config.topLevelCanUnmap || this.shared !== undefined)) {
      const wanted = "a table whose topLevelCanUnmap is false, with no entries of another's";
      refuseArgument("kernel's table", this.config.name, wanted);
    }
    this.live();
    const store = nodeStoreOf(this.frames, config);
    if (!sameRoot) return PageTable.withRoot(store, config).finished();
    const shared = this.handle.clone();
    try {
      const table = PageTable.withRoot(store, config, shared);
      const { memory, levels } = store;
      memory.locate(this.rootPfn, levels);
      const { words, base } = memory;
      memory.locate(table.rootPfn, levels);
      for (let at = 2 * mineFirst; at < 2 * mineLast + 2; at += 1) {
        memory.words[memory.base + at] = words[base + at]!;
      }
      return table.finished();
    } catch (error) {
      if (!shared.dropped) shared.drop();
      throw error;
    }
  }

  /**
   * Whether the table has been forked, or came of a fork, in whichever agent: then AVAIL2 of a tracked mapping is the mark of `/fork`
   * (PT-41). Without a cursor of the table it is a hint.
   */
  get forked(): boolean {
    const { slots } = this.frames;
    return slots.words[slots.wordOf(slots.geometry.slotOf(this.rootPfn), FORKED_WORD)] === 1;
  }

  /** One more handle on the root: OSTD's `shallow_copy`. @throws `CoreError` `used-after-drop`; `FrameError` `count-at-max` */
  root(): Frame<PageTablePageMeta<C>> {
    return this.handle.clone();
  }

  /**
   * Opens a cursor that reads, on `pages` pages from `va` on. Close it: until then no other cursor has any of the pages.
   *
   * @throws {@link PageTableError} `invalid-vaddr`, `unaligned`, `invalid-range`, `cursor-deadlock`, `corrupt-table`; `CoreError`
   * `used-after-drop`; what `onWait` of `shareTables` throws. Nothing is opened then.
   */
  cursor(va: VirtualAddress, pages: number): Cursor {
    const start = this.claim(va, pages);
    return this.opened(new Cursor(this, start, start + pages), false);
  }

  /** As {@link PageTable.cursor}, of a cursor that also writes. @throws as that */
  cursorMut(va: VirtualAddress, pages: number): CursorMut {
    return this.writing(va, pages, true);
  }

  private writing(va: VirtualAddress, pages: number, create: boolean): CursorMut {
    const start = this.claim(va, pages);
    return this.opened(new this.Writer(this, start, start + pages), create);
  }

  private opened<T extends Cursor>(cursor: T, create: boolean): T {
    this.locks.open(cursor, create);
    return cursor;
  }

  /** Cursors of this agent that are open below this root, on whatever table of it. @internal */
  get open(): Cursor[] {
    return this.locks.cursors.filter(({ table }) => table.rootPfn === this.rootPfn);
  }

  /** A cursor that writes on the whole of the table's share. @throws as {@link PageTable.cursor} */
  cursorMutOfAll(): CursorMut {
    return this.cursorMut(this.vaOf(this.firstVpn - this.baseVpn), this.pages);
  }

  /**
   * Maps `pages` untracked pages from frame `pfn` on, with the largest pages that fit.
   *
   * @param maxLevel - The largest page's level; the format's largest if not given
   * @throws {@link PageTableError} as {@link PageTable.cursor}; `already-mapped`, `invalid-pfn`, `invalid-level`, `unrepresentable`,
   * `unsupported-memory`; `FrameError` `no-memory`. Nothing is mapped then.
   */
  mapRange(
    va: VirtualAddress,
    pages: number,
    pfn: number,
    prop: number,
    maxLevel: number = this.store.levels,
  ): void {
    this.with(va, pages, true, (cursor) => cursor.mapRun(pfn, pages, prop, maxLevel));
  }

  /** As {@link PageTable.mapRange}, of a segment, which ends if this succeeds. @throws `unfit-item` */
  mapSegment(
    va: VirtualAddress,
    segment: Segment,
    prop: number,
    maxLevel: number = this.store.levels,
  ): void {
    checkObject("item", segment, "a Segment", "drop");
    this.with(va, segment.frames, true, (cursor) => cursor.mapSegment(segment, prop, maxLevel));
  }

  /**
   * Removes whatever is mapped in a range and lets go of it; huge pages that reach out of the range are split.
   *
   * @returns base pages that were mapped
   * @throws {@link PageTableError} as {@link PageTable.cursor}; `release-failed`, where all is unmapped, with handles
   * on the frames whose type refused to go, `raws`; `unsupported-memory`, `FrameError` `no-memory` for a split, where nothing is unmapped
   */
  unmapRange(va: VirtualAddress, pages: number): number {
    return this.with(va, pages, false, (cursor) => cursor.unmapRun(pages));
  }

  /**
   * Sets and clears flags of whatever is mapped in a range, as `CursorMut.protectNext`; huge pages that reach out of it are split.
   *
   * @returns base pages that are mapped
   * @throws {@link PageTableError} as {@link PageTable.cursor}; `unrepresentable`, `unsupported-memory`; `FrameError` `no-memory`. No
   * property has changed then.
   */
  protectRange(va: VirtualAddress, pages: number, set: number, clear: number): number {
    return this.with(va, pages, false, (cursor) => cursor.protectRun(pages, set, clear));
  }

  /**
   * Frees tables in which nothing is mapped, of those that lie in the range as a whole; of the whole table if no range is given.
   *
   * @returns tables freed
   * @throws {@link PageTableError} as {@link PageTable.cursor}
   */
  cleanUp(
    va: VirtualAddress = this.vaOf(this.firstVpn - this.baseVpn),
    pages: number = this.pages,
  ): number {
    return this.with(va, pages, false, (cursor) => cursor.cleanRun(pages));
  }

  /**
   * Looks at one page without a cursor and without a lock: OSTD's `page_walk`. In shared memory another agent may have changed it by
   * the time this returns; what is returned was so at one moment of the call, or nothing was.
   *
   * @returns undefined where nothing is mapped, or the address is not in the table's share
   * @throws {@link PageTableError} `invalid-vaddr`, `corrupt-table`; what `onWait` of `shareTables` throws
   */
  translate(va: VirtualAddress): Translation | undefined {
    this.live();
    const page = vpnOf(va) - this.baseVpn;
    const first = this.firstVpn - this.baseVpn;
    if (page < first || page >= first + this.pages) return undefined;
    const { store, frames } = this;
    const descent = new Descent(store);
    frames.pin();
    try {
      while (!(descent.run(this.rootPfn, page, page + 1) && descent.read(page))) {
        this.locks.waited();
      }
    } finally {
      frames.unpin();
    }
    const { lo, hi, coder } = store;
    const { level } = descent;
    if (coder.kind(lo, hi, level) !== LEAF) return undefined;
    const all = coder.propertyOf(lo, hi, level);
    const pfn = (coder.frameOf(lo, hi, level) + (page % PAGES[level]!)) as Pfn;
    const offset = offsetOf(va);
    return { pfn, offset, level, prop: all & ~AVAIL1, tracked: coder.isTracked(lo, hi) };
  }

  /**
   * Frees tables that were taken out and that no agent can see any more. Closing a cursor does so, too: this is for an agent that is
   * about to end, or to be idle.
   *
   * @returns tables of this agent that another one is still walking through
   */
  collect(): number {
    return this.store.collect();
  }

  private with<T>(
    va: VirtualAddress,
    pages: number,
    create: boolean,
    run: (cursor: CursorMut) => T,
  ): T {
    const cursor = this.writing(va, pages, create);
    try {
      return run(cursor);
    } finally {
      cursor.close();
    }
  }

  get dropped(): boolean {
    return this.handle.dropped;
  }

  /** @throws `CoreError` `used-after-drop` @internal */
  live(): void {
    if (this.dropped) throw new CoreError({ code: "used-after-drop", what: "page table" });
  }

  /**
   * Gives up the root; with its last handle everything that is mapped, and every table.
   *
   * @throws {@link PageTableError} `cursor-deadlock` while a cursor is open; `FrameError` `drop-failed`: the table is gone, and what
   * of its frames is not a `release-failed` in the cause says
   */
  drop(): void {
    this.live();
    // Those of other tables of this root hold it by their own handles.
    const cursor = this.locks.cursors.find(({ table }) => table === this);
    if (cursor !== undefined) {
      throw new TableError({ code: "cursor-deadlock", va: cursor.va, pages: 1 });
    }
    try {
      this.handle.drop();
    } finally {
      if (this.handle.dropped) this.shared?.drop();
    }
  }

  /** Drops it unless it has ended: what `using` calls. */
  [Symbol.dispose](): void {
    if (!this.dropped) this.drop();
  }

  /** The address of the table's own page number. @internal */
  vaOf(page: number): bigint {
    return BigInt(page + this.baseVpn) << 12n;
  }

  /** The table's own number of the page that starts at `va`; not in 0..2^45-1 where it is outside. @internal */
  pageOf(va: VirtualAddress): number {
    const page = vpnOf(va) - this.baseVpn;
    if (offsetOf(va) !== 0) {
      throw new TableError({ code: "unaligned", va: wholeOf(va), level: 1 });
    }
    return page;
  }

  /** Proves that a range is free for a cursor. @returns its first page */
  private claim(va: VirtualAddress, pages: number): number {
    this.live();
    const start = this.pageOf(va);
    const first = this.firstVpn - this.baseVpn;
    const whole = Number.isInteger(pages) && pages > 0;
    if (!whole || start < first || start + pages > first + this.pages) {
      throw new TableError({ code: "invalid-range", va: wholeOf(va), pages });
    }
    for (const { startPage, endPage, table } of this.locks.cursors) {
      if (startPage < start + pages && start < endPage && table.rootPfn === this.rootPfn) {
        throw new TableError({ code: "cursor-deadlock", va: this.vaOf(start), pages });
      }
    }
    return start;
  }
}
