/**
 * What a cursor does to single entries: making room for one, splitting, writing, clearing.
 *
 * PT-36: an operation that throws has changed no mapping and no count: what can fail (a node, a property, a frame that is not
 * ours) is asked for before the first entry is written, and nodes made for nothing are freed.
 *
 * @module
 */

import type { FrameTable } from "@memkit/frame-meta";
import { refuseProperty } from "../format/codec.js";
import { AVAIL1, AVAIL2, WRITE } from "../format/property.js";
import { PageTableError } from "../page-table-error.js";
import type { PagingConsts } from "../paging.js";
import { ABSENT, LEAF, PAGES, TABLE } from "../table/entry-coder.js";
import type { Item } from "../table/references.js";
import { TableError } from "../table/table-error.js";
import { isWord } from "../virtual-address.js";
import { Cursor } from "./cursor.js";

/** The frames of an item: the first one's number, and how many. */
interface Run {
  readonly pfn: number;
  readonly pages: number;
}

/** @throws {@link PageTableError} `unfit-item` */
function unfit(what: string): never {
  throw new TableError({ code: "unfit-item", what });
}

/** The part of `CursorMut` that knows entries. */
export abstract class Editor extends Cursor {
  /** Proves that nothing is mapped from the position, which stays, to `end`. @throws {@link PageTableError} `already-mapped` */
  protected refuseMapped(end: number): void {
    const { page, coder, table } = this;
    try {
      if (!this.seek(end, false)) return;
      const at = this.entryAt();
      const { words, level, slotStart } = this;
      const pfn = coder.frameOf(words[at]!, words[at + 1]!, level);
      throw new TableError({ code: "already-mapped", va: table.vaOf(slotStart), level, pfn });
    } finally {
      this.place(page);
    }
  }

  /** Enters the position's entry at `level`, with tables on the way made. What is there is no leaf and no table with one. */
  protected makeRoom(level: number): void {
    if (level !== 1 || this.level !== 1) this.level = 0;
    this.enter(level);
    if (this.kindHere() !== ABSENT) {
      this.refuseMapped(this.page + PAGES[level]!);
      this.level = 0; // the table is empty, and in the way
      this.enter(level);
    }
    if (this.level > level) this.makeTables(level);
  }

  /** Makes the tables from the entry that was entered, which is absent, down to the one of `level`. */
  private makeTables(level: number): void {
    const { store, memory } = this;
    const made: number[] = [];
    try {
      for (let l = this.level - 1; l >= level; l -= 1) made.push(store.alloc(l));
    } catch (error) {
      this.freeAll(made);
      throw error;
    }
    for (const pfn of made) this.table.locks.adopt(this, pfn);
    for (let i = made.length - 1; i > 0; i -= 1) {
      const above = this.level - i;
      memory.locate(made[i - 1]!, above);
      store.count(memory.meta, 1); // first: what is not counted, who reaps this agent takes for the pieces of a huge page
      store.link(memory.words, memory.base + 2 * this.indexAt(above), memory.meta, made[i]!);
    }
    // Last, so that a walk finds all of the tables or none.
    store.link(this.words, this.entryAt(), this.meta, made[0]!);
    store.count(this.meta, 1);
    this.enter(level);
  }

  /** Writes a leaf where {@link Editor.makeRoom} has made room; an empty table that was there goes. */
  protected writeLeaf(pfn: number, level: number, prop: number): void {
    const { coder, words, store } = this;
    coder.encode(prop, level);
    const at = this.entryAt();
    const lo = words[at]!;
    const hi = words[at + 1]!;
    const kind = coder.kind(lo, hi, level);
    store.put(words, at, this.meta, coder.lo | coder.pfnLo(pfn), coder.hi | coder.pfnHi(pfn));
    if (kind !== TABLE) {
      store.count(this.meta, 1);
      return;
    }
    this.forget();
    store.dropTree(coder.childOf(lo, hi), level - 1, []);
  }

  /** @internal */
  protected get paging(): PagingConsts {
    return this.store.config.format.paging;
  }

  /** @throws {@link PageTableError} `invalid-level` */
  protected checkLevel(level: number, highest: number): void {
    if (Number.isInteger(level) && level >= 1 && level <= highest) return;
    const { levels, name } = this.paging;
    throw new PageTableError({ code: "invalid-level", level, levels, paging: name });
  }

