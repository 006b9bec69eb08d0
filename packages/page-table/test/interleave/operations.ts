/**
 * The operations of the scenarios, each with what it means.
 *
 * @module
 */

import { allocFrame } from "@memkit/frame-meta/alloc";
import { EXECUTE, READ, USER, WRITE } from "@memkit/page-table/format";
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
    pages[page] = [pfn, (prop & EXECUTE) !== 0];
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
    if (value !== undefined) pages[page] = [value as number, false];
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

/** takeNext of one page, whose handle is dropped. */
export const takeItem = (page: number): Op => ({
  name: `take the item at ${page}`,
  run: ({ table }) => {
    const cursor = table.cursorMut(page * 4096, 1);
    try {
      const taken = cursor.takeNext(1);
      if (taken?.kind !== "mapped") return "nothing";
      taken.item?.drop();
      return taken.pfn;
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
  model: ({ pages }) => looked.map((page) => pages[page]?.[0] ?? "nothing"),
});

/** protectRange to what nobody may use: the mapping stays, in an entry that is not valid. */
export const hide = (page: number): Op => ({
  name: `hide ${page}`,
  run: ({ table }) => table.protectRange(page * 4096, 1, 0, READ | WRITE | EXECUTE | USER),
  model: ({ pages }) => {
    const old = pages[page];
    if (old === undefined) return 0;
    pages[page] = [old[0], false];
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
    for (const page of free) state[page] = [pfn, false];
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

/** A cursor on all of it, which takes the first table or page out, and keeps it. */
export const take = (first: number, count: number): Op => ({
  name: `take ${first}+${count}`,
  run: ({ table }) => {
    const cursor = table.cursorMut(first * 4096, count);
    try {
      const taken = cursor.takeNext(count);
      return taken === undefined ? 0 : taken.kind === "stray" ? taken.mapped : taken.pages;
    } finally {
      cursor.close();
    }
  },
  model: ({ pages }) => {
    const mapped = Object.keys(pages).map(Number);
    const inFirst = mapped.filter(
      (p) => p >= first && Math.floor(p / 512) === Math.floor(Math.min(...mapped) / 512),
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
    return found === undefined ? "nothing" : [found.pfn, (found.prop & EXECUTE) !== 0];
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
    pages[page] = [old[0], true];
    return 1;
  },
});

/** A cursor on all pages up to this one, which maps it: the tables for it are made by the cursor, not on the way to its node. */
export const mapLast = (page: number, pfn: number): Op => ({
  ...map(page, pfn),
  run: ({ table }) => {
    const cursor = table.cursorMut(0, page + 1);
    try {
      cursor.jump(page * 4096);
      cursor.mapPfn(pfn, RW);
    } finally {
      cursor.close();
    }
    return "mapped";
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
    return level === 0 ? "nothing" : [cursor.pfn, (cursor.prop & EXECUTE) !== 0];
  },
  model: ({ pages }) => pages[page] ?? "nothing",
});
