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
 * PT-41: after a fork neither table can write to a tracked frame that the other maps. Both are read-only there, or the fork
 * has failed and neither has changed: the child is made first, the parent loses its writes last.
 *
 * @module
 */

import type { PageTableConfig } from "../format/config.js";
import { AVAIL2, WRITE } from "../format/property.js";
import { ABSENT, LEAF, PAGES } from "./entry-coder.js";
import type { NodeStore } from "./node-store.js";
import type { PageTable } from "./page-table.js";
import { TableError } from "./table-error.js";

/** The flag of a mapping that may be written, once it has a frame of its own. */
export const COPY_ON_WRITE: number = AVAIL2;

/** Copies nodes; remembers what the parent has to lose. */
class Copy {
  /** The bits that a leaf becomes. */
  lo = 0;
  hi = 0;
  private readonly store: NodeStore;
  /** Nodes of the parent with pages that it may write, each with its level. */
  private readonly writable: number[] = [];
  private fromLo = 0;
  private fromHi = 0;
  private fromLevel = 0;
  private toLo = 0;
  private toHi = 0;

  constructor(store: NodeStore) {
    this.store = store;
  }

  /** What a leaf is in both tables. @returns whether it is another than it was */
  private share(lo: number, hi: number, level: number): boolean {
    const { coder } = this.store;
    const maskLo = coder.propLo[level]!;
    const maskHi = coder.propHi[level]!;
    const bitsLo = lo & maskLo;
    const bitsHi = hi & maskHi;
    if (bitsLo !== this.fromLo || bitsHi !== this.fromHi || level !== this.fromLevel) {
      const write = (coder.propertyOf(lo, hi, level) & WRITE) !== 0;
      const mine = write && coder.isTracked(lo, hi);
      const toLo = mine ? coder.changedLo(lo, hi, level, COPY_ON_WRITE, WRITE) : lo;
      this.toLo = toLo & maskLo;
      this.toHi = (mine ? coder.changedHi(hi, level) : hi) & maskHi;
      this.fromLo = bitsLo;
      this.fromHi = bitsHi;
      this.fromLevel = level;
    }
    this.lo = (lo & ~maskLo) | this.toLo;
    this.hi = (hi & ~maskHi) | this.toHi;
    return this.toLo !== bitsLo || this.toHi !== bitsHi;
  }

  /** Copies what is below node `from` into `to`, which is empty, or of level 1 unwritten. */
  node(from: number, to: number, level: number): void {
    const { store } = this;
    const { memory, coder, references } = store;
    memory.locate(from, level);
    const { words, base } = memory;
    memory.locate(to, level);
    const { words: into, base: at, meta } = memory;
    const tracks = store.tracks;
    let present = 0;
    let changed = false;
    const first = 2 * store.firstEntry(level);
    const end = 2 * store.endEntry(level);
    let i = first;
    try {
      for (; i < end; i += 2) {
        const lo = words[base + i]!;
        const hi = words[base + i + 1]!;
        const kind = coder.kind(lo, hi, level);
        if (kind === ABSENT) {
          into[at + i] = 0;
          into[at + i + 1] = 0;
        } else if (kind === LEAF) {
          changed = this.share(lo, hi, level) || changed;
          if (tracks && coder.isTracked(lo, hi)) {
            references.share(coder.frameOf(lo, hi, level), PAGES[level]!);
          }
          into[at + i + 1] = this.hi;
          into[at + i] = this.lo;
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
      const { words, base } = memory;
      const end = base + 2 * store.endEntry(level);
      for (let at = base + 2 * store.firstEntry(level); at < end; at += 2) {
        let lo = words[at]!;
        const hi = words[at + 1]!;
        if (coder.kind(lo, hi, level) !== LEAF || !this.share(lo, hi, level)) continue;
        // A write that was allowed before it is not any more has left its mark (PT-59).
        while (!store.swap(words, at, memory.meta, lo, this.lo, this.hi)) {
          ({ lo } = store);
          this.share(lo, hi, level);
        }
      }
    }
  }
}

/**
 * A table with the same mappings. What was writable and tracked is read-only and marked in both; `handleFault` gives it back.
 * Flush the translations of the parent afterwards.
 *
 * @throws {@link PageTableError} `cursor-deadlock` while a cursor is open; `shared-table` for a table whose top tables are shared;
 * `FrameError` `no-memory`, `count-at-max`. Nothing has changed then.
 *
 * @example
 * ```ts
 * import { FrameTable, unitMeta } from "@memkit/frame-meta";
 * import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
 * import { pageProperty, READ, USER, userConfig, WRITE, x86Format } from "@memkit/page-table/format";
 * import { fork, handleFault, PageTable } from "@memkit/page-table/table";
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
  const { store } = table;
  const cursor = table.cursorMutOfAll();
  try {
    if (!store.config.topLevelCanUnmap)
      throw new TableError({ code: "shared-table", va: cursor.va });
    const child = table.createSibling();
    const copy = new Copy(store);
    try {
      copy.node(table.rootPfn, child.rootPfn, store.levels);
    } catch (error) {
      child.drop();
      throw error;
    }
    copy.protect();
    store.finish(child.rootPfn);
    return child;
  } finally {
    cursor.close();
  }
}