  /** Proves that a page of `level` of frame `pfn` can be mapped at the position with `prop`. */
  protected checkMap(pfn: number, level: number, prop: number): void {
    const { coder, store, table } = this;
    this.checkLevel(level, this.paging.highestTranslationLevel);
    this.settle();
    this.checkPages(PAGES[level]!);
    if (level !== 1 && this.page % PAGES[level]! !== 0) {
      throw new TableError({ code: "unaligned", va: this.va, level });
    }
    if (level === store.levels && !store.config.topLevelCanUnmap) {
      throw new TableError({ code: "shared-table", va: table.vaOf(this.page) });
    }
    coder.checkPfn(pfn, level);
    coder.encode(prop, level);
  }

  /** A property, or flags, as the caller may give them. @throws {@link PageTableError} `unrepresentable` with the bit that is ours */
  protected checkProp(prop: number): void {
    if (!isWord(prop) || prop < 0 || (prop & AVAIL1) !== 0) this.unrepresentable(prop);
  }

  /**
   * Flags to set and to clear. The latter may be a complement.
   *
   * @returns the former, as `EntryCoder.changedLo` takes them
   * @throws as {@link Editor.checkProp}
   */
  protected checkChange(set: number, clear: number): number {
    this.checkProp(set);
    if (!isWord(clear)) this.unrepresentable(clear);
    // Who names AVAIL2 means it as it is; one that comes with AVAIL1, which is nobody's to clear, is part of a complement.
    const literal = (set & AVAIL2) !== 0 || (clear & (AVAIL1 | AVAIL2)) === AVAIL2;
    if (literal || ((set | clear) & (WRITE | AVAIL2)) === 0) return set;
    return this.store.tracks && this.table.forked ? set | AVAIL1 : set;
  }

  private unrepresentable(prop: number): never {
    refuseProperty(this.store.config.format, prop, 1);
  }

  /** The frames of an item that this table may hold. @throws `used-after-drop`; {@link PageTableError} `unfit-item` */
  protected runOf(item: Item): Run {
    this.checkOwner((item as Item | undefined)?.table);
    const isSegment = "start" in item;
    const pages = isSegment ? item.frames : 1;
    const pfn = (isSegment ? item.start : item.paddr) / 4096;
    if (pages === 0) unfit("a segment of no frames");
    for (let i = 0; i < pages; i += 1) {
      if (this.memory.isNode(pfn + i)) unfit(`frame ${pfn + i} is a table's node`);
    }
    return { pfn, pages };
  }

  private checkOwner(frames: FrameTable | undefined): void {
    const { tracks, config } = this.store;
    if (!tracks) unfit(`the table "${config.name}" has untracked ones only: give a frame number`);
    if (frames !== this.table.frames) unfit("it is no Frame or Segment of this table of frames");
  }

  /** The level of a page with so many frames. @throws {@link PageTableError} `unfit-item` */
  protected levelOf(pages: number): number {
    const level = PAGES.indexOf(pages);
    if (level < 1 || level > this.paging.highestTranslationLevel) {
      unfit(`${pages} frames are no page of any level: give them to mapSegment`);
    }
    return level;
  }

  /** Clears the leaf that was entered, and sets the fields for what it was at the last. */
  protected clearLeaf(): void {
    const { words, store, meta } = this;
    const at = this.entryAt();
    const hi = words[at + 1]!;
    let lo = words[at]!;
    while (!store.swap(words, at, meta, lo, 0, 0)) ({ lo } = store);
    this.foundHuge(lo, hi);
    store.count(meta, -1);
  }

  /** Clears the entry that was entered. */
  protected clearEntry(): void {
    this.store.put(this.words, this.entryAt(), this.meta, 0, 0);
    this.store.count(this.meta, -1);
  }

  /**
   * Makes 512 smaller pages of the huge one that was entered. No reference moves: the page has one on each of its frames.
   *
   * @param child - the node that will have them, unwritten
   */
  private split(child: number): void {
    const { store, memory, level, words } = this;
    const at = this.entryAt();
    const hi = words[at + 1]!;
    const below = level - 1;
    let lo = words[at]!;
    this.table.locks.adopt(this, child);
    memory.locate(child, below);
    this.fillPieces(lo, hi, below);
    const { meta } = memory;
    while (!store.relink(words, at, this.meta, lo, child)) {
      ({ lo } = store);
      this.fillPieces(lo, hi, below);
    }
    // Last: until then the huge page holds its frames, and who reaps this agent must not let go of them for its pieces.
    store.setChildren(meta, below, 512);
    this.forget();
  }

  /** Makes a leaf's 512 pieces in the node of level `below` that was located. */
  private fillPieces(lo: number, hi: number, below: number): void {
    const { coder, memory } = this;
    coder.encode(coder.propertyOf(lo, hi, below + 1), below);
    const first = coder.frameOf(lo, hi, below + 1);
    for (let i = 0; i < 512; i += 1) {
      const pfn = first + i * PAGES[below]!;
      memory.words[memory.base + 2 * i + 1] = coder.hi | coder.pfnHi(pfn);
      memory.words[memory.base + 2 * i] = coder.lo | coder.pfnLo(pfn);
    }
  }

