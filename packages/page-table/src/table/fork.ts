/**
 * `fork`: a second table with the same mappings, whose pages are copied when one of the two writes to them.
 *
 *      before            fork              write by one
 *      A: RW -> f        A: R+C -> f       A: RW  -> g, a copy
 *                        B: R+C -> f       B: R+C -> f       the next write of B finds itself alone: RW
 *
 * The mark C is the property flag AVAIL2, so an owner of tables who forks them leaves it alone. Untracked mappings, devices above
 * all, are shared as they are.
 *
 * From then on both tables are `forked`, in all agents, and in them C is the right to write of a page that may not be written yet. What
 * protects a tracked page of them, a cursor, a table or an address space, takes it so:
 *
 *      sets WRITE        R, R+C -> R+C      RW -> RW      also where the page was read-only when it was shared
 *      clears WRITE      R+C, RW -> R                     the next write is the program's fault
 *      names C itself    as it says                       but not in a complement, which names all flags
 *
 * `query` and `translate` say what is in the entry: a page may be written by its program if `prop & (WRITE | COPY_ON_WRITE)`. A frame that is
 * mapped later is its table's own, and may be written at once, until WRITE is taken away and given back. Memory that both are to
 * write is untracked, or mapped anew in both.
 *
 * PT-41: after a fork neither table can write to a tracked frame that the other maps by then. Both are read-only there, or the fork
 * has failed and neither has changed: the child is made first, the parent loses its writes last. Nothing but `handleFault` gives
 * the right to write back, and it has looked whether the frame is this table's alone.
 *
 * @module
 */

import { checkObject } from "../argument.js";
import type { PageTableConfig } from "../format/config.js";
import { AVAIL2, WRITE } from "../format/property.js";
import { ABSENT, LEAF, PAGES } from "./entry-coder.js";
import { FORKED_WORD } from "./node-memory.js";
import type { NodeStore } from "./node-store.js";
import { PageTable } from "./page-table.js";
import type { References } from "./references.js";
import { TableError } from "./table-error.js";

/** In a table that has been forked: the flag of a tracked mapping that may be written, once it has a frame of its own. */
export const COPY_ON_WRITE: number = AVAIL2;

/** One more mapping of `pages` frames that are mapped. @throws `FrameError` `count-at-max`: nothing has changed */
function share(references: References, pfn: number, pages: number): void {
  const { slots, ledger } = references.frames;
  for (let i = 0; i < pages; i += 1) {
    try {
      slots.inc(pfn + i);
    } catch (error) {
      for (let done = 0; done < i; done += 1) references.release(pfn + done);
      throw error;
    }
    ledger?.acquire(slots.geometry.slotOf(pfn + i), "path");
  }
}

/** Copies nodes; remembers what the parent has to lose. */
class Copy {
  private readonly store: NodeStore;
  /** Nodes of the parent with pages that it may write, each with its level. */
  private readonly writable: number[] = [];
  private fromLo = 0;
  private fromHi = 0;
  private fromLevel = 0;
  private toLo = 0;
  private toHi = 0;
  /** Whether such a leaf becomes another, and whether it holds its frame. */
  private changes = false;
  private counted = false;

  constructor(store: NodeStore) {
    this.store = store;
  }

  /** What an entry is. Of a leaf it is known then what it becomes, as of the last one with the same bits. */
  private kind(lo: number, hi: number, level: number, maskLo: number, maskHi: number): number {
    if (
      (lo & maskLo) === this.fromLo &&
      (hi & maskHi) === this.fromHi &&
      level === this.fromLevel
    ) {
      return LEAF;
    }
    const kind = this.store.coder.kind(lo, hi, level);
    if (kind === LEAF) this.learn(lo, hi, level);
    return kind;
  }

  private learn(lo: number, hi: number, level: number): void {
    const { coder, tracks } = this.store;
    const maskLo = coder.propLo[level]!;
    const maskHi = coder.propHi[level]!;
    const write = (coder.propertyOf(lo, hi, level) & WRITE) !== 0;
    const counted = tracks && coder.isTracked(lo, hi);
    const mine = write && counted;
    const toLo = mine ? coder.changedLo(lo, hi, level, COPY_ON_WRITE, WRITE) : lo;
    this.counted = counted;
    this.toLo = toLo & maskLo;
    this.toHi = (mine ? coder.changedHi(hi, level) : hi) & maskHi;
    this.fromLo = lo & maskLo;
    this.fromHi = hi & maskHi;
    this.fromLevel = level;
    this.changes = this.toLo !== this.fromLo || this.toHi !== this.fromHi;
  }

