/**
 * Whole ranges at once: the loops behind `mapRange`, `unmapRange`, `protectRange` and `cleanUp`.
 *
 * Each is two passes where one could fail half-way: what is in the way is looked for before anything is written.
 *
 * @module
 */

import type { Segment } from "@memkit/frame-meta/segment";
import { AVAIL1 } from "../format/property.js";
import { LEAF, PAGES, TABLE } from "../table/entry-coder.js";
import { CHILDREN } from "../table/node-memory.js";
import { type Lost, throwIfAny } from "../table/release-failed.js";
import { Editor } from "./editor.js";

/** The part of `CursorMut` that knows runs. */
export abstract class RunEditor extends Editor {
  /**
   * Maps `pages` untracked pages from frame `pfn` on at the position, with pages of `maxLevel` at most.
   *
   * @throws as `PageTable.mapRange`
   */
  mapRun(pfn: number, pages: number, prop: number, maxLevel: number = this.store.levels): void {
    this.checkProp(prop);
    this.fill(pfn, pages, prop, maxLevel);
  }

  /** Maps a segment at the position; it ends if this succeeds. @throws as `PageTable.mapSegment` */
  mapSegment(segment: Segment, prop: number, maxLevel: number = this.store.levels): void {
    const { pfn, pages } = this.runOf(segment);
    this.checkProp(prop);
    this.fill(pfn, pages, prop | AVAIL1, maxLevel);
    this.store.references.take(segment);
  }

  private fill(pfn: number, pages: number, prop: number, maxLevel: number): void {
    const { coder, store } = this;
    this.checkLevel(maxLevel, store.levels);
    this.settle();
    this.checkPages(pages);
    coder.checkPfn(pfn, 1);
    coder.checkPfn(pfn + pages - 1, 1);
    const first = this.page;
    const end = first + pages;
    const own = store.config.topLevelCanUnmap ? store.levels : store.levels - 1;
    const top = Math.min(maxLevel, this.paging.highestTranslationLevel, own);
    for (let level = 1; level <= top; level += 1) coder.encode(prop, level);
    this.refuseMapped(end);
    try {
      while (this.page < end) {
        const { page } = this;
        this.fillNode(
          pfn + (page - first),
          this.levelFor(page, end, pfn + (page - first), top),
          end,
          prop,
        );
      }
    } catch (error) {
      this.clearRun(first, this.page);
      throw error;
    }
  }

  /** The largest page that can begin at `page` with frame `pfn`. */
  private levelFor(page: number, end: number, pfn: number, top: number): number {
    let level = 1;
    while (level < top) {
      const size = PAGES[level + 1]!;
      if (page % size !== 0 || pfn % size !== 0 || page + size > end) break;
      level += 1;
    }
    return level;
  }

  /** Writes leaves of `level` from the position on, to the end of their node or of the range. */
  private fillNode(pfn: number, level: number, end: number, prop: number): void {
    this.makeRoom(level);
    const { coder, words, store } = this;
    const size = PAGES[level]!;
    const index = this.indexAt(level);
    const { page } = this;
    const count = Math.min(512 - index, Math.floor((end - page) / size));
    coder.encode(prop, level);
    let at = this.entryAt();
    const stop = at + 2 * count;
    if (level > 1 && (this.memory.slotWords[this.meta]! & CHILDREN) !== 0) {
      for (let i = at; i < stop; i += 2) {
        if (coder.kind(words[i]!, words[i + 1]!, level) !== TABLE) continue;
        // Empty, as `refuseMapped` has seen. One by one: each of them goes.
        this.writeLeaf(pfn, level, prop);
        this.place(page + size);
        return;
      }
    }
    // Within `hiScale` frames the upper word is the same, and the lower one counts up.
    const step = size << coder.shift;
    let next = pfn;
    while (at < stop) {
      const hi = coder.hi | coder.pfnHi(next);
      const lo = coder.lo | coder.pfnLo(next);
      const run = size < coder.hiScale ? (coder.hiScale - (next % coder.hiScale)) / size : 1;
      const to = Math.min(stop, at + 2 * run);
      next += ((to - at) / 2) * size;
      store.putRun(words, at, to, this.meta, lo, hi, step);
      at = to;
    }
    store.count(this.meta, count);
    this.place(page + count * size);
  }