  /**
   * Splits until the huge pages that pages `first` and `last` are in reach out of pages `start` to `end` no more. Both are in the range:
   * what is behind the last one may be another agent's, or nothing at all. The position is `first` then.
   *
   * @throws as {@link Editor.nodesFor}: nothing is split then
   */
  protected splitOut(first: number, last: number, start: number, end: number): void {
    this.splitInto(this.nodesFor(first, last, start, end), first, last, start, end);
  }

  /**
   * Makes the nodes that {@link Editor.splitInto} takes, in its order. The position is `first` then.
   *
   * @throws `FrameError` `no-memory`, {@link PageTableError} `unrepresentable`, `unsupported-memory`
   */
  protected nodesFor(first: number, last: number, start: number, end: number): number[] {
    const { coder, store } = this;
    const nodes: number[] = [];
    let other = -1;
    try {
      for (const page of [last, first]) {
        const huge = this.enterHuge(page, start, end);
        for (let { level } = this; huge && level > 1; level -= 1) {
          const size = PAGES[level]!;
          const from = page - (page % size);
          if (from >= start && from + size <= end) break;
          if (Math.floor(other / size) === from / size) continue; // split for the other one
          const at = this.entryAt();
          const prop = coder.propertyOf(this.words[at]!, this.words[at + 1]!, this.level);
          coder.encode(prop, level - 1);
          // Zeros where entries may lead to nodes: who reaps this agent reads them.
          nodes.push(store.alloc(level - 1, level > 2));
        }
        other = page;
      }
    } catch (error) {
      this.freeAll(nodes);
      throw error;
    }
    return nodes;
  }

  /** Frees nodes that were made for nothing. */
  protected freeAll(nodes: readonly number[]): void {
    for (const pfn of nodes) this.store.free(pfn);
  }

  /** See {@link Editor.splitOut}. */
  protected splitInto(
    nodes: readonly number[],
    first: number,
    last: number,
    start: number,
    end: number,
  ): void {
    if (nodes.length === 0) return;
    let next = 0;
    for (const page of [last, first]) {
      for (; this.enterHuge(page, start, end); next += 1) this.split(nodes[next]!);
    }
  }

  /** Moves to a page, and enters what it is mapped by. @returns whether that is a huge page that reaches out of pages `start` to `end` */
  private enterHuge(page: number, start: number, end: number): boolean {
    this.place(page);
    this.level = 0;
    this.enter();
    if (this.level === 1 || (this.slotStart >= start && this.slotEnd <= end)) return false;
    return this.kindHere() === LEAF;
  }

  /**
   * Moves to the next leaf before `end`, split until it lies between the position and `end`, and proves that its flags can be changed
   * so before it is.
   *
   * @returns whether there is one; it is the entry that was entered
   */
  protected seekWhole(end: number, set = 0, clear = 0): boolean {
    while (this.seek(end, false)) {
      const { page } = this;
      if (this.level === 1 || (this.slotStart === page && this.slotEnd <= end)) return true;
      this.checkLeaf(page, end, set, clear);
      this.splitOut(page, page, page, end);
    }
    return false;
  }

  /**
   * Proves that the flags of the leaf that was entered can be changed so: of what is in pages `start` to `end` of it, once it is split.
   *
   * @throws {@link PageTableError} `unrepresentable`
   */
  protected checkLeaf(start: number, end: number, set: number, clear: number): void {
    const { coder, words, level } = this;
    const at = this.entryAt();
    const hi = words[at + 1]!;
    const lo = coder.changedLo(words[at]!, hi, level, set, clear);
    if (level === 1 || (this.slotStart >= start && this.slotEnd <= end)) return;
    const next = coder.propertyOf(lo, coder.changedHi(hi, level), level);
    for (let below = level - 1; below > 0; below -= 1) coder.encode(next, below);
  }

  /**
   * Sets and clears flags of a leaf of the node that was entered.
   *
   * @returns its lower word as it was at the last
   * @throws {@link PageTableError} `unrepresentable`
   */
  protected changeLeaf(at: number, set: number, clear: number): number {
    const { coder, words, store, level, meta } = this;
    const hi = words[at + 1]!;
    let lo = words[at]!;
    let next = coder.changedLo(lo, hi, level, set, clear);
    while (!store.swap(words, at, meta, lo, next, coder.changedHi(hi, level))) {
      ({ lo } = store);
      next = coder.changedLo(lo, hi, level, set, clear);
    }
    return lo;
  }
}
