/**
 * `checkInvariants`: everything that must hold of a table, looked at in its words.
 *
 * | id | PT    | what                                                                                             |
 * |----|-------|--------------------------------------------------------------------------------------------------|
 * | N1 | PT-32 | a node is a page-table frame of its level, and `nrChildren` counts its present entries            |
 * | N2 | PT-33 | a node is held, by one entry, and not stray                                                       |
 * | E1 | PT-37 | a present entry is a leaf with a property, or leads to a node one level below                    |
 * | E2 | PT-37 | a leaf is at a level that has leaves, and its frame aligned to its size                           |
 * | E3 | PT-38 | a tracked frame is memory, no node, and counted at least as often as it is mapped                 |
 * | E4 | PT-39 | entries that are not the table's own are in the root only, and lead to tables of the shared root  |
 * | M1 | PT-40 | a mapping is a page of some level within the table's share of the address space                   |
 * | M2 | PT-40 | mappings do not overlap                                                                           |
 * | C1 | PT-35 | a cursor is in its range or at its end, its node is locked, and no other one has a page of it     |
 *
 * PT-37: a present entry is a leaf of a legal level whose frame is aligned to it, or leads to a node one level below.
 * PT-38: what a tracked mapping holds is memory that is no node, counted at least as often as it is mapped.
 * PT-39: the root's entries beyond the configuration's are borrowed: they are the shared root's, and neither counted nor freed.
 * PT-40: mappings are whole pages inside of the table's share, and disjoint.
 *
 * @see vostd `page_table/node/owners.rs`, `node/entry_owners.rs`, `view.rs`, `cursor/owners.rs`
 * @module
 */

import { PAGE_SIZE, type Pfn } from "@memkit/core/address";
import { PageUsage } from "@memkit/frame-meta";
import { ABSENT, LEAF, PAGES } from "./entry-coder.js";
import { CHILDREN, LEVEL_SHIFT, LOCK_WORD, STRAY } from "./node-memory.js";
import type { PageTable } from "./page-table.js";

/** The ids of the invariants of tables: see the head of this module. */
export type TableInvariant = "N1" | "N2" | "E1" | "E2" | "E3" | "E4" | "M1" | "M2" | "C1";

/** An invariant that does not hold. */
export interface TableViolation {
  readonly id: TableInvariant;
  /** Where: the first address that the entry is for. */
  readonly va: bigint;
  /** The frame of the node, or what the entry leads to. */
  readonly pfn: number;
  readonly what: string;
}

/** Words of a slot from its metadata to its usage. */
const USAGE = 11;
const RESERVED = -1;

class Check {
  readonly violations: TableViolation[] = [];
  private readonly table: PageTable;
  private readonly nodes = new Set<number>();
  private readonly mapped = new Map<number, number>();
  private end = RESERVED;

  constructor(table: PageTable) {
    this.table = table;
  }

  private blame(id: TableInvariant, page: number, pfn: number, what: string): void {
    this.violations.push({ id, va: BigInt.asUintN(64, this.table.vaOf(page)), pfn, what });
  }

  run(): void {
    const { table } = this;
    for (const cursor of table.open) cursor.note();
    this.node(table.rootPfn, table.store.levels, 0);
    this.borrowed();
    for (const [pfn, count] of this.mapped) this.tracked(pfn, count);
    this.cursors();
  }

  private node(pfn: number, level: number, page: number): void {
    const { table } = this;
    const { store, frames } = table;
    const { memory, coder } = store;
    const { slots } = frames;
    if (frames.memory.bankIndexOf(pfn as Pfn) < 0) {
      this.blame("E1", page, pfn, "an entry leads outside of the memory");
      return;
    }
    const meta = slots.wordOf(slots.geometry.slotOf(pfn), 0);
    const word = slots.words[meta]!;
    if (slots.words[meta + USAGE] !== PageUsage.PageTable || word >>> LEVEL_SHIFT !== level) {
      this.blame("E1", page, pfn, `an entry leads to a frame that is no table of level ${level}`);
      return;
    }
    if (this.nodes.has(pfn)) {
      this.blame("N2", page, pfn, "two entries lead to one node");
      return;
    }
    this.nodes.add(pfn);
    if (slots.countOf(pfn) < 1) this.blame("N2", page, pfn, "nobody holds the node");
    if ((word & STRAY) !== 0) this.blame("N2", page, pfn, "a node of the table is marked stray");
    memory.locate(pfn, level);
    const { words, base } = memory;
    let present = 0;
    const end = store.endEntry(level);
    for (let i = store.firstEntry(level); i < end; i += 1) {
      const lo = words[base + 2 * i]!;
      const hi = words[base + 2 * i + 1]!;
      const kind = coder.kind(lo, hi, level);
      if (kind === ABSENT) continue;
      present += 1;
      const at = page + i * PAGES[level]!;
      if (kind === LEAF) this.leaf(lo, hi, level, at);
      else this.node(coder.childOf(lo, hi), level - 1, at);
    }
    if ((word & CHILDREN) !== present) {
      this.blame("N1", page, pfn, `nrChildren is ${word & CHILDREN}, and ${present} are present`);
    }
  }

