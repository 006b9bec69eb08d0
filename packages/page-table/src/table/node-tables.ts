/**
 * Tables in frames, as a processor beside the agents that change them reads them: each entry under the version of its node.
 *
 * PT-60: a walk over a table that others change finds what was so at one moment of the walk: it sees no entry half-changed, so it
 * faults nowhere but where an entry said so, and none of a table that was freed. Bits that it sets go to the entry that it has read,
 * or nowhere.
 *
 * Who could break it: a walker made from the memory alone. It reads the two words of an entry one after the other, knows of no
 * version, and nobody waits for it before a table is freed.
 *
 * @module
 */

import { type FrameTable, PageUsage } from "@memkit/frame-meta";
import { checkObject } from "../argument.js";
import { Mmu } from "../walk/mmu.js";
import { type MmuSettings, refuseSetting } from "../walk/settings.js";
import { BEGIN_ANEW, MemoryTables, READ_WHOLE, type Window } from "../walk/tables.js";
import type { SoftwareHook, Step, WalkerInit } from "../walk/walker.js";
import { USAGE_WORD, VERSION_WORD } from "./node-memory.js";
import type { NodeStore } from "./node-store.js";
import type { PageTable } from "./page-table.js";

const WORDS = 1024;
const PAGE_TABLE: number = PageUsage.PageTable;

/** Nodes of tables that agents change by {@link SharedNodeStore}. */
class NodeTables extends MemoryTables {
  private readonly store: NodeStore;

  constructor(store: NodeStore) {
    super(store.frames.memory);
    this.store = store;
  }

  override read(window: Window, at: number, table: number): number {
    const meta = this.metaOf(table);
    const { words } = window;
    // A forged entry leads to what is no node: there is no version to read under.
    if (meta < 0 || at + 1 >= words.length) return super.read(window, at, table);
    const { store } = this;
    if (!store.read(words, at, meta)) {
      this.busy = true; // who is called now may reap, and not walk: this unit is not pinned
      try {
        store.locks.waited();
      } finally {
        this.busy = false;
      }
      return BEGIN_ANEW;
    }
    window.lo = store.lo;
    window.hi = store.hi;
    return READ_WHOLE;
  }

  override swap(table: number, index: number, from: number, to: number, hi: number): boolean {
    const meta = this.metaOf(table);
    if (meta < 0 || this.locate(table, this.window) !== 0) return false;
    const { words, first } = this.window;
    const { slots } = this.store.frames;
    const at = (table - first) * WORDS + index * 2;
    const version = slots.load(meta + VERSION_WORD);
    if ((version & 1) !== 0 || Atomics.load(words, at + 1) !== hi) return false;
    if (Atomics.compareExchange(words, at, from, to) !== from) return false;
    // Another entry that began with the same word would have had to come by a version, or has another upper word.
    return Atomics.load(words, at + 1) === hi && slots.load(meta + VERSION_WORD) === version;
  }

  /** Where the metadata of a node is; -1 for a frame that is none. */
  private metaOf(table: number): number {
    const { slots } = this.store.frames;
    const slot = slots.geometry.slotOf(table);
    if (slot < 0) return -1;
    const meta = slots.wordOf(slot, 0);
    return slots.load(meta + USAGE_WORD) === PAGE_TABLE ? meta : -1;
  }
}

/**
 * Is pinned, once, from the first entry that it reads to the last that it changes (PT-55), which costs an agent nothing that is alone; and
 * walks no table that has been dropped, whose nodes may be anybody's by then.
 */
class TableMmu extends Mmu {
  private readonly held: FrameTable;
  /** What must be there: until {@link TableMmu.setRoot} says that it walks other tables, which the caller keeps. */
  private used: readonly PageTable[];
  /** Steps within steps. */
  private depth = 0;

  constructor(table: PageTable, options: MmuOfOptions) {
    const { frames, store } = table;
    table.live();
    options.high?.live();
    const memory = frames.mode === "single" ? frames.memory : new NodeTables(store);
    super({ ...initOf(table, options), memory });
    this.held = frames;
    this.used = options.high === undefined ? [table] : [table, options.high];
  }

  override setRoot(root: number, rootHigh?: number): void {
    super.setRoot(root, rootHigh);
    this.used = [];
  }

