/**
 * The operations of the scenarios, each with what it means.
 *
 * @module
 */

import { allocFrame } from "@memkit/frame-meta/alloc";
import type { Outcome } from "@memkit/interleave";
import {
  ACCESSED,
  DIRTY,
  EXECUTE,
  pageProperty,
  READ,
  USER,
  WRITE,
} from "@memkit/page-table/format";
import { mmuOf } from "@memkit/page-table/mmu";
import { ACCESS, ENTRIES } from "./look.js";
import { item, type Op, RW, refuse } from "./world.js";

/** A cursor on one page, which maps it. */
export const map = (page: number, pfn: number, prop: number = RW): Op => ({
  name: `map ${page}`,
  run: ({ table }) => {
    const cursor = table.cursorMut(page * 4096, 1);
    try {
      cursor.mapPfn(pfn, prop);
    } finally {
      cursor.close();
    }
    return "mapped";
  },
  model: ({ pages }) => {
    if (pages[page] !== undefined) refuse("already-mapped");
    pages[page] = [pfn, prop & ACCESS];
    return "mapped";
  },
});

/** The same of a frame of one's own, whose handle becomes the mapping; where the page is mapped it stays a handle, and is dropped. */
export const mapItem = (page: number): Op => ({
  name: `map an item at ${page}`,
  run: ({ table }) => {
    const frame = allocFrame(table.frames, item, {});
    const pfn = frame.paddr / 4096;
    try {
      const cursor = table.cursorMut(page * 4096, 1);
      try {
        cursor.map(frame, RW);
      } finally {
        cursor.close();
      }
    } finally {
      if (!frame.dropped) frame.drop();
    }
    return pfn;
  },
  model: ({ pages }, { value }) => {
    if (pages[page] !== undefined) refuse("already-mapped");
    if (value !== undefined) pages[page] = [value as number, RW & ACCESS];
    return value;
  },
});

/** queryFrame: a handle of one's own on what is mapped, which is held after the cursor is closed. */
export const holdItem = (page: number): Op => ({
  name: `queryFrame ${page}`,
  run: ({ table }) => {
    const cursor = table.cursor(page * 4096, 1);
    const frame = cursor.queryFrame();
    cursor.close();
    if (frame === undefined) return "nothing";
    const pfn = frame.paddr / 4096;
    const held = table.frames.slots.countOf(pfn) > 0;
    frame.drop();
    return held ? pfn : "a frame that nobody holds";
  },
  model: ({ pages }) => pages[page]?.[0] ?? "nothing",
});

/** What a store sets in an entry. */
const MARKS = ACCESSED | DIRTY;

/** A processor's store to a page, which marks the entry that allows it. The frame that it went to. */
export const write = (page: number): Op => ({
  name: `write to ${page}`,
  run: ({ table }) => {
    const mmu = mmuOf(table, { settings: { accessedDirty: "update" } });
    const answer = mmu.access(page * 4096, 4, { kind: "write", mode: "user" });
    return answer.kind === "memory" ? answer.parts[0]!.pfn : answer.kind;
  },
  model: ({ pages }) => {
    const old = pages[page];
    if (old === undefined || (old[1] & WRITE) === 0) return "fault";
    pages[page] = [old[0], old[1] | MARKS];
    return old[0];
  },
});

/** What an entry was at the last, where a store that marked it may have faulted all the same, for its node was being changed. */
const perhapsMarked = (
  [pfn, access]: readonly [number, number],
  { value }: Outcome,
): readonly [number, number] => {
  const [, found] = Array.isArray(value) ? (value as readonly number[]) : [];
  return [pfn, found === (access | MARKS) ? found : access];
};

/** takeNext of one page: what its entry was at the last. */
export const takeMarked = (page: number): Op => ({
  name: `take ${page} with its marks`,
  run: ({ table }) => {
    const cursor = table.cursorMut(page * 4096, 1);
    try {
      const taken = cursor.takeNext(1);
      if (taken?.kind !== "mapped") return "nothing";
      taken.item?.drop();
      return [taken.pfn, taken.prop & ACCESS];
    } finally {
      cursor.close();
    }
  },
  model: ({ pages }, actual) => {
    const old = pages[page];
    delete pages[page];
    return old === undefined ? "nothing" : perhapsMarked(old, actual);
  },
});

