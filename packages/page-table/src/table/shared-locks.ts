/**
 * Cursors of several agents on one table: CortenMM's protocol, with locks in the nodes and nothing else.
 *
 *     cursorMut(range)
 *        |  pin: what this agent reaches by reading stays a node until it unpins
 *        v
 *      walk down without a lock, to the lowest node N that covers the range and whose level fits its largest page
 *        |
 *        v
 *      N's lock word: 0 -> this agent's mark      another's: unpin, wait, begin anew      below 0, stray: begin anew
 *        |  unpin: N is locked, so it stays
 *        v
 *      is the entry below still what was read?    a table: unlock, begin anew; nothing: make one, locked before it is seen, go down
 *        |
 *        v
 *      lock every table below N that has a page of the range, parents first, each in the order of addresses
 *        |
 *        v
 *      the cursor works alone on all that it has locked; tables that it makes are locked before anybody sees them
 *        |  a table that it takes out: entry cleared -> marked stray -> freed when nobody is pinned who may have seen the entry
 *        v
 *      close(): all lock words -> 0
 *
 * PT-50: entries, and the metadata of a node, are changed only by the agent whose mark the node's lock word has, but for nodes
 * that nobody else can reach yet, or any more.
 * PT-51: no open cursor has locked a node that has a page of another open cursor's range. Both have locked the lowest node that
 * covers them, or one has locked a node above it and all tables below that has pages of its own range.
 * PT-52: a stray node was locked by the agent that made it stray, and nobody ever locks it again: its lock word goes from the mark
 * to the mark's negative, which is not 0 until the frame is something else.
 * PT-53: who waits is not pinned: neither reclaiming nor a reap waits for a waiter.
 * PT-54: there is no cycle of waiting: agents wait for nodes in the order of (root, first page, level from the top), and one that has
 * a cursor open already waits only for nodes behind all that it has. Otherwise it is told `cursor-deadlock`.
 *
 * Who could break them: code that writes lock words or entries by other means, such as a guest whose memory the nodes are in.
 *
 * @see OSTD `mm/page_table/cursor/locking.rs`; CortenMM, SOSP 2025, 10.1145/3731569.3764836
 * @module
 */

import type { FrameTable } from "@memkit/frame-meta";
import type { Cursor } from "../cursor/cursor.js";
import { LEAF, PAGES, TABLE } from "./entry-coder.js";
import { coveredBelow, Descent, indexOf, type Locks } from "./locks.js";
import { CHILDREN, LOCK_WORD } from "./node-memory.js";
import type { NodeStore } from "./node-store.js";
import { lacksMemory } from "./shared-store.js";
import { TableError } from "./table-error.js";

/** How often a lock word is looked at before its waiter sleeps: as long as a few operations of a cursor take. */
const SPINS = 64;

/** Lets the other hardware thread run. Not in every engine of today. */
const pause = (): void => (Atomics as { readonly pause?: () => void }).pause?.();

/** What an agent's lock words say: `agent` + 1. */
export const markOf = (agent: number): number => agent + 1;

export class SharedLocks implements Locks {
  private readonly frames: FrameTable;
  readonly mark: number;
  readonly cursors: Cursor[] = [];
  private readonly onWait: (() => void) | undefined;

  /** @param onWait - called, unpinned, where this agent waits for another one: it has nothing half-done then, so it may reap that one, or throw */
  constructor(frames: FrameTable, onWait?: () => void) {
    this.frames = frames;
    this.mark = markOf(frames.agent!.id);
    this.onWait = onWait;
  }

  open(cursor: Cursor, create: boolean): void {
    cursor.locked = new Set();
    try {
      while (!this.cover(cursor) || !this.lower(cursor, create)) this.onWait?.();
      const { guardPfn, guardLevel, startPage } = cursor;
      const first = startPage - (startPage % PAGES[guardLevel + 1]!);
      this.lockBelow(cursor, guardPfn, guardLevel, first);
    } catch (error) {
      this.unlockAll(cursor);
      throw error;
    }
    this.cursors.push(cursor);
  }

  adopt(cursor: Cursor, pfn: number): void {
    cursor.locked.add(pfn); // it was locked when it was made
  }

  release(pfn: number): void {
    this.frames.slots.store(this.lockOf(pfn), 0);
  }

  lose(pfn: number): void {
    for (const { locked } of this.cursors) locked.delete(pfn);
    const { slots } = this.frames;
    slots.store(this.lockOf(pfn), -this.mark);
  }

  close(cursor: Cursor): void {
    this.cursors.splice(this.cursors.indexOf(cursor), 1);
    this.unlockAll(cursor);
    cursor.table.store.collect();
  }

  waited(): void {
    if (this.onWait === undefined) return;
    this.frames.unpin(); // PT-53
    try {
      this.onWait();
    } finally {
      this.frames.pin();
    }
  }

  private lockOf(pfn: number): number {
    const { slots } = this.frames;
    return slots.wordOf(slots.geometry.slotOf(pfn), LOCK_WORD);
  }

  private unlockAll({ locked }: Cursor): void {
    for (const pfn of locked) this.frames.slots.store(this.lockOf(pfn), 0);
    locked.clear();
  }

