/**
 * `CursorMut` on a table that other agents read while this one writes: a class of its own, so that the fast paths of either never see
 * the other's accesses.
 *
 * Under the lock this agent reads its entries plainly: nobody else writes them (PT-50), but processors that set accessed and dirty bits,
 * which a change must not lose (PT-59). What it writes others read: by `Atomics`.
 *
 * @module
 */

import type { PageTable } from "../table/page-table.js";
import { CursorMut } from "./cursor-mut.js";

/** Made by `PageTable.cursorMut` where the frames' table is not in mode `single`. */
export class SharedCursorMut extends CursorMut {
  private readonly slotWords: Int32Array;

  /** @internal */
  constructor(table: PageTable, start: number, end: number) {
    super(table, start, end);
    this.slotWords = this.memory.slotWords;
  }

  override mapPfn(pfn: number, prop: number, level = 1): void {
    const { at } = this;
    if (
      at < this.stop &&
      level === 1 &&
      prop === this.leafProp &&
      pfn >>> 0 === pfn &&
      (this.leafLo & this.valid) !== 0
    ) {
      const { words, meta } = this;
      if (words[at] === 0 && words[at + 1] === 0) {
        // The upper word first: until the lower one says so, nothing is there (PT-56).
        Atomics.store(words, at + 1, this.leafHi | (pfn >>> this.pfnHiShift));
        Atomics.store(words, at, this.leafLo | (pfn << this.shift));
        this.store.setMeta(meta, this.slotWords[meta]! + 1);
        this.at = at + 2;
        return;
      }
    }
    this.mapAnew(pfn, prop, level);
  }

  override unmapNext(pages = 1): number {
    const { at } = this;
    if (at < this.stop && pages === 1) {
      const { words, meta } = this;
      const lo = words[at]!;
      const hi = words[at + 1]!;
      const tracked = ((lo & this.trackedLo) | (hi & this.trackedHi)) !== 0;
      if ((lo & this.valid) !== 0 && !tracked) {
        const { store } = this;
        let last = lo;
        while (!store.swap(words, at, meta, last, 0, 0)) last = store.lo;
        this.found(last, hi);
        store.setMeta(meta, this.slotWords[meta]! - 1);
        this.at = at + 2;
        return 1;
      }
    }
    return this.unmapAnew(pages);
  }

  override protectNext(pages: number, set: number, clear: number): number {
    const { at } = this;
    if (at < this.stop && pages === 1 && set === this.set && clear === this.clear) {
      const { words } = this;
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if ((lo & this.maskLo) === this.oldLo && (hi & this.maskHi) === this.oldHi) {
        const nextLo = (lo & ~this.maskLo) | this.newLo;
        const nextHi = (hi & ~this.maskHi) | this.newHi;
        if (this.store.swap(words, at, this.meta, lo, nextLo, nextHi)) {
          this.at = at + 2;
          return 1;
        }
      }
    }
    return this.protectAnew(pages, set, clear);
  }
}