  private pin(): void {
    for (const table of this.used) table.live();
    if (this.depth === 0) this.held.pin();
    this.depth += 1;
  }

  private unpin(): void {
    this.depth -= 1;
    if (this.depth === 0) this.held.unpin();
  }

  override walk(hi: number, lo: number): number {
    this.pin();
    try {
      return super.walk(hi, lo);
    } finally {
      this.unpin();
    }
  }

  override touch(hi: number, lo: number, size: number, request: number, status: number): number {
    this.pin();
    try {
      return super.touch(hi, lo, size, request, status);
    } finally {
      this.unpin();
    }
  }

  override steps(hi: number, lo: number): Step[] {
    this.pin();
    try {
      return super.steps(hi, lo);
    } finally {
      this.unpin();
    }
  }
}

/** What {@link mmuOf} takes besides the table. */
export interface MmuOfOptions {
  /** Of the processor; see {@link MmuSettings}. */
  readonly settings?: MmuSettings;
  /** The table of the upper half, where the architecture has one of its own: AArch64's TTBR1. */
  readonly high?: PageTable;
  /** As in {@link WalkerInit}. */
  readonly software?: SoftwareHook;
}

/** @throws {@link PageTableError} `invalid-setting` unless `high` is the upper half of the same memory */
function initOf(
  { config, frames, rootPfn }: PageTable,
  options: MmuOfOptions,
): Omit<WalkerInit, "memory"> {
  const { format, upperRoot } = config;
  const { high, settings, software } = options;
  const fits = high?.config.upperRoot && high.frames === frames && high.config.format === format;
  if (high !== undefined && (upperRoot || !fits)) {
    refuseSetting(format.dialect, "high", high.config.name);
  }
  const rootHigh = upperRoot ? rootPfn : high?.rootPfn;
  return {
    format,
    root: rootPfn,
    ...(rootHigh === undefined ? {} : { rootHigh }),
    // The upper half's own table is no lower half's.
    ...(upperRoot ? { settings: { ...settings, epd0: true } } : settings && { settings }),
    ...(software === undefined ? {} : { software }),
  };
}

/**
 * A processor's memory unit over a table: a walker, too. Where other agents may change the table it reads each entry under its node's
 * version, so that an entry which is being changed is no fault. The frame that it finds may be another's as soon as it is found: keep
 * translations in a cache that is flushed before frames are let go. When the table is dropped, the unit has ended with it: whatever walks
 * throws core's `used-after-drop`. Who gives it another root by `setRoot` keeps that one alive.
 *
 * @throws {@link PageTableError} `invalid-setting`, also for a `high` that is no upper half of the table's own format and frames;
 * `CoreError` `used-after-drop`
 *
 * @example
 * ```ts
 * import { FrameTable } from "@memkit/frame-meta";
 * import { createBuddy } from "@memkit/frame-meta/alloc";
 * import { DIRTY, pageProperty, READ, USER, userConfig, WRITE, x86Format } from "@memkit/page-table/format";
 * import { mmuOf } from "@memkit/page-table/mmu";
 * import { shareTables } from "@memkit/page-table/shared";
 * import { PageTable } from "@memkit/page-table/table";
 *
 * const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
 * const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
 * createBuddy(frames);
 * shareTables(frames);
 * const table = PageTable.create(frames, userConfig(x86Format()));
 * table.mapRange(0x40_0000, 1, 9, pageProperty(READ | WRITE | USER));
 * const mmu = mmuOf(table);
 * mmu.access(0x40_0010, 4, { kind: "write", mode: "user" }).kind; // => "memory"
 * (table.translate(0x40_0000)?.prop ?? 0) & DIRTY; // => DIRTY
 * mmu.access(0x40_1000, 4, { kind: "read", mode: "user" }).kind; // => "fault"
 * table.drop();
 * ```
 */
export function mmuOf(table: PageTable, options: MmuOfOptions = {}): Mmu {
  checkObject("table", table, "a PageTable", "createUser");
  checkObject("choice of a unit", options, "{ settings, high, software }, or nothing");
  const { high } = options;
  if (high !== undefined) checkObject("table of the upper half", high, "a PageTable", "createUser");
  return new TableMmu(table, options);
}
