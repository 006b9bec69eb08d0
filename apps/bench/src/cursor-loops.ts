/**
 * What a cursor does to each page of a run, in order or not: map, unmap, protect, query.
 *
 * @module
 */

import { pageProperty, READ, USER, WRITE } from "@memkit/page-table/format";
import type { CursorMut, PageTable } from "@memkit/page-table/table";
import { shuffledPositions } from "./positions.js";
import type { SelfTimed } from "./suite.js";

/** Where runs begin: 1 GiB. */
export const START: number = 2 ** 30;
export const RW: number = pageProperty(READ | WRITE | USER);

/** The addresses of a run's pages. */
export const order = (pages: number, shuffled: boolean): Float64Array => {
  const numbers = shuffled
    ? Float64Array.from(shuffledPositions(pages, 1))
    : Float64Array.from({ length: pages }, (_, i) => i);
  return numbers.map((at) => START + at * 4096);
};

/** A phase with what goes before it untimed. */
export interface Phase {
  readonly before: () => void;
  readonly run: () => void;
}

/** Times that a phase runs before it is measured. The first are interpreted, and each of a few more finds something to compile anew. */
const WARM_UP = 12;

/** Nanoseconds an operation of a phase, each time that it is asked: for suites in turns. */
export function timed(ops: number, { before, run }: Phase, warmUp = WARM_UP): SelfTimed {
  const once = (): number => {
    before();
    const started = performance.now();
    run();
    return ((performance.now() - started) * 1e6) / ops;
  };
  for (let i = 0; i < warmUp; i++) once();
  return { nsPerOp: once };
}

/** Takes what loops have summed up, so that they are not removed. */
const sink = new Float64Array(1);

/** Runs `use` with a cursor on the pages. */
function withCursor(table: PageTable, pages: number, use: (cursor: CursorMut) => void): void {
  const cursor = table.cursorMut(START, pages);
  use(cursor);
  cursor.close();
}

export function mapAll(table: PageTable, pages: number): void {
  withCursor(table, pages, (cursor) => {
    for (let i = 0; i < pages; i++) cursor.mapPfn(i, RW);
  });
}

export function unmapAll(table: PageTable, pages: number): void {
  withCursor(table, pages, (cursor) => {
    for (let i = 0; i < pages; i++) cursor.unmapNext();
  });
}

export type Verb = "map" | "unmap" | "protect" | "query";
export const VERBS: readonly Verb[] = ["map", "unmap", "protect", "query"];

/** What the cursor does to each page in turn. */
export const sequential: Record<Verb, (table: PageTable, pages: number) => void> = {
  map: mapAll,
  unmap: unmapAll,
  protect: (table, pages) =>
    withCursor(table, pages, (cursor) => {
      for (let i = 0; i < pages; i++) cursor.protectNext(1, 0, WRITE);
    }),
  query: (table, pages) =>
    withCursor(table, pages, (cursor) => {
      let sum = 0;
      for (let i = 0; i < pages; i++) {
        if (cursor.query() !== 0) sum = (sum + cursor.pfn + cursor.prop) | 0;
        cursor.moveForward();
      }
      sink[0] = sum;
    }),
};

/** The same at addresses in any order. */
export const random = (at: Float64Array): Record<Verb, (table: PageTable) => void> => ({
  map: (table) =>
    withCursor(table, at.length, (cursor) => {
      for (let i = 0; i < at.length; i++) {
        cursor.jump(at[i]!);
        cursor.mapPfn(i, RW);
      }
    }),
  unmap: (table) =>
    withCursor(table, at.length, (cursor) => {
      for (let i = 0; i < at.length; i++) {
        cursor.jump(at[i]!);
        cursor.unmapNext();
      }
    }),
  protect: (table) =>
    withCursor(table, at.length, (cursor) => {
      for (let i = 0; i < at.length; i++) {
        cursor.jump(at[i]!);
        cursor.protectNext(1, 0, WRITE);
      }
    }),
  query: (table) =>
    withCursor(table, at.length, (cursor) => {
      let sum = 0;
      for (let i = 0; i < at.length; i++) {
        cursor.jump(at[i]!);
        if (cursor.query() !== 0) sum = (sum + cursor.pfn + cursor.prop) | 0;
      }
      sink[0] = sum;
    }),
});