  /** Locks the lowest node that covers the range, as far as an agent sees that has locked nothing. @returns whether it has */
  private cover(cursor: Cursor): boolean {
    const descent = new Descent(cursor.table.store);
    const found = this.tryCover(cursor, descent);
    if (found > 0) {
      // Unpinned: the node may go meanwhile, and its slot be another frame's. Whatever the word says, the walk begins anew.
      this.wait(cursor, descent.level, cursor.startPage, this.lockOf(descent.pfn), found);
    }
    return found === 0;
  }

  /** @returns 0 where it is locked; what its lock word said, above 0, where another has it; below 0 to begin anew */
  private tryCover(cursor: Cursor, descent: Descent): number {
    const { frames } = this;
    const { table, startPage, endPage } = cursor;
    frames.pin();
    try {
      if (!descent.run(table.rootPfn, startPage, endPage)) return -1;
      const lock = table.store.memory.meta + LOCK_WORD;
      const found = frames.slots.swap(lock, 0, this.mark);
      if (found !== 0) return found;
    } finally {
      frames.unpin();
    }
    cursor.guardPfn = descent.pfn;
    cursor.guardLevel = descent.level;
    cursor.locked.add(descent.pfn);
    return 0;
  }

  /** Goes on down with tables of its own. @returns `false` where another agent has made one meanwhile; nothing is locked then */
  private lower(cursor: Cursor, create: boolean): boolean {
    const { startPage, endPage, locked } = cursor;
    const { store } = cursor.table;
    const { memory, coder } = store;
    while (coveredBelow(cursor.guardLevel, startPage, endPage)) {
      memory.locate(cursor.guardPfn, cursor.guardLevel);
      const { words, meta, base } = memory;
      const at = base + 2 * indexOf(startPage, cursor.guardLevel);
      const kind = coder.kind(words[at]!, words[at + 1]!, cursor.guardLevel);
      if (kind === TABLE) {
        this.unlockAll(cursor);
        return false;
      }
      const child = kind === LEAF || !create ? -1 : tryAlloc(store, cursor.guardLevel - 1);
      if (child < 0) return true;
      this.adopt(cursor, child);
      store.link(words, at, meta, child);
      store.count(meta, 1);
      locked.delete(cursor.guardPfn);
      this.frames.slots.store(meta + LOCK_WORD, 0);
      cursor.guardPfn = child;
      cursor.guardLevel -= 1;
    }
    return true;
  }

  /** Locks all tables below a locked one, whose first page is `first`, that have a page of the range. */
  private lockBelow(cursor: Cursor, pfn: number, level: number, first: number): void {
    if (level === 1) return;
    const { memory, coder } = cursor.table.store;
    memory.locate(pfn, level);
    const { words, base, meta, slotWords } = memory;
    if ((slotWords[meta]! & CHILDREN) === 0) return;
    const size = PAGES[level]!;
    const start = Math.max(cursor.startPage, first);
    const end = Math.min(cursor.endPage, first + PAGES[level + 1]!);
    for (let page = start - (start % size); page < end; page += size) {
      const at = base + 2 * indexOf(page, level);
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if (coder.kind(lo, hi, level) !== TABLE) continue;
      const child = coder.childOf(lo, hi);
      this.lockChild(cursor, child, level - 1, page);
      this.lockBelow(cursor, child, level - 1, page);
    }
  }

  private lockChild(cursor: Cursor, pfn: number, level: number, page: number): void {
    const { slots } = this.frames;
    const { memory } = cursor.table.store;
    memory.locate(pfn, level);
    const lock = memory.meta + LOCK_WORD;
    for (;;) {
      const found = slots.swap(lock, 0, this.mark);
      if (found === 0) break;
      // Its parent is locked, and an entry is cleared before what it leads to becomes stray.
      if (found < 0) throw new TableError({ code: "corrupt-table", pfn, level });
      this.wait(cursor, level, page, lock, found);
      this.onWait?.();
    }
    cursor.locked.add(pfn);
  }

  /**
   * Waits until a lock word may be another.
   *
   * @throws {@link PageTableError} `cursor-deadlock` where the lock is this agent's, or waiting for it could be for ever
   */
  private wait(cursor: Cursor, level: number, page: number, lock: number, found: number): void {
    const { slots } = this.frames;
    const first = page - (page % PAGES[level + 1]!);
    const { table, startPage, endPage } = cursor;
    const behind = (other: Cursor): boolean =>
      other.table.rootPfn < table.rootPfn ||
      (other.table.rootPfn === table.rootPfn && other.endPage <= first);
    if (found === this.mark || !this.cursors.every(behind)) {
      const pages = endPage - startPage;
      throw new TableError({ code: "cursor-deadlock", va: table.vaOf(startPage), pages });
    }
    for (let spins = 0; spins < SPINS; spins += 1) {
      pause();
      if (slots.load(lock) !== found) return;
    }
    this.frames.park(lock, found);
  }
}

/** A table to go on with, or -1 where there is no memory: then more than need be is locked. */
function tryAlloc(store: NodeStore, level: number): number {
  try {
    return store.alloc(level);
  } catch (error) {
    if (lacksMemory(error)) return -1;
    throw error;
  }
}
