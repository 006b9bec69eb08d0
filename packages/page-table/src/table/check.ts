/**
 * `checkInvariants`: everything that must hold of a table, looked at in its words.
 *
 * | id | PT    | what                                                                                             |
 * |----|-------|--------------------------------------------------------------------------------------------------|
 * | N1 | PT-32 | a node is a page-table frame of its level, and `nrChildren` counts its present entries            |
 * | N2 | PT-33 | a node is held, by one entry, and not stray                                                       |
 * | E1 | PT-37 | a present entry is a leaf with a property, or leads to a node one level below                    |
 * | E2 | PT-37 | a leaf is at a level that has leaves, its frame aligned to its size, and no reserved bit set       |
 * | E3 | PT-38 | a tracked frame is memory, no node, and counted at least as often as it is mapped                 |
 * | E4 | PT-39 | entries that are not the table's own are in the root only, and are those of the shared root        |
 * | M1 | PT-40 | a mapping is a page of some level within the table's share of the address space                   |
 * | M2 | PT-40 | mappings do not overlap                                                                           |
 * | C1 | PT-35 | a cursor is in its range or at its end, on the way from the root to its page, below a node that    |
 * |    |       | covers the range and that it has locked, and no other one has a page of it                        |
 *
 * PT-37: a present entry is a leaf of a legal level whose frame is aligned to it, or leads to a node one level below; none has a bit
 * that the format reserves.
 * PT-38: what a tracked mapping holds is memory that is no node, counted at least as often as it is mapped.
 * PT-39: the root's entries beyond the configuration's are borrowed: they are the shared root's, all of them, and neither counted nor
 * freed.
 * PT-40: mappings are whole pages inside of the table's share, and disjoint.
 *
 * @see vostd `page_table/node/owners.rs`, `node/entry_owners.rs`, `view.rs`, `cursor/owners.rs`
 * @module
 */

import { PAGE_SIZE, type Pfn } from "@memkit/core/address";
import { checkObject } from "../argument.js";
import { RESERVED_RIGHTS } from "../format/rights.js";
import { metaOf, misplaced } from "./check-cursors.js";
import { Holders } from "./check-items.js";
import { ABSENT, LEAF, PAGES } from "./entry-coder.js";
import { CHILDREN, STRAY } from "./node-memory.js";
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

class Check {
  readonly violations: TableViolation[] = [];
  private readonly table: PageTable;
  private readonly nodes = new Set<number>();
  private readonly holders = new Holders();
  /** One past the last page that is mapped so far. */
  private end = -1;

  constructor(table: PageTable) {
    this.table = table;
  }

  private blame(id: TableInvariant, page: number, pfn: number, what: string): void {
    const { paging } = this.table.config.format;
    const va = this.table.vaOf(page);
    // What is borrowed is in the other half.
    const bits = paging.canonical === "sign-extended" ? paging.vaBits : 64;
    this.violations.push({ id, va: BigInt.asUintN(64, BigInt.asIntN(bits, va)), pfn, what });
  }

