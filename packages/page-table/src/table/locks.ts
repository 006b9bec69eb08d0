/**
 * Who may work on which part of a table: cursors, each on a range that no other open one has a page of.
 *
 * With one agent there is nobody to wait for. A cursor's range was compared with those of the open ones, so all that is left is to find
 * the lowest node that covers it, where its walks begin, and to put a mark into that node's lock word.
 *
 * A range that is one whole entry is covered by the node that has the entry, not by the one below it, so that a huge page can be
 * mapped there (upstream locks one level too low and panics).
 *
 * @module
 */

import type { Cursor } from "../cursor/cursor.js";
import { PAGES, TABLE } from "./entry-coder.js";
import { LOCK_WORD } from "./node-memory.js";
import type { NodeStore } from "./node-store.js";

/** How cursors of one agent come by their nodes. One for a table of frames; which kind, `shareTables` says. */
export interface Locks {
  /** This agent's open cursors, on all tables in these frames. */
  readonly cursors: readonly Cursor[];
  /**
   * Takes what covers a cursor's range, and all below it that has a page of it.
   *
   * @param create - whether to make tables for the range where there are none, so that as little as possible is taken
   * @throws {@link PageTableError} `cursor-deadlock`, `corrupt-table`: nothing has been taken then
   */
  open(cursor: Cursor, create: boolean): void;
  /** The lock word of a node that this agent is making: who reaps it finds the node by it. 0 where nobody reaps. */
  readonly mark: number;
  /** The cursor has made a node in frame `pfn`, which nobody sees yet. */
  adopt(cursor: Cursor, pfn: number): void;
  /** A node that was made without a cursor is whole. */
  release(pfn: number): void;
  /** A node of some cursor of this agent is no part of its table any more. */
  lose(pfn: number): void;
  /** Gives back all that the cursor has. */
  close(cursor: Cursor): void;
  /** Who reads without a lock, pinned once, has waited and begins anew. @throws what `onWait` of `shareTables` throws, pinned again */
  waited(): void;
}

/** Whether a cursor on pages `start` to `end` is covered by what the entry for them leads to, in a node of `level`. */
export function coveredBelow(level: number, start: number, end: number): boolean {
  if (level === 1) return false;
  const size = PAGES[level]!;
  const first = start - (start % size);
  return end <= first + size && !(start === first && end === first + size);
}

/** The index of a page's entry in a node of `level`. */
export function indexOf(page: number, level: number): number {
  return Math.floor(page / PAGES[level]!) % 512;
}

/** Walks from `root` to the lowest node that covers pages `start` to `end`. */
export class Descent {
  pfn = 0;
  level = 0;
  private readonly store: NodeStore;

  constructor(store: NodeStore) {
    this.store = store;
  }

  /** The node is then the one that the memory has located. @returns `false` if that took waiting, and must begin anew */
  run(root: number, start: number, end: number): boolean {
    const { store } = this;
    const { memory, coder } = store;
    this.pfn = root;
    this.level = store.levels;
    memory.locate(this.pfn, this.level);
    while (coveredBelow(this.level, start, end)) {
      if (!this.look(start)) return false;
      if (coder.kind(store.lo, store.hi, this.level) !== TABLE) break;
      this.pfn = coder.childOf(store.lo, store.hi);
      this.level -= 1;
      memory.locate(this.pfn, this.level);
    }
    return true;
  }

  /**
   * Reads the entry of a page in the node that was found. On the way it was no table: where it is one now a huge page has been split, and the
   * walk begins anew.
   *
   * @returns as {@link Descent.run}
   */
  read(page: number): boolean {
    const { store, level } = this;
    return this.look(page) && store.coder.kind(store.lo, store.hi, level) !== TABLE;
  }

  private look(page: number): boolean {
    const { memory } = this.store;
    const at = memory.base + 2 * indexOf(page, this.level);
    return this.store.read(memory.words, at, memory.meta);
  }
}

/** The locks of an agent that is alone. Cursors that do not overlap may share a node: the last one to close clears its mark. */
export class SingleLocks implements Locks {
  readonly mark: number = 0;
  readonly cursors: Cursor[] = [];
  private owners = 0;

  open(cursor: Cursor): void {
    const { store, rootPfn } = cursor.table;
    const descent = new Descent(store);
    descent.run(rootPfn, cursor.startPage, cursor.endPage);
    cursor.guardPfn = descent.pfn;
    cursor.guardLevel = descent.level;
    this.owners = (this.owners % 0x7fff_ffff) + 1;
    const { slotWords, meta } = store.memory;
    if (slotWords[meta + LOCK_WORD] === 0) slotWords[meta + LOCK_WORD] = this.owners;
    this.cursors.push(cursor);
  }

  adopt(): void {
    // Nobody else could come.
  }

  release(): void {
    // It was not locked.
  }

  waited(): void {
    // There is nobody to wait for.
  }

  lose(): void {
    // No cursor has more than the node that covers it, which stays.
  }

  close(cursor: Cursor): void {
    const { memory } = cursor.table.store;
    this.cursors.splice(this.cursors.indexOf(cursor), 1);
    if (this.cursors.some(({ guardPfn }) => guardPfn === cursor.guardPfn)) return;
    memory.locate(cursor.guardPfn, cursor.guardLevel);
    memory.slotWords[memory.meta + LOCK_WORD] = 0;
  }
}