/** protectNext of one page to read and execute, and what its entry is then. */
export const protectMarked = (page: number): Op => ({
  name: `protect ${page} with its marks`,
  run: ({ table }) => {
    const cursor = table.cursorMut(page * 4096, 1);
    try {
      if (cursor.protectNext(1, EXECUTE, WRITE) === 0) return "nothing";
      cursor.jump(page * 4096);
      cursor.query();
      return [cursor.pfn, cursor.prop & ACCESS];
    } finally {
      cursor.close();
    }
  },
  model: ({ pages }, actual) => {
    const old = pages[page];
    if (old === undefined) return "nothing";
    pages[page] = perhapsMarked([old[0], (old[1] | EXECUTE) & ~WRITE], actual);
    return pages[page];
  },
});

/** takeNext of one page, whose handle is dropped. */
export const takeItem = (page: number): Op => ({
  name: `take the item at ${page}`,
  run: ({ table }) => {
    const cursor = table.cursorMut(page * 4096, 1);
    try {
      const taken = cursor.takeNext(1);
      if (taken?.kind !== "mapped") return "nothing";
      taken.item?.drop();
      return cursor.atEnd ? taken.pfn : "not past it";
    } finally {
      cursor.close();
    }
  },
  model: ({ pages }) => {
    const [pfn] = pages[page] ?? ["nothing"];
    delete pages[page];
    return pfn;
  },
});

/** fork, and what the child maps, which is dropped then. */
export const forkAndLook = (...looked: readonly number[]): Op => ({
  name: "fork",
  run: ({ lib, table }) => {
    const child = lib.fork(table);
    const found = looked.map((page) => child.translate(page * 4096)?.pfn ?? "nothing");
    child.drop();
    return found;
  },
  model: ({ pages }) => {
    for (const [page, [pfn, access]] of Object.entries(pages)) {
      pages[Number(page)] = [pfn, access & ~WRITE]; // who writes first copies it
    }
    return looked.map((page) => pages[page]?.[0] ?? "nothing");
  },
});

/** protectRange to what nobody may use: the mapping stays, in an entry that is not valid. */
export const hide = (page: number): Op => ({
  name: `hide ${page}`,
  run: ({ table }) => table.protectRange(page * 4096, 1, 0, READ | WRITE | EXECUTE | USER),
  model: ({ pages }) => {
    const old = pages[page];
    if (old === undefined) return 0;
    pages[page] = [old[0], 0];
    return 1;
  },
});

/** One cursor on all pages from the first to the last of these, which maps each of them. */
export const mapAll = (pages: readonly number[], pfn: number): Op => ({
  name: `map ${pages}`,
  run: ({ table }) => {
    const [first = 0] = pages;
    const cursor = table.cursorMut(first * 4096, pages.at(-1)! - first + 1);
    let done = 0;
    try {
      for (const page of pages) {
        cursor.jump(page * 4096);
        if (cursor.query() !== 0) continue;
        cursor.mapPfn(pfn, RW);
        done += 1;
      }
    } finally {
      cursor.close();
    }
    return done;
  },
  model: ({ pages: state }) => {
    const free = pages.filter((page) => state[page] === undefined);
    for (const page of free) state[page] = [pfn, RW & ACCESS];
    return free.length;
  },
});

/** unmapRange. */
export const unmap = (first: number, count: number): Op => ({
  name: `unmap ${first}+${count}`,
  run: ({ table }) => table.unmapRange(first * 4096, count),
  model: ({ pages }) => {
    const mapped = Object.keys(pages).filter(
      (p) => Number(p) >= first && Number(p) < first + count,
    );
    for (const page of mapped) delete pages[Number(page)];
    return mapped.length;
  },
});

/**
 * A cursor on all of it, which takes the first table or page out, and keeps it.
 *
 * @param size - pages of the largest table that it may take
 */