  run(): void {
    const { table } = this;
    for (const cursor of table.open) cursor.note();
    this.node(table.rootPfn, table.store.levels, 0);
    this.borrowed();
    for (const { page, pfn, what } of this.holders.wrong(table.frames)) {
      this.blame("E3", page, pfn, what);
    }
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
    const meta = metaOf(table, pfn, level);
    if (meta < 0) {
      this.blame("E1", page, pfn, `an entry leads to a frame that is no table of level ${level}`);
      return;
    }
    if (this.nodes.has(pfn)) {
      this.blame("N2", page, pfn, "two entries lead to one node");
      return;
    }
    this.nodes.add(pfn);
    const word = slots.words[meta]!;
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
      else {
        const child = coder.childOf(lo, hi);
        if (this.reserved(lo, hi, level, false))
          this.blame("E1", at, child, "a table's reserved bit is set");
        this.node(child, level - 1, at);
      }
    }
    if ((word & CHILDREN) !== present) {
      this.blame("N1", page, pfn, `nrChildren is ${word & CHILDREN}, and ${present} are present`);
    }
  }

  /** Bits of an entry that the format reserves: a processor faults, whatever the rest says. */
  private reserved(lo: number, hi: number, level: number, leaf: boolean): boolean {
    const { coder, config } = this.table.store;
    const { format } = config;
    if (!leaf) {
      return (
        (((lo ^ format.tableXor) & format.tableReservedLo) | (hi & format.tableReservedHi)) !== 0
      );
    }
    // Nothing of an entry that is not valid is reserved; its frame is aligned all the same.
    const ours = (lo & format.valid) === 0 ? coder.hiddenHi : 0;
    const upper = hi & format.leafReservedHi[level]! & ~ours;
    return (((lo ^ format.pageXor) & format.leafReservedLo[level]!) | upper) !== 0;
  }

  /** Whether the entry has a property: its permission bits mean something, and what they mean can be written. */
  private means(lo: number, hi: number, level: number): boolean {
    const { coder, config } = this.table.store;
    const { format } = config;
    const index =
      ((lo >>> format.loShift) & format.loMask) | ((hi >>> format.hiShift) & format.hiMask);
    if ((lo & format.valid) !== 0 && format.rights[index] === RESERVED_RIGHTS) return false;
    return format.supports(coder.propertyOf(lo, hi, level), level);
  }

  private leaf(lo: number, hi: number, level: number, page: number): void {
    const { table } = this;
    const { coder, config, tracks } = table.store;
    const pfn = coder.frameOf(lo, hi, level);
    const pages = PAGES[level]!;
    if (level > config.format.paging.highestTranslationLevel) {
      this.blame("E2", page, pfn, `a leaf at level ${level}`);
    } else {
      if (this.reserved(lo, hi, level, true)) {
        this.blame(
          "E2",
          page,
          pfn,
          "the frame is not aligned to the page, or a reserved bit is set",
        );
      }
      if (!this.means(lo, hi, level)) this.blame("E1", page, pfn, "no property means this entry");
    }
    const first = table.firstVpn - table.baseVpn;
    if (page % pages !== 0 || page < first || page + pages > first + table.pages) {
      this.blame("M1", page, pfn, "a mapping reaches out of the table's share");
    }
    if (page < this.end) this.blame("M2", page, pfn, "two mappings overlap");
    this.end = page + pages;
    if (!coder.isTracked(lo, hi)) return;
    if (!tracks) this.blame("E3", page, pfn, "a tracked item in an untracked table");
    this.holders.add(pfn, pages, page);
  }

  /** What the root has beside its own entries: what the shared root has there, no more and no less. */
  private borrowed(): void {
    const { table } = this;
    const { store, shared } = table;
    const { coder, levels, config } = store;
    const mine = this.rootWords(table.rootPfn);
    if (mine.length === 0) return; // said already
    const theirs = shared === undefined ? undefined : this.rootWords(shared.paddr / PAGE_SIZE);
    // A processor says there that it went through.
    const other = ~config.format.tableAccessed;
    for (let i = 0; i < 512; i += 1) {
      if (i >= store.firstEntry(levels) && i < store.endEntry(levels)) continue;
      const [lo, hi] = [mine[2 * i]!, mine[2 * i + 1]!];
      const [sharedLo, sharedHi] = [theirs?.[2 * i] ?? 0, theirs?.[2 * i + 1] ?? 0];
      const kind = coder.kind(lo, hi, levels);
      const page = i * PAGES[levels]!;
      const pfn = coder.childOf(lo, hi);
      if (kind === LEAF) this.blame("E4", page, pfn, "a leaf where only borrowed tables are");
      else if (kind === ABSENT) {
        if (coder.kind(sharedLo, sharedHi, levels) === ABSENT) continue;
        const missing = coder.childOf(sharedLo, sharedHi);
        this.blame("E4", page, missing, "a table of the shared root is missing");
      } else if (((lo ^ sharedLo) & other) !== 0 || hi !== sharedHi) {
        this.blame("E4", page, pfn, "a table that the shared root does not have");
      }
    }
  }

  /** The words of a root; none where it is none any more. */
  private rootWords(pfn: number): Int32Array {
    const { memory, levels } = this.table.store;
    if (metaOf(this.table, pfn, levels) < 0) return new Int32Array(0);
    memory.locate(pfn, levels);
    return memory.words.subarray(memory.base, memory.base + 1024);
  }

  private cursors(): void {
    const { table } = this;
    for (const [i, cursor] of table.open.entries()) {
      const { page, startPage, endPage, guardPfn } = cursor;
      for (const what of misplaced(table, cursor)) this.blame("C1", page, guardPfn, what);
      for (const other of table.open.slice(i + 1)) {
        if (other.startPage < endPage && startPage < other.endPage) {
          this.blame("C1", page, guardPfn, "two cursors overlap");
        }
      }
    }
  }
}

/**
 * Looks at every node and entry of a table. Exact while nobody works on it, in any agent: what is being changed is told as it is.
 *
 * Sees the nodes that entries lead to, whichever agent has made them, and of cursors those of this agent (C1), for others' are in their own
 * memory: a lock word that a dead agent has left is no violation, and is `reap`'s to find. A frame that several tables map is counted for
 * this one only (E3); frames that no entry leads to are for the `checkInvariants` of `@memkit/frame-meta/model`.
 *
 * @returns what does not hold: empty where all is well
 * @throws {@link PageTableError} `invalid-argument`
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
  checkObject("table", table, "a PageTable", "cursorMutOfAll");
  const check = new Check(table);
  check.run();
  return check.violations;
}
