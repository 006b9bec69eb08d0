/**
 * Where a cursor is: a page of its range, and the node that has the page's entry.
 *
 *     page number    26..18  17..9   8..0        (bits, counted from the root's first entry)
 *                   |  top  | mid  | index |      top: the indices of levels 3 and up; mid: of level 2; index: of level 1
 *
 * Small integers, because a loop over the pages of a leaf table then only counts up. `index` is kept as the place of its entry, `at`, so
 * that one comparison says that the entry is at hand: `at < stop`. The leaf table is kept from one operation to the next, and so is the
 * level-2 table above it, and leaf tables that a cursor jumps to and fro between.
 *
 * PT-34: `level` is 1 only while `base` is the leaf table of the position, and `stop` is not 0 only then; at any other level the entry
 * is read again, because another cursor beside this one may have put a table where there was none. Who frees a node has all of its
 * pages in its range, so nobody else's cursor is in it; who frees one of its own calls `forget`. The same goes for the leaf tables that
 * are remembered.
 *
 * @see vostd `page_table/cursor/owners.rs`
 * @module
 */

import { CoreError } from "@memkit/core";
import { ABSENT, type EntryCoder, PAGES, TABLE } from "../table/entry-coder.js";
import type { NodeMemory } from "../table/node-memory.js";
import type { NodeStore } from "../table/node-store.js";
import type { PageTable } from "../table/page-table.js";
import { TableError } from "../table/table-error.js";
import type { VirtualAddress } from "../virtual-address.js";

const TOP = 2 ** 18;
/** Leaf tables that a cursor remembers once it jumps to and fro. */
const LEAVES = 512;
/** Jumps that walked before a cursor begins to remember: one that moves on has no use for it. */
const PATIENCE = 16;
const NO_LEAVES: Int32Array = new Int32Array(LEAVES).fill(-1);
/** Pages whose numbers are small integers. */
const SMALL = 2 ** 30;

const NO_NODES: Set<number> = new Set();

/** The base of both cursors. */
export abstract class Position {
  /** The first page of the range, and one past its last. @internal */
  readonly startPage: number;
  readonly endPage: number;
  /** The lowest node that covers the range, and its level: what is above it is other cursors', too. @internal */
  guardPfn = 0;
  guardLevel = 0;
  /** In shared memory, the nodes that the cursor has locked. @internal */
  locked: Set<number> = NO_NODES;
  /** @internal */
  readonly table: PageTable;
  protected readonly store: NodeStore;
  protected readonly coder: EntryCoder;
  protected readonly memory: NodeMemory;
  protected closed = false;
  protected top = 0;
  protected mid = 0;
  /** The word index of the position's entry in the leaf table, or twice `index` while that is not at hand. */
  protected at = 0;
  /** Where the leaf table begins, or 0. */
  private origin = 0;
  /** Entries of the leaf table before this word are in the range; 0 while it is not at hand. */
  protected stop = 0;
  /** Entries that were made in the leaf table less those that were removed, where its count does not know yet (PT-32). */
  protected fresh = 0;
  /** The level of the node that has the position's entry; 0: not known. */
  protected level = 0;
  protected words: Int32Array;
  protected base = 0;
  protected meta = 0;
  /** The level-2 table of `upperTop`. */
  private upperTop = -1;
  private upperWords: Int32Array;
  private upperBase = 0;
  private upperMeta = 0;
  /** By the low bits of a leaf table's number, which is the page's without `index`: that number, -1 for none; where it is. */
  private leaves: Int32Array = NO_LEAVES;
  private leafBases: Int32Array = NO_LEAVES;
  private leafMetas: Int32Array = NO_LEAVES;
  private leafWords: Int32Array;
  private walks = 0;

  /** @internal */
  constructor(table: PageTable, start: number, end: number) {
    this.table = table;
    this.store = table.store;
    this.coder = table.store.coder;
    this.memory = table.store.memory;
    this.startPage = start;
    this.endPage = end;
    this.words = this.memory.words;
    this.upperWords = this.words;
    this.leafWords = this.words;
    this.place(start);
  }

  /** The index of the position's entry in a leaf table; 512 past the last one. */
  protected get index(): number {
    return (this.at - this.origin) >> 1;
  }

  /** Puts the position at that entry of the leaf table at hand. */
  protected set index(index: number) {
    this.at = this.origin + 2 * index;
  }

  /** The position in the table's own page numbers. @internal */
  get page(): number {
    return this.top * TOP + this.mid * 512 + this.index;
  }

  /** The level of the node that the cursor believes to be in, 0 for none, and where that one's metadata is. @internal */
  get atHand(): { readonly level: number; readonly meta: number } {
    return { level: this.index > 511 ? 0 : this.level, meta: this.meta };
  }