  /** Undoes a run that was written up to `end`: its entries were made now, and hold nothing yet. */
  private clearRun(start: number, end: number): void {
    this.place(start);
    while (this.page < end && this.seek(end, false)) {
      this.clearEntry();
      this.skip(end);
    }
    this.place(start);
  }

  /**
   * Removes whatever is mapped in `pages` pages from the position on, and lets go of it.
   *
   * @returns base pages that were mapped
   * @throws as `PageTable.unmapRange`
   */
  unmapRun(pages: number): number {
    this.settle();
    this.checkPages(pages);
    const start = this.page;
    const end = start + pages;
    this.splitOut(start, end - 1, start, end);
    const errors: Lost[] = [];
    let removed = 0;
    while (this.seek(end, true)) {
      const { words, level, coder, store } = this;
      const at = this.entryAt();
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if (coder.kind(lo, hi, level) === TABLE) {
        const next = this.page + PAGES[level]!;
        this.clearEntry();
        this.forget();
        removed += store.dropTree(coder.childOf(lo, hi), level - 1, errors);
        this.place(next);
      } else if (level === 1) removed += this.clearLeaves(end, errors);
      else {
        this.clearEntry();
        removed += PAGES[level]!;
        if (coder.isTracked(lo, hi)) {
          store.references.releaseAll(coder.frameOf(lo, hi, level), PAGES[level]!, errors);
        }
        this.skip(end);
      }
    }
    throwIfAny(errors);
    return removed;
  }

  /** Clears the leaf table from the position on, up to `end`. @returns entries that were leaves */
  private clearLeaves(end: number, errors: Lost[]): number {
    const { coder, words, base, store } = this;
    const first = this.page - this.index;
    const stop = Math.min(end - first, 512);
    let removed = 0;
    for (let i = this.index; i < stop; i += 1) {
      const at = base + 2 * i;
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if (coder.kind(lo, hi, 1) !== LEAF) continue;
      store.put(words, at, this.meta, 0, 0);
      removed += 1;
      if (coder.isTracked(lo, hi)) store.references.release(coder.childOf(lo, hi), errors);
    }
    store.count(this.meta, -removed);
    this.place(first + stop);
    return removed;
  }

  /** Removes the leaf that was entered, lets go of it, and moves past it. */
  protected removeLeaf(): void {
    if (this.level > 1) {
      this.removeHuge();
      return;
    }
    const { words, coder, store } = this;
    const at = this.base + 2 * this.index;
    const seen = words[at]!;
    const hi = words[at + 1]!;
    let lo = seen;
    while (!store.swap(words, at, this.meta, lo, 0, 0)) ({ lo } = store);
    if (lo !== seen) this.foundHuge(lo, hi);
    store.count(this.meta, -1);
    if (coder.isTracked(lo, hi)) this.release(coder.childOf(lo, hi), at, lo, hi);
    this.index += 1;
  }

  /** Lets go of a frame. One that may not go is mapped still. */
  private release(pfn: number, at: number, lo: number, hi: number): void {
    const { words, store, meta } = this;
    try {
      store.references.release(pfn);
    } catch (error) {
      if (isRefusal(error)) {
        store.put(words, at, meta, lo, hi);
        store.count(meta, 1);
      } else this.index += 1;
      throw error;
    }
  }

  private removeHuge(): void {
    const { level, store, page } = this;
    const errors: Lost[] = [];
    this.clearLeaf();
    if (this.tracked) {
      const first = this.pfn - (page - this.slotStart);
      store.references.releaseAll(first, PAGES[level]!, errors);
    }
    this.place(page + PAGES[level]!);
    throwIfAny(errors);
  }

