/**
 * `CursorMut`: maps, unmaps and protects the pages of a range, one after the other.
 *
 * @see OSTD `mm/page_table/cursor/mod.rs`, `CursorMut`
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { AVAIL1 } from "../format/property.js";
import { PAGES, TABLE } from "../table/entry-coder.js";
import type { PageTable } from "../table/page-table.js";
import type { Item } from "../table/references.js";
import { TableError } from "../table/table-error.js";
import { RunEditor } from "./run-editor.js";
import { StrayTable, type Taken, type TakenItem } from "./taken.js";

/** Made by `PageTable.cursorMut`. Every operation moves the position past what it has done. */
export class CursorMut extends RunEditor {
  /** As a factor: a multiplication takes a third of a shift's time. */
  private readonly pfnScale: number;
  protected readonly pfnHiShift: number;
  /** Frames below it have no bits in an entry's upper word. */
  private readonly lowPfns: number;
  protected readonly trackedLo: number;
  protected readonly trackedHi: number;
  /** The base page's bits for `leafProp`, at first for a property that nobody may have asked for. */
  protected leafProp = 0;
  protected leafLo = 0;
  protected leafHi = 0;
  /** The last change of a base page: from these bits, by these flags, to those. */
  protected oldLo = -1; // no entry's bits
  protected oldHi = 0;
  protected newLo = 0;
  protected newHi = 0;
  protected set = -1;
  protected clear = -1;

  /** @internal */
  constructor(table: PageTable, start: number, end: number) {
    super(table, start, end);
    const { coder } = this;
    this.pfnScale = 1 << coder.shift;
    this.pfnHiShift = coder.hiShift;
    this.lowPfns = 1 << coder.hiShift;
    this.trackedLo = coder.trackedLo;
    this.trackedHi = coder.trackedHi;
    this.leafProp = coder.pageProp;
    this.leafLo = coder.pageLo;
    this.leafHi = coder.pageHi;
  }

  /**
   * Maps the frame `pfn`, or the huge page of `level` that begins with it, at the position. It is not counted.
   *
   * @throws {@link PageTableError} `already-mapped`, `out-of-range`, `unaligned`, `invalid-level`, `invalid-pfn`, `unrepresentable`,
   * `shared-table`, `unsupported-memory`; `FrameError` `no-memory`. Nothing has changed then.
   */
  mapPfn(pfn: number, prop: number, level = 1): void {
    const { at } = this;
    if (at < this.stop && level === 1 && prop === this.leafProp && pfn >>> 0 === pfn) {
      const { words } = this;
      if (words[at] === 0 && words[at + 1] === 0) {
        words[at + 1] = pfn < this.lowPfns ? this.leafHi : this.leafHi | (pfn >>> this.pfnHiShift);
        words[at] = this.leafLo | Math.imul(pfn, this.pfnScale);
        this.fresh += 1;
        this.at = at + 2;
        return;
      }
    }
    this.mapAnew(pfn, prop, level);
  }

  /** Maps when the position's leaf table is not at hand. */
  protected mapAnew(pfn: number, prop: number, level: number): void {
    this.checkProp(prop);
    this.checkMap(pfn, level, prop);
    this.makeRoom(level);
    this.writeLeaf(pfn, level, prop);
    this.place(this.page + PAGES[level]!);
    if (level !== 1 || prop === this.leafProp) return;
    this.coder.encode(prop, 1);
    this.leafLo = this.coder.lo;
    this.leafHi = this.coder.hi;
    this.leafProp = prop;
  }

  /**
   * Maps a frame, or a segment that is one huge page, at the position. The handle becomes the mapping: it ends, its count stays.
   *
   * @throws as {@link CursorMut.mapPfn}; {@link PageTableError} `unfit-item`; `CoreError` `used-after-drop`. The item is the
   * caller's then.
   */
  map(item: Item, prop: number): void {
    const { pfn, pages } = this.runOf(item);
    const level = this.levelOf(pages);
    this.checkProp(prop);
    this.checkMap(pfn, level, prop | AVAIL1);
    this.makeRoom(level);
    this.store.references.take(item);
    this.writeLeaf(pfn, level, prop | AVAIL1);
    this.place(this.page + pages);
  }

  /**
   * Removes the next mapping of `pages` pages from the position on, and lets go of its frames. A huge page that is not in them as a
   * whole is split.
   *
   * @returns the level of what was removed, 0 for nothing; the fields say more
   * @throws {@link PageTableError} `out-of-range`; `unsupported-memory`, `FrameError` `no-memory` for a split, `drop-refused`: it is mapped still;
   * `drop-failed`: it is not. For a huge page `release-failed`: it is not.
   */
  unmapNext(pages = 1): number {
    const { at } = this;
    if (at < this.stop && pages === 1) {
      const { words } = this;
      const lo = words[at]!;
      if ((lo & this.valid) !== 0) {
        const hi = words[at + 1]!;
        this.found(lo, hi);
        if (((lo & this.trackedLo) | (hi & this.trackedHi)) !== 0) {
          this.removeLeaf();
          return 1;
        }
        words[at] = 0;
        words[at + 1] = 0;
        this.fresh -= 1;
        this.at = at + 2;
        return 1;
      }
    }
    return this.unmapAnew(pages);
  }

  /** Unmaps when the position's leaf table is not at hand. */
  protected unmapAnew(pages: number): number {
    this.settle();
    this.checkPages(pages);
    if (!this.seekWhole(this.page + pages)) {
      this.nothing();
      return 0;
    }
    this.report();
    const { foundLevel } = this;
    this.removeLeaf();
    return foundLevel;
  }