export const take = (first: number, count: number, size = 512): Op => ({
  name: `take ${first}+${count}`,
  run: ({ table }) => {
    const cursor = table.cursorMut(first * 4096, count);
    try {
      const taken = cursor.takeNext(count);
      if (taken === undefined) return 0;
      if (cursor.va !== taken.va + BigInt(taken.pages * 4096)) return "not past it";
      return taken.kind === "stray" ? taken.mapped : taken.pages;
    } finally {
      cursor.close();
    }
  },
  model: ({ pages }) => {
    const mapped = Object.keys(pages).map(Number);
    const inFirst = mapped.filter(
      (p) => p >= first && Math.floor(p / size) === Math.floor(Math.min(...mapped) / size),
    );
    for (const page of inFirst) delete pages[page];
    return inFirst.length;
  },
});

/** translate: no cursor, no lock. */
export const look = (page: number): Op => ({
  name: `translate ${page}`,
  run: ({ table }) => {
    const found = table.translate(page * 4096 + 8);
    return found === undefined ? "nothing" : [found.pfn, found.prop & ACCESS];
  },
  model: ({ pages }) => pages[page] ?? "nothing",
});

/** protectRange to another upper word, and so to another lower one. */
export const makeExecutable = (page: number): Op => ({
  name: `protect ${page}`,
  run: ({ table }) => table.protectRange(page * 4096, 1, EXECUTE, WRITE),
  model: ({ pages }) => {
    const old = pages[page];
    if (old === undefined) return 0;
    pages[page] = [old[0], (old[1] | EXECUTE) & ~WRITE];
    return 1;
  },
});

/** A cursor on so many pages, which maps one of them: the tables for it are made by the cursor, not on the way to its node. */
export const mapIn = (first: number, count: number, page: number, pfn: number): Op => ({
  ...map(page, pfn),
  run: ({ table }) => {
    const cursor = table.cursorMut(first * 4096, count);
    try {
      cursor.jump(page * 4096);
      cursor.mapPfn(pfn, RW);
    } finally {
      cursor.close();
    }
    return "mapped";
  },
});

/**
 * Two cursors of one agent: a second one, on `count` pages, is opened beside that on one page, which is closed before the second has
 * mapped its first page. PT-54: the second may be refused, and then nothing has changed.
 */
export const mapBeside = (page: number, second: number, count: number, pfn: number): Op => ({
  name: `map ${page} beside ${second}+${count}`,
  run: ({ table }) => {
    const one = table.cursorMut(page * 4096, 1);
    try {
      const other = table.cursorMut(second * 4096, count);
      try {
        one.mapPfn(pfn, RW);
        one.close();
        other.mapPfn(pfn, RW);
      } finally {
        other.close();
      }
    } finally {
      one.close();
    }
    return "mapped";
  },
  model: ({ pages }, { threw }) => {
    if (threw === "cursor-deadlock") refuse(threw);
    for (const mapped of [page, second]) pages[mapped] = [pfn, RW & ACCESS];
    return "mapped";
  },
});

/** The same of all pages up to this one. */
export const mapLast = (page: number, pfn: number): Op => mapIn(0, page + 1, page, pfn);

/** Whether a cursor refuses what is behind its range. */
function refusesMore(more: () => unknown): boolean {
  try {
    more();
    return false;
  } catch (error) {
    return (error as { readonly code?: string }).code === "out-of-range";
  }
}

/** A cursor that maps its pages one after the other, and would map one more. */
export const mapRow = (
  first: number,
  row: readonly (readonly [pfn: number, prop: number])[],
): Op => ({
  name: `map ${first}+${row.length}`,
  run: ({ table }) => {
    const cursor = table.cursorMut(first * 4096, row.length);
    try {
      for (const [pfn, prop] of row) cursor.mapPfn(pfn, prop);
      return refusesMore(() => cursor.mapPfn(...row.at(-1)!)) ? "mapped" : "mapped too much";
    } finally {
      cursor.close();
    }
  },
  model: ({ pages }) => {
    for (const [i, [pfn, prop]] of row.entries()) {
      if (pages[first + i] !== undefined) refuse("already-mapped");
      pages[first + i] = [pfn, prop & ACCESS];
    }
    return "mapped";
  },
});