  /** The position as a page number of 0..2^52-1. */
  get vpn(): number {
    return this.page + this.table.baseVpn;
  }

  /** The position as an address: at the end of the range one past it, modulo 2^64. */
  get va(): bigint {
    return BigInt.asUintN(64, this.table.vaOf(this.page));
  }

  /** Whether the position is past the last page of the range. */
  get atEnd(): boolean {
    return this.page >= this.endPage;
  }

  /** Pages from the position to the end of the range. */
  get remaining(): number {
    return this.endPage - this.page;
  }

  /** Moves to a page of the range, or to its end. */
  protected place(page: number): void {
    let top: number;
    let low: number;
    if (page < SMALL) {
      top = page >>> 18;
      low = page & (TOP - 1);
    } else {
      top = Math.floor(page / TOP);
      low = page - top * TOP;
    }
    const mid = low >>> 9;
    if (top !== this.top || mid !== this.mid || this.level !== 1) {
      this.top = top;
      this.mid = mid;
      this.level = 0;
      this.shut();
    }
    this.index = low & 511;
  }

  /** The leaf table is at hand. */
  private open(): void {
    const { index, base, endPage, page } = this;
    this.origin = base;
    this.at = base + 2 * index;
    this.stop = base + 2 * Math.min(endPage - page + index, 512);
  }

  /** The leaf table is not at hand any more. */
  private shut(): void {
    if (this.fresh !== 0) this.note();
    this.at -= this.origin;
    this.origin = 0;
    this.stop = 0;
  }

  /** Adds what was made to the leaf table's count. @internal */
  note(): void {
    const { fresh } = this;
    if (fresh === 0) return;
    this.fresh = 0;
    this.store.count(this.meta, fresh);
  }

  /** Before anything but the fastest path. @returns whether the position is in the range */
  protected settle(): boolean {
    if (this.closed) throw new CoreError({ code: "used-after-drop", what: "cursor" });
    if (this.fresh !== 0) this.note();
    if (this.index > 511) this.place(this.page);
    // The memory's buffer was exchanged: where the nodes are has changed.
    if (this.level !== 0 && this.words.length === 0) this.forget();
    return this.page < this.endPage;
  }

  /** Makes the next operation walk from the root. */
  protected forget(): void {
    this.level = 0;
    this.shut();
    this.upperTop = -1;
    if (this.leaves !== NO_LEAVES) this.leaves.fill(-1);
  }

  /** Moves to a page below 2^30 whose leaf table is remembered. @returns whether it is */
  protected recall(page: number): boolean {
    const leaf = page >>> 9;
    const slot = leaf & (LEAVES - 1);
    if (this.leaves[slot] !== leaf) return false;
    if (this.fresh !== 0) this.note();
    const index = page & 511;
    const base = this.leafBases[slot]!;
    const left = this.endPage - page + index;
    if (this.words !== this.leafWords) this.words = this.leafWords;
    this.base = base;
    this.origin = base;
    this.at = base + 2 * index;
    this.stop = base + 2 * Math.min(left, 512);
    this.meta = this.leafMetas[slot]!;
    this.level = 1;
    this.top = leaf >>> 9;
    this.mid = slot;
    return true;
  }

  /** Remembers the leaf table that was entered for a page below 2^30. */
  protected remember(page: number): void {
    if (this.level !== 1) return;
    if (this.leaves === NO_LEAVES) {
      this.walks += 1;
      if (this.walks < PATIENCE) return;
      this.leaves = new Int32Array(LEAVES).fill(-1);
      this.leafBases = new Int32Array(LEAVES);
      this.leafMetas = new Int32Array(LEAVES);
    }
    if (this.leafWords !== this.words) {
      this.leafWords = this.words; // another bank
      this.leaves.fill(-1);
    }
    const leaf = page >>> 9;
    const slot = leaf & (LEAVES - 1);
    this.leaves[slot] = leaf;
    this.leafBases[slot] = this.base;
    this.leafMetas[slot] = this.meta;
  }

  /** The index of the position's entry in a node of `level`. */
  protected indexAt(level: number): number {
    switch (level) {
      case 1:
        return this.index;
      case 2:
        return this.mid;
      case 3:
        return this.top & 511;
      case 4:
        return (this.top >>> 9) & 511;
      default:
        return this.top >>> 18;
    }
  }

  /** The word index of the position's entry. */
  protected entryAt(): number {
    return this.base + 2 * this.indexAt(this.level);
  }

  /** What the entry that was entered is. */
  protected kindHere(): number {
    const at = this.entryAt();
    return this.coder.kind(this.words[at]!, this.words[at + 1]!, this.level);
  }

