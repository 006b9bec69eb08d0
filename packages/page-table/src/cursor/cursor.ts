/**
 * `Cursor`: looks at the pages of a range, one after the other.
 *
 * PT-35: a cursor is somewhere in its range, or at its end; and no other open cursor has a page of it. An operation whose
 * arguments would lead it out of the range throws `out-of-range` and changes nothing.
 *
 * @see OSTD `mm/page_table/cursor/mod.rs`, `Cursor`
 * @module
 */

import { PAGE_SIZE, type Pfn } from "@memkit/core/address";
import { Frame } from "@memkit/frame-meta";
import { AVAIL1 } from "../format/property.js";
import { LEAF, PAGES } from "../table/entry-coder.js";
import type { PageTable } from "../table/page-table.js";
import type { VirtualAddress } from "../virtual-address.js";
import { Position } from "./position.js";

/** Pages whose leaf tables a cursor remembers: those with addresses below 2^42. */
const RECALLED = 2 ** 30;
/** Where nothing was found. */
const NO_FRAME = -1 as Pfn;
/** Exact, and a third of a division's time. */
const PER_BYTE = 1 / PAGE_SIZE;

/**
 * Made by `PageTable.cursor`.
 *
 * What an operation has found is in the fields, so that a loop allocates nothing. They stay after {@link Cursor.close}, as a hint:
 * by then another cursor may have changed what they say.
 */
export class Cursor extends Position {
  /** The frame of the page that was found: of a huge page's, the one that this page of it is in. -1 where nothing was found. */
  pfn: Pfn = NO_FRAME;
  /** Its level: 1 for a base page, 0 where nothing was found. */
  foundLevel = 0;
  /** Its property, as the mapping was made. */
  prop = 0;
  /** Whether the mapping holds its frame. */
  tracked = false;
  /** Whether the cursor is open on a table whose addresses are numbers: those of the lower half. */
  private numeric: boolean;
  /** The bit of a base page that is there. */
  protected readonly valid: number;
  protected readonly shift: number;
  private readonly hiMask: number;
  /** The bits of a base page that are its property. */
  protected readonly maskLo: number;
  protected readonly maskHi: number;
  /** The bits that `prop` and `tracked` are of. */
  private knownLo = 0;
  private knownHi = 0;
  private knownLevel = 0;

  /** @internal */
  constructor(table: PageTable, start: number, end: number) {
    super(table, start, end);
    const { coder } = this;
    this.numeric = table.baseVpn === 0;
    this.valid = coder.valid;
    this.shift = coder.shift;
    this.hiMask = coder.hiMask;
    this.maskLo = coder.propLo[1]!;
    this.maskHi = coder.propHi[1]!;
  }

  /**
   * Looks at the page at the position, which does not move.
   *
   * @returns the level of the page it is mapped by, 0 for none; {@link Cursor.pfn}, `prop` and `tracked` say more
   * @throws {@link PageTableError} `out-of-range` at the end of the range
   */
  query(): number {
    const { at } = this;
    if (at < this.stop) {
      const { words } = this;
      const lo = words[at]!;
      if ((lo & this.valid) !== 0) {
        this.found(lo, words[at + 1]!);
        return 1;
      }
    }
    return this.queryAnew();
  }

  /** Sets the fields for a base page. */
  protected found(lo: number, hi: number): void {
    const upper = hi & this.hiMask;
    this.pfn = (
      upper === 0 ? lo >>> this.shift : upper * this.coder.hiScale + (lo >>> this.shift)
    ) as Pfn;
    this.foundLevel = 1;
    if (
      (lo & this.maskLo) !== this.knownLo ||
      (hi & this.maskHi) !== this.knownHi ||
      this.knownLevel !== 1
    ) {
      this.decode(lo, hi, 1);
    }
  }

  private decode(lo: number, hi: number, level: number): void {
    const { coder } = this;
    const prop = coder.propertyOf(lo, hi, level);
    this.prop = prop & ~AVAIL1;
    this.tracked = coder.isTracked(lo, hi);
    this.knownLo = lo & this.maskLo;
    this.knownHi = hi & this.maskHi;
    this.knownLevel = level === 1 ? 1 : 0;
  }

  private queryAnew(): number {
    if (!this.settle()) this.checkPages(1);
    this.enter();
    if (this.kindHere() === LEAF) this.report();
    else this.nothing();
    return this.foundLevel;
  }

  /** Sets the fields for a leaf of the level that was entered. */
  protected foundHuge(lo: number, hi: number): void {
    const { level, coder } = this;
    this.pfn = (coder.frameOf(lo, hi, level) + (this.page - this.slotStart)) as Pfn;
    this.foundLevel = level;
    this.decode(lo, hi, level);
  }

  /** Sets the fields for the leaf that was entered. */
  protected report(): void {
    const at = this.entryAt();
    this.foundHuge(this.words[at]!, this.words[at + 1]!);
  }

  /** Notes that nothing was found. */
  protected nothing(): void {
    this.pfn = NO_FRAME;
    this.foundLevel = 0;
    this.prop = 0;
    this.tracked = false;
    this.knownLevel = 0;
  }

  /** Base pages of the mapping that was found, 0 for none. */
  get foundPages(): number {
    return PAGES[this.foundLevel]!;
  }

  /**
   * A handle of one's own on the frame of the page at the position.
   *
   * @returns undefined where nothing is mapped, or what is mapped is untracked
   * @throws {@link PageTableError} as {@link Cursor.query}; `FrameError` `count-at-max`
   */
  queryFrame(): Frame | undefined {
    if (this.query() === 0 || !this.tracked) return undefined;
    return Frame.fromInUse(this.table.frames, this.pfn * PAGE_SIZE);
  }

  /**
   * Moves to the next page that is mapped, of `pages` from the position on; past them if there is none. A huge page that the
   * position is in the middle of is found, and the position stays there.
   *
   * @returns as {@link Cursor.query}
   * @throws {@link PageTableError} `out-of-range` unless there are so many pages left
   */
  findNext(pages: number): number {
    this.settle();
    this.checkPages(pages);
    const end = this.page + pages;
    if (this.seek(end, false)) return this.query();
    this.nothing();
    return 0;
  }

  /**
   * Moves to the page that starts at `va`.
   *
   * @throws {@link PageTableError} `invalid-vaddr`, `unaligned`, `out-of-range`, `corrupt-table`
   */
  jump(va: VirtualAddress): void {
    if (typeof va === "number" && this.numeric) {
      const page = va * PER_BYTE;
      const small = page | 0;
      // NaN, fractions and what is no small integer fail the first comparison.
      if (small === page && small >= this.startPage && small < this.endPage) {
        if (small < RECALLED && this.recall(small)) return;
        this.place(small);
        if (this.level !== 0) return;
        this.enter(); // so that what follows finds its leaf table
        if (small < RECALLED) this.remember(small);
        return;
      }
    }
    this.settle();
    this.place(this.pageIn(va));
  }

  /**
   * Moves to the page after the one at the position; out of a huge page, or a hole that one entry makes, as a whole.
   *
   * @returns whether there is one in the range
   */
  moveForward(): boolean {
    const { at, stop } = this;
    if (at < stop) {
      this.at = at + 2;
      return at + 2 < stop || this.page < this.endPage;
    }
    if (!this.settle()) return false;
    this.enter();
    this.skip(this.endPage);
    return this.page < this.endPage;
  }

  /** Ends the cursor: its range is free for others. Does nothing the second time. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.numeric = false;
    this.forget();
    this.table.locks.close(this);
  }

  /** {@link Cursor.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