  private leaf(lo: number, hi: number, level: number, page: number): void {
    const { table } = this;
    const { coder, config } = table.store;
    const pfn = coder.frameOf(lo, hi, level);
    const pages = PAGES[level]!;
    if (level > config.format.paging.highestTranslationLevel) {
      this.blame("E2", page, pfn, `a leaf at level ${level}`);
    }
    const reserved = config.format.leafReservedLo[level]!;
    if (((lo ^ config.format.pageXor) & reserved) !== 0) {
      this.blame("E2", page, pfn, "the frame is not aligned to the page");
    }
    if (!config.format.supports(coder.propertyOf(lo, hi, level), level)) {
      this.blame("E1", page, pfn, "no property means this entry");
    }
    const first = table.firstVpn - table.baseVpn;
    if (page % pages !== 0 || page < first || page + pages > first + table.pages) {
      this.blame("M1", page, pfn, "a mapping reaches out of the table's share");
    }
    if (page < this.end) this.blame("M2", page, pfn, "two mappings overlap");
    this.end = page + pages;
    if (!coder.isTracked(lo, hi)) return;
    if (!table.store.tracks) this.blame("E3", page, pfn, "a tracked item in an untracked table");
    for (let i = 0; i < pages; i += 1) {
      this.mapped.set(pfn + i, (this.mapped.get(pfn + i) ?? 0) + 1);
    }
  }

  private tracked(pfn: number, mapped: number): void {
    const { slots, memory } = this.table.frames;
    if (memory.bankIndexOf(pfn as Pfn) < 0) {
      this.blame("E3", 0, pfn, "a tracked frame that is no memory");
      return;
    }
    const slot = slots.wordOf(slots.geometry.slotOf(pfn), 0);
    if (slots.words[slot + USAGE] === PageUsage.PageTable) {
      this.blame("E3", 0, pfn, "a page-table node is mapped as an item");
    }
    const count = slots.countOf(pfn);
    if (count < mapped) this.blame("E3", 0, pfn, `mapped ${mapped} times and counted ${count}`);
  }

  private borrowed(): void {
    const { table } = this;
    const { store } = table;
    const { memory, coder, levels } = store;
    memory.locate(table.rootPfn, levels);
    const { words, base } = memory;
    for (let i = 0; i < 512; i += 1) {
      if (i >= store.firstEntry(levels) && i < store.endEntry(levels)) continue;
      const lo = words[base + 2 * i]!;
      const hi = words[base + 2 * i + 1]!;
      const kind = coder.kind(lo, hi, levels);
      const page = i * PAGES[levels]!;
      const pfn = coder.childOf(lo, hi);
      if (kind === LEAF) this.blame("E4", page, pfn, "a leaf where only borrowed tables are");
      else if (kind !== ABSENT && !this.shares(i, pfn)) {
        this.blame("E4", page, pfn, "a table that the shared root does not have");
      }
    }
  }

  /** Whether the root that is shared has an entry there, too, which leads to the same table. */
  private shares(index: number, pfn: number): boolean {
    const { shared, store } = this.table;
    if (shared === undefined) return false;
    const { memory, coder, levels } = store;
    memory.locate(shared.paddr / PAGE_SIZE, levels);
    const at = memory.base + 2 * index;
    return coder.childOf(memory.words[at]!, memory.words[at + 1]!) === pfn;
  }

  private cursors(): void {
    const { open, store } = this.table;
    const { memory } = store;
    for (const [i, cursor] of open.entries()) {
      const { page, startPage, endPage, guardPfn, guardLevel } = cursor;
      if (page < startPage || page > endPage) {
        this.blame("C1", page, guardPfn, "a cursor is outside of its range");
      }
      memory.locate(guardPfn, guardLevel);
      if (memory.slotWords[memory.meta + LOCK_WORD] === 0) {
        this.blame("C1", page, guardPfn, "the node that covers a cursor is not locked");
      }
      for (const other of open.slice(i + 1)) {
        if (other.startPage < endPage && startPage < other.endPage) {
          this.blame("C1", page, guardPfn, "two cursors overlap");
        }
      }
    }
  }
}

/**
 * Looks at every node and entry of a table. Exact while nobody works on it.
 *
 * @returns what does not hold: empty where all is well
 *
 * @example
 * ```ts
 * import { FrameTable } from "@memkit/frame-meta";
 * import { createBuddy } from "@memkit/frame-meta/alloc";
 * import { userConfig, x86Format } from "@memkit/page-table/format";
 * import { checkInvariants } from "@memkit/page-table/model";
 * import { PageTable } from "@memkit/page-table/table";
 *
 * const buffer = new ArrayBuffer(16 * 4096);
 * const frames = FrameTable.create({ memory: { buffer } });
 * createBuddy(frames);
 * const table = PageTable.create(frames, userConfig(x86Format()));
 * checkInvariants(table); // => []
 * new Int32Array(buffer)[table.rootPfn * 1024] = 0x7001; // somebody writes to the root
 * checkInvariants(table).map(({ id }) => id); // => ["E1", "N1"]
 * ```
 */
export function checkInvariants(table: PageTable): TableViolation[] {
  const check = new Check(table);
  check.run();
  return check.violations;
}