  /** Walks to the position's entry: that of `stop`, or above it the one that leads to no table. */
  protected enter(stop = 1): void {
    if (this.level === 1 && stop === 1) return;
    this.shut();
    const { memory, coder } = this;
    if (this.upperTop === this.top && stop === 1) {
      const at = this.upperBase + 2 * this.mid;
      const lo = this.upperWords[at]!;
      if (((lo ^ coder.tableValue) & coder.tableBits) === 0) {
        this.level = 0; // an entry that leads nowhere throws
        this.step(coder.childOf(lo, this.upperWords[at + 1]!), 1);
        this.level = 1;
        this.open();
        return;
      }
    }
    let level = 2;
    if (this.upperTop === this.top && stop <= 2 && this.upperWords.length > 0) {
      this.words = this.upperWords;
      this.base = this.upperBase;
      this.meta = this.upperMeta;
    } else {
      level = this.guardLevel;
      this.step(this.guardPfn, level);
    }
    this.level = 0; // an entry that leads nowhere throws below
    while (level > stop) {
      const at = this.base + 2 * this.indexAt(level);
      const lo = this.words[at]!;
      const hi = this.words[at + 1]!;
      if (coder.kind(lo, hi, level) !== TABLE) break;
      level -= 1;
      this.step(coder.childOf(lo, hi), level);
      if (level === 2) {
        this.upperTop = this.top;
        this.upperWords = memory.words;
        this.upperBase = memory.base;
        this.upperMeta = memory.meta;
      }
    }
    this.level = level;
    if (level === 1) this.open();
  }

  private step(pfn: number, level: number): void {
    const { memory } = this;
    memory.locate(pfn, level);
    this.words = memory.words;
    this.base = memory.base;
    this.meta = memory.meta;
  }

  /** The first page of the entry that `enter` has found. */
  protected get slotStart(): number {
    const { page } = this;
    return page - (page % PAGES[this.level]!);
  }

  /** One past the last page of that entry. */
  protected get slotEnd(): number {
    return this.slotStart + PAGES[this.level]!;
  }

  /** Moves past the entry that `enter` has found, but not past `end`. */
  protected skip(end: number): void {
    const next = this.slotEnd;
    this.place(Math.min(next, end));
  }

  /**
   * The next entry at or after the position, before `end`, that is a leaf, and the position there; mid-way in a huge one it stays.
   *
   * @param whole - whether a table that lies before `end` as a whole, and is not empty, is one too
   * @returns whether there is one: what it is, is at `entryAt()`. If not, the position is `end`.
   */
  protected seek(end: number, whole: boolean): boolean {
    const { coder, memory } = this;
    while (this.page < end) {
      if (whole && this.index === 0 && this.seekTable(end)) return true;
      this.enter();
      const { words, level } = this;
      if (level > 1) {
        if (this.kindHere() !== ABSENT) return true;
        this.skip(end);
        continue;
      }
      const first = this.page - this.index;
      if ((memory.slotWords[this.meta]! & 0xffff) !== 0) {
        const stop = Math.min(end - first, 512);
        for (let i = this.index; i < stop; i += 1) {
          const at = this.base + 2 * i;
          if ((words[at]! | words[at + 1]!) === 0) continue;
          if (coder.kind(words[at]!, words[at + 1]!, 1) === ABSENT) continue;
          this.index = i;
          return true;
        }
      }
      this.place(Math.min(first + 512, end));
    }
    return false;
  }

  /** The highest table with something in it that begins at the position and ends by `end`. */
  private seekTable(end: number): boolean {
    const { coder, store, page } = this;
    const { levels, config } = store;
    for (let level = config.topLevelCanUnmap ? levels : levels - 1; level > 1; level -= 1) {
      const size = PAGES[level]!;
      if (page % size !== 0 || page + size > end) continue;
      this.level = 0;
      this.enter(level);
      if (this.level !== level) return false; // it ends above: a leaf, or nothing
      if (this.kindHere() !== TABLE) return false;
      const at = this.entryAt();
      const child = coder.childOf(this.words[at]!, this.words[at + 1]!);
      if (store.hasLeaf(child, level - 1)) return true;
      break; // it is empty: on with what is beside it
    }
    this.level = 0;
    return false;
  }

  /** Proves that `pages` is a number of pages that are left. @throws {@link PageTableError} `out-of-range` */
  protected checkPages(pages: number): void {
    if (!(Number.isInteger(pages) && pages >= 1 && pages <= this.remaining)) {
      throw new TableError({ code: "out-of-range", va: this.va, pages });
    }
  }

  /** The page that starts at `va`. @throws {@link PageTableError} `invalid-vaddr`, `unaligned`, `out-of-range` */
  protected pageIn(va: VirtualAddress): number {
    const page = this.table.pageOf(va);
    if (page < this.startPage || page >= this.endPage) {
      throw new TableError({ code: "out-of-range", va: this.table.vaOf(page), pages: 1 });
    }
    return page;
  }
}
