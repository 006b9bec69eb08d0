/**
 * The operations of the scenarios, each with what it means.
 *
 * @module
 */

import { EXECUTE, WRITE } from "@memkit/page-table/format";
import { type Op, RW, refuse } from "./world.js";

/** A cursor on one page, which maps it. */
export const map = (page: number, pfn: number): Op => ({
  name: `map ${page}`,
  run: ({ table }) => {
    const cursor = table.cursorMut(page * 4096, 1);
    try {
      cursor.mapPfn(pfn, RW);
    } finally {
      cursor.close();
    }
    return "mapped";
  },
  model: ({ pages }) => {
    if (pages[page] !== undefined) refuse("already-mapped");
    pages[page] = [pfn, false];
    return "mapped";
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