  /**
   * Removes the next mapping of `pages` pages from the position on, or the next whole table: huge pages that are not in them as a
   * whole are split, the table of the kernel's half that all share are not taken.
   *
   * @returns the caller's now, or undefined where nothing is mapped
   * @throws {@link PageTableError} `out-of-range`, `unsupported-memory`; `FrameError` `no-memory`, `count-at-max`: nothing has changed then
   */
  takeNext(pages: number): Taken | undefined {
    this.settle();
    this.checkPages(pages);
    const end = this.page + pages;
    while (this.seek(end, true)) {
      const { words, level, coder } = this;
      const at = this.entryAt();
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if (coder.kind(lo, hi, level) === TABLE) return this.takeTable(coder.childOf(lo, hi), level);
      if (level === 1 || (this.slotStart === this.page && this.slotEnd <= end)) {
        return this.takeLeaf();
      }
      this.splitOut(this.page, this.page, this.page, end);
    }
    this.nothing();
    return undefined;
  }

  private takeTable(pfn: number, level: number): StrayTable {
    const { store, va } = this;
    const pages = PAGES[level]!;
    this.clearEntry();
    store.strandTree(pfn, level - 1);
    const stray = new StrayTable(store, pfn, level - 1, va, pages);
    this.forget();
    this.place(this.page + pages);
    return stray;
  }

  private takeLeaf(): TakenItem {
    this.report();
    const { level, va, pfn, tracked, store } = this;
    const pages = PAGES[level]!;
    const item = tracked ? store.references.hold(pfn, pages) : undefined;
    this.clearLeaf();
    if (tracked) store.references.end(pfn, pages);
    const { prop } = this;
    this.place(this.page + pages);
    return { kind: "mapped", va, level, pages, prop, pfn: pfn as Pfn, item };
  }

  /**
   * Sets and clears flags of the next mapping of `pages` pages from the position on. A huge page that is not in them as a whole is
   * split. What is not named stays: the frame, accessed and dirty bits, the cache policy. In a table that has been forked WRITE of a
   * tracked mapping is set as the mark of `/fork`, and cleared with it.
   *
   * @param set - Flags of a property, or-ed
   * @param clear - Flags that are cleared first
   * @returns the level of what was changed, which ends where the position is then; 0 for nothing
   * @throws {@link PageTableError} `out-of-range`, `unrepresentable`, `unsupported-memory`; `FrameError` `no-memory`. Nothing has changed then.
   */
  protectNext(pages: number, set: number, clear: number): number {
    const { at } = this;
    if (at < this.stop && pages === 1 && set === this.set && clear === this.clear) {
      const { words } = this;
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if ((lo & this.maskLo) === this.oldLo && (hi & this.maskHi) === this.oldHi) {
        words[at + 1] = (hi & ~this.maskHi) | this.newHi;
        words[at] = (lo & ~this.maskLo) | this.newLo;
        this.at = at + 2;
        return 1;
      }
    }
    return this.protectAnew(pages, set, clear);
  }

  /** Protects when the position's leaf table is not at hand. */
  protected protectAnew(pages: number, set: number, clear: number): number {
    this.settle();
    const flags = this.checkChange(set, clear);
    this.checkPages(pages);
    if (!this.seekWhole(this.page + pages, flags, clear)) return 0;
    const { words, level, coder } = this;
    const at = this.entryAt();
    const hi = words[at + 1]!;
    const lo = this.changeLeaf(at, flags, clear);
    if (level === 1) {
      this.oldLo = lo & this.maskLo;
      this.oldHi = hi & this.maskHi;
      this.newLo = coder.changedLo(lo, hi, 1, flags, clear) & this.maskLo;
      this.newHi = coder.changedHi(hi, 1) & this.maskHi;
      this.set = set;
      this.clear = clear;
    }
    this.place(this.page + PAGES[level]!);
    return level;
  }

  /**
   * Maps another item of the same size in place of the one at the position.
   *
   * @returns what was mapped, the caller's now
   * @throws {@link PageTableError} `not-mapped` where nothing of this size begins at the position; as {@link CursorMut.map}
   */
  replace(item: Item, prop: number): TakenItem {
    const { pfn, pages } = this.runOf(item);
    const level = this.levelOf(pages);
    this.checkProp(prop);
    this.checkMap(pfn, level, prop | AVAIL1);
    this.query();
    if (this.foundLevel !== level) throw new TableError({ code: "not-mapped", va: this.va });
    const { va, tracked, store } = this;
    const before = tracked ? store.references.hold(this.pfn, pages) : undefined;
    store.references.take(item);
    // In one change: nobody may find nothing there.
    const { coder, words, meta } = this;
    coder.encode(prop | AVAIL1, level);
    const at = this.entryAt();
    const [lo, hi] = [coder.lo | coder.pfnLo(pfn), coder.hi | coder.pfnHi(pfn)];
    const seenHi = words[at + 1]!;
    let seen = words[at]!;
    while (!store.swap(words, at, meta, seen, lo, hi)) seen = store.lo;
    this.foundHuge(seen, seenHi);
    const old = { pfn: this.pfn as Pfn, prop: this.prop };
    if (tracked) store.references.end(old.pfn, pages);
    this.place(this.page + pages);
    return { kind: "mapped", va, level, pages, ...old, item: before };
  }
}