  /** Copies what is below node `from` into `to`, which is empty, or of level 1 unwritten. */
  node(from: number, to: number, level: number): void {
    const { store } = this;
    const { memory, coder, references } = store;
    const { slots, ledger } = store.frames;
    memory.locate(from, level);
    const { words, base } = memory;
    memory.locate(to, level);
    const { words: into, base: at, meta } = memory;
    const maskLo = coder.propLo[level]!;
    const maskHi = coder.propHi[level]!;
    let present = 0;
    let changed = false;
    const end = 2 * store.endEntry(level);
    let i = 2 * store.firstEntry(level);
    try {
      for (; i < end; i += 2) {
        const lo = words[base + i]!;
        const hi = words[base + i + 1]!;
        const kind = this.kind(lo, hi, level, maskLo, maskHi);
        if (kind === ABSENT) {
          into[at + i] = 0;
          into[at + i + 1] = 0;
        } else if (kind === LEAF) {
          if (this.changes) changed = true;
          if (this.counted) {
            if (level === 1 && ledger === undefined) slots.inc(coder.childOf(lo, hi));
            else share(references, coder.frameOf(lo, hi, level), PAGES[level]!);
          }
          into[at + i + 1] = (hi & ~maskHi) | this.toHi;
          into[at + i] = (lo & ~maskLo) | this.toLo;
          present += 1;
        } else {
          const child = store.alloc(level - 1, level > 2);
          store.link(into, at + i, meta, child);
          present += 1;
          this.node(coder.childOf(lo, hi), child, level - 1);
          store.locks.release(child);
        }
      }
    } finally {
      // Where it stopped half-way, the rest must be nothing: it is dropped.
      if (i < end && level === 1) into.fill(0, at + i, at + end);
      store.count(meta, present);
    }
    if (changed) this.writable.push(from, level);
  }

  /** Takes the writes away from the parent. */
  protect(): void {
    const { store, writable } = this;
    const { memory, coder } = store;
    for (let n = 0; n < writable.length; n += 2) {
      const level = writable[n + 1]!;
      memory.locate(writable[n]!, level);
      const { words, base, meta } = memory;
      const maskLo = coder.propLo[level]!;
      const maskHi = coder.propHi[level]!;
      const end = base + 2 * store.endEntry(level);
      for (let at = base + 2 * store.firstEntry(level); at < end; at += 2) {
        let lo = words[at]!;
        const hi = words[at + 1]!;
        if (this.kind(lo, hi, level, maskLo, maskHi) !== LEAF || !this.changes) continue;
        const nextHi = (hi & ~maskHi) | this.toHi;
        // A write that was allowed before it is not any more has left its mark (PT-59).
        while (!store.swap(words, at, meta, lo, (lo & ~maskLo) | this.toLo, nextHi)) {
          ({ lo } = store);
          this.kind(lo, hi, level, maskLo, maskHi);
        }
      }
    }
  }
}

/** Says that AVAIL2 is the mark from now on, to whoever opens a cursor after this one: all of the table is locked, so plainly. */
function setForked({ frames: { slots }, rootPfn }: PageTable): void {
  slots.words[slots.wordOf(slots.geometry.slotOf(rootPfn), FORKED_WORD)] = 1;
}

/** A root that is not finished, with what this one shares of another: its own entries are nothing. */
function siblingOf<C extends PageTableConfig>(table: PageTable<C>): PageTable<C> {
  const { store, config, shared, rootPfn } = table;
  const clone = shared?.clone();
  try {
    const child = PageTable.withRoot(store, config, clone);
    if (clone !== undefined) {
      const { memory, levels } = store;
      memory.locate(rootPfn, levels);
      const { words, base } = memory;
      memory.locate(child.rootPfn, levels);
      memory.words.set(words.subarray(base, base + 1024), memory.base);
      const [first, last] = config.topLevelIndexRange;
      memory.words.fill(0, memory.base + 2 * first, memory.base + 2 * last + 2);
    }
    return child;
  } catch (error) {
    clone?.drop();
    throw error;
  }
}

/**
 * A table with the same mappings. What was writable and tracked is read-only and marked in both; `handleFault` gives it back.
 * Flush the translations of the parent afterwards.
 *
 * @throws {@link PageTableError} `cursor-deadlock` while a cursor is open; `shared-table` for a table whose top tables are shared;
 * `unrepresentable` where a page may be written and the format has no bit for {@link COPY_ON_WRITE}; `unsupported-memory` as for
 * `PageTable.create`; `FrameError` `no-memory`, `count-at-max`; `invalid-argument`. Nothing has changed then.
 *
 * @example
 * ```ts
 * import { FrameTable, unitMeta } from "@memkit/frame-meta";
 * import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
 * import { fork, handleFault } from "@memkit/page-table/fork";
 * import { pageProperty, READ, USER, userConfig, WRITE, x86Format } from "@memkit/page-table/format";
 * import { PageTable } from "@memkit/page-table/table";
 *
 * const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(32 * 4096) } });
 * createBuddy(frames);
 * const parent = PageTable.create(frames, userConfig(x86Format()));
 * const cursor = parent.cursorMut(0x1000, 1);
 * cursor.map(allocFrame(frames, unitMeta, {}), pageProperty(READ | WRITE | USER));
 * cursor.close();
 * const child = fork(parent);
 * handleFault(child, 0x1234, "write"); // => "resolved"
 * handleFault(child, 0x2000, "write"); // => "not-mapped"
 * parent.drop();
 * child.drop();
 * ```
 */
export function fork<C extends PageTableConfig>(table: PageTable<C>): PageTable<C> {
  checkObject("table", table, "a PageTable", "cursorMutOfAll");
  const { store } = table;
  const cursor = table.cursorMutOfAll();
  try {
    if (!store.config.topLevelCanUnmap)
      throw new TableError({ code: "shared-table", va: cursor.va });
    const child = siblingOf(table);
    const copy = new Copy(store);
    try {
      copy.node(table.rootPfn, child.rootPfn, store.levels);
    } catch (error) {
      child.drop();
      throw error;
    }
    setForked(table);
    setForked(child);
    copy.protect();
    store.finish(child.rootPfn);
    return child;
  } finally {
    cursor.close();
  }
}
