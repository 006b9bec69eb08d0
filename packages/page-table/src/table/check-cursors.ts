/**
 * Where cursors are, for `checkInvariants` (C1): each in its range, in a node on the way from the root to its page, and below one that
 * covers the range and is locked by whoever has the cursor.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { PageUsage } from "@memkit/frame-meta";
import type { Cursor } from "../cursor/cursor.js";
import { PAGES, TABLE } from "./entry-coder.js";
import { indexOf } from "./locks.js";
import { LEVEL_SHIFT, LOCK_WORD, USAGE_WORD } from "./node-memory.js";
import type { PageTable } from "./page-table.js";

/** Where in the slots the metadata of the node in a frame is; -1 where the frame is no node of `level`. */
export function metaOf({ frames }: PageTable, pfn: number, level: number): number {
  const { slots, memory } = frames;
  if (memory.bankIndexOf(pfn as Pfn) < 0) return -1;
  const meta = slots.wordOf(slots.geometry.slotOf(pfn), 0);
  const isNode = slots.words[meta + USAGE_WORD] === PageUsage.PageTable;
  return isNode && slots.words[meta]! >>> LEVEL_SHIFT === level ? meta : -1;
}

/** The nodes on the way to a page, by level, as far as entries lead. */
function wayTo(table: PageTable, page: number): number[] {
  const { store, rootPfn } = table;
  const { memory, coder, levels } = store;
  const way: number[] = [];
  let pfn: number = rootPfn;
  for (let level = levels; level > 0 && metaOf(table, pfn, level) >= 0; level -= 1) {
    way[level] = pfn;
    memory.locate(pfn, level);
    const at = memory.base + 2 * indexOf(page, level);
    const [lo, hi] = [memory.words[at]!, memory.words[at + 1]!];
    if (coder.kind(lo, hi, level) !== TABLE) break;
    pfn = coder.childOf(lo, hi);
  }
  return way;
}

/** What is wrong with the node that covers a cursor. */
function* covering(table: PageTable, cursor: Cursor): Generator<string> {
  const { startPage, endPage, guardPfn, guardLevel, locked } = cursor;
  const { slots } = table.frames;
  const size = PAGES[guardLevel + 1]!;
  if (
    wayTo(table, startPage)[guardLevel] !== guardPfn ||
    endPage > startPage - (startPage % size) + size
  ) {
    yield "the node that covers a cursor is not the one above its range";
    return;
  }
  // With one agent the word is a number of its own; otherwise it says whose the lock is.
  const { mark } = table.locks;
  const lock = slots.words[metaOf(table, guardPfn, guardLevel) + LOCK_WORD]!;
  if (mark === 0 ? lock <= 0 : lock === 0) yield "the node that covers a cursor is not locked";
  if (mark === 0) return;
  for (const pfn of new Set([guardPfn, ...locked])) {
    const word = slots.words[slots.wordOf(slots.geometry.slotOf(pfn), LOCK_WORD)]!;
    if (word !== 0 && word !== mark) yield "a node that a cursor has locked is another agent's";
  }
  if (!locked.has(guardPfn)) yield "a cursor has not locked the node that covers it";
}

/** What is wrong with a cursor's place. */
export function* misplaced(table: PageTable, cursor: Cursor): Generator<string> {
  const { page, startPage, endPage, guardLevel } = cursor;
  if (page < startPage || page > endPage) {
    yield "a cursor is outside of its range";
    return;
  }
  yield* covering(table, cursor);
  const { level, meta } = cursor.atHand;
  if (level === 0 || page === endPage) return;
  const pfn = wayTo(table, page)[level];
  if (level > guardLevel) yield "a cursor is in a node above the one that covers it";
  else if (pfn === undefined || metaOf(table, pfn, level) !== meta) {
    yield "a cursor is in a node that is not on the way to its page";
  }
}