  /**
   * Sets and clears flags of whatever is mapped in `pages` pages from the position on.
   *
   * @returns base pages that are mapped
   * @throws as `PageTable.protectRange`
   */
  protectRun(pages: number, set: number, clear: number): number {
    this.settle();
    const flags = this.checkChange(set, clear);
    this.checkPages(pages);
    const start = this.page;
    const end = start + pages;
    const last = end - 1;
    const nodes = this.nodesFor(start, last, start, end);
    try {
      this.passOver(start, end, flags, clear, false);
    } catch (error) {
      this.freeAll(nodes);
      throw error;
    }
    this.place(start);
    this.splitInto(nodes, start, last, start, end);
    return this.passOver(start, end, flags, clear, true);
  }

  /** Looks whether the flags of the leaves from the position to `end` can be changed so, or changes them. @returns base pages */
  private passOver(start: number, end: number, set: number, clear: number, change: boolean) {
    let pages = 0;
    while (this.seek(end, false)) {
      const { level } = this;
      if (level === 1) pages += this.passLeaves(end, set, clear, change);
      else {
        if (change) this.changeLeaf(this.entryAt(), set, clear);
        else this.checkLeaf(start, end, set, clear);
        pages += PAGES[level]!;
        this.skip(end);
      }
    }
    return pages;
  }

  /** {@link RunEditor.passOver} of the leaf table from the position on, up to `end`. @returns entries that are leaves */
  private passLeaves(end: number, set: number, clear: number, change: boolean): number {
    const { coder, words, base, index } = this;
    const first = this.page - index;
    const stop = Math.min(end - first, 512);
    let leaves = 0;
    for (let at = base + 2 * index; at < base + 2 * stop; at += 2) {
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if (coder.kind(lo, hi, 1) !== LEAF) continue;
      if (change) this.changeLeaf(at, set, clear);
      else coder.changedLo(lo, hi, 1, set, clear);
      leaves += 1;
    }
    this.place(first + stop);
    return leaves;
  }

  /**
   * Frees tables in which nothing is mapped and that lie in `pages` pages from the position on as a whole.
   *
   * @returns tables freed
   * @throws {@link PageTableError} `out-of-range`, `corrupt-table`; `CoreError` `used-after-drop`: the cursor is closed
   */
  cleanRun(pages: number): number {
    this.settle();
    this.checkPages(pages);
    const start = this.page;
    const { guardPfn, guardLevel } = this;
    const span = PAGES[guardLevel + 1]!;
    const first = start - (start % span);
    const freed = this.clean(guardPfn, guardLevel, first, start, start + pages);
    this.forget();
    this.place(start + pages);
    return freed;
  }

  private clean(pfn: number, level: number, first: number, start: number, end: number): number {
    const { store, coder, memory } = this;
    memory.locate(pfn, level);
    const { words, base, meta, slotWords } = memory;
    const size = PAGES[level]!;
    const mayFree = level < store.levels || store.config.topLevelCanUnmap;
    let freed = 0;
    if (level === 1) return 0;
    for (let i = store.firstEntry(level); i < store.endEntry(level); i += 1) {
      const at = base + 2 * i;
      const page = first + i * size;
      if (page + size <= start || page >= end) continue;
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if (coder.kind(lo, hi, level) !== TABLE) continue;
      const child = coder.childOf(lo, hi);
      freed += this.clean(child, level - 1, page, start, end);
      memory.locate(child, level - 1);
      const empty = (slotWords[memory.meta]! & CHILDREN) === 0;
      if (!(empty && mayFree && page >= start && page + size <= end)) continue;
      store.put(words, at, meta, 0, 0);
      store.count(meta, -1);
      store.dropTree(child, level - 1, []);
      freed += 1;
    }
    return freed;
  }
}

/** Whether a frame's end was refused, and its handle stayed: anything but `drop-failed`. */
function isRefusal(error: unknown): boolean {
  return !(error instanceof Error && "code" in error && error.code === "drop-failed");
}