/** A cursor that unmaps its pages one after the other, and would at each go on past the last. */
export const unmapRow = (first: number, count: number): Op => ({
  name: `unmap ${first}+${count}, each`,
  run: ({ table }) => {
    const cursor = table.cursorMut(first * 4096, count);
    const found: unknown[] = [];
    try {
      for (let i = 0; i < count; i += 1) {
        if (!refusesMore(() => cursor.unmapNext(cursor.remaining + 1))) return "unmapped too much";
        found.push(cursor.unmapNext(1) === 0 ? "nothing" : cursor.pfn);
      }
      return refusesMore(() => cursor.unmapNext(1)) ? found : "unmapped too much";
    } finally {
      cursor.close();
    }
  },
  model: ({ pages }) =>
    Array.from({ length: count }, (_, i) => {
      const [pfn] = pages[first + i] ?? ["nothing"];
      delete pages[first + i];
      return pfn;
    }),
});

/** A cursor that looks at the first page of a huge one, and maps that. */
export const mapHuge = (page: number, pfn: number): Op => ({
  name: `map the huge page ${page}`,
  run: ({ table }) => {
    const cursor = table.cursorMut(page * 4096, 512);
    try {
      cursor.query();
      cursor.mapPfn(pfn, pageProperty(READ), 2);
    } finally {
      cursor.close();
    }
    return "mapped";
  },
  model: ({ pages }) => {
    if (Object.keys(pages).some((p) => Number(p) >= page && Number(p) < page + 512)) {
      refuse("already-mapped");
    }
    for (let i = 0; i < ENTRIES; i += 1) pages[page + i] = [pfn + i, READ];
    return "mapped";
  },
});

/** PT-51: a cursor on one page, which has locked the leaf table, and nothing else that it would unlock. */
export const open = (page: number): Op => ({
  name: `open ${page}`,
  run: ({ table }) => {
    const { slots } = table.frames;
    const cursor = table.cursorMut(page * 4096, 1);
    try {
      const words = [...cursor.locked].map((pfn) => slots.load(slots.wordOf(pfn, 1)));
      return words.map((word) => (word === table.store.locks.mark ? "its own" : "another's"));
    } finally {
      cursor.close();
    }
  },
  model: () => ["its own"],
});

/** A cursor that has walked through a table, takes it out, and maps a page where it was. */
export const takeAndMap = (count: number, page: number, pfn: number): Op => ({
  name: `take ${count}, map ${page}`,
  run: ({ table }) => {
    const cursor = table.cursorMut(0, count);
    try {
      cursor.jump(page * 4096);
      cursor.query();
      cursor.jump(0);
      const taken = cursor.takeNext(count);
      cursor.jump(page * 4096);
      cursor.mapPfn(pfn, RW);
      return taken?.kind === "stray" && taken.mapped;
    } finally {
      cursor.close();
    }
  },
  model: ({ pages }) => {
    const mapped = Object.keys(pages).map(Number);
    const taken = mapped.filter((p) => p < count);
    for (const p of taken) delete pages[p];
    pages[page] = [pfn, RW & ACCESS];
    return taken.length;
  },
});

/** collect, by the only one who has taken tables out: how many are stray still. */
export const collect: Op = {
  name: "collect",
  run: ({ table }) => ({ stray: table.collect() }),
  model: (_, { value }) => value,
};

/** cleanUp of a whole number of tables: what is mapped stays. */
export const clean = (first: number, count: number): Op => ({
  name: `cleanUp ${first}+${count}`,
  run: ({ table }) => {
    table.cleanUp(first * 4096, count);
  },
  model: () => undefined,
});

/** A cursor that only looks, on one page. */
export const query = (page: number): Op => ({
  name: `query ${page}`,
  run: ({ table }) => {
    const cursor = table.cursor(page * 4096, 1);
    const level = cursor.query();
    cursor.close();
    return level === 0 ? "nothing" : [cursor.pfn, cursor.prop & ACCESS];
  },
  model: ({ pages }) => pages[page] ?? "nothing",
});
