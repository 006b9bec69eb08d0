/** PT-36 where huge pages have to be split: all that it takes is there, or nothing is split. */

import { pageProperty, READ, riscvFormat, USER, WRITE, x86Format } from "@memkit/page-table/format";
import type { PageTable } from "@memkit/page-table/table";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MODES, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const GIB = 2 ** 18;
const BASE = 4 * GIB;
const PAGES = 3 * GIB;

/** Each way to change some pages of huge ones. A page that is at a level from 1 on. */
const ways: Readonly<
  Record<string, (table: PageTable, first: number, pages: number, clear: number) => unknown>
> = {
  unmapRange: (table, first, pages) => table.unmapRange(first * 4096, pages),
  protectRange: (table, first, pages, clear) => table.protectRange(first * 4096, pages, 0, clear),
  protectNext: (table, first, pages, clear) =>
    at(table, first, pages, (cursor) => cursor.protectNext(pages, 0, clear)),
  unmapNext: (table, first, pages) => at(table, first, pages, (cursor) => cursor.unmapNext(pages)),
  takeNext: (table, first, pages) => at(table, first, pages, (cursor) => cursor.takeNext(pages)),
};

function at<T>(
  table: PageTable,
  first: number,
  pages: number,
  run: (cursor: ReturnType<PageTable["cursorMut"]>) => T,
): T {
  const cursor = table.cursorMut(first * 4096, pages);
  try {
    return run(cursor);
  } finally {
    cursor.close();
  }
}

/** What is mapped at the pages that matter. */
const shape = (table: PageTable, pages: readonly number[]) =>
  pages.map((page) => table.translate(page * 4096));

const edge = fc.oneof(
  fc.integer({ min: BASE, max: BASE + PAGES }),
  fc
    .tuple(fc.nat(3), fc.constantFrom(-513, -512, -511, -1, 0, 1, 511, 512, 513))
    .map(([gib, more]) => BASE + gib * GIB + more),
);
const range = fc
  .tuple(edge, edge)
  .map(
    ([a, b]) => [Math.max(BASE, Math.min(a, b)), Math.min(BASE + PAGES, Math.max(a, b))] as const,
  )
  .filter(([first, end]) => first < end);

describe.each(MODES)("in mode %s", (mode) => {
  test.each(Object.entries(ways))("%s splits all that it must, or nothing", (name, run) => {
    fc.assert(
      fc.property(range, fc.nat(4), ([first, end], room) => {
        const space = new Space(24, { mode, ledger: false });
        const table = space.user(x86Format(), "untracked");
        table.mapRange(BASE * 4096, PAGES, 0, RW);
        const looked = [BASE, first - 1, first, end - 1, end, BASE + PAGES - 1];
        const before = shape(table, looked);
        // The cursor that opens may not need tables of its own.
        at(table, first, end - first, () => 0);
        const hoard: number[] = [];
        for (let { free } = space.allocator.stats(); free > room; free -= 1) {
          hoard.push(space.allocator.alloc());
        }
        const { taken } = space;
        let error: unknown;
        try {
          run(table, first, end - first, WRITE);
        } catch (thrown) {
          error = thrown;
        }
        space.check(table);
        if (error !== undefined) {
          expect(error).toMatchObject({ code: "no-memory" });
          expect(space.taken).toBe(taken);
          expect(shape(table, looked)).toEqual(before);
        } else if (name.endsWith("Range")) {
          const outer = looked.map((page) => page < first || page >= end);
          shape(table, looked).forEach((now, i) => {
            const { pfn, prop } = before[i] ?? {};
            if (pfn === undefined) expect(now).toBeUndefined();
            else if (outer[i]) expect(now).toMatchObject({ pfn, prop });
            else if (name === "unmapRange") expect(now).toBeUndefined();
            else expect(now).toMatchObject({ pfn, prop: RW & ~WRITE });
          });
        }
        for (const pfn of hoard) space.allocator.add(pfn);
        if (error !== undefined) {
          run(table, first, end - first, WRITE);
          space.check(table);
        }
        table.drop();
        space.end();
      }),
      { numRuns: mode === "single" ? 8 : 3 },
    );
  });

  test.each(["protectRange", "protectNext"])(
    "%s to what the format has not splits nothing",
    (name) => {
      const space = new Space(64, { mode });
      const table = space.user(riscvFormat({ sv: 39 }), "untracked");
      table.mapRange(0x20_0000, 1024, 512, RW);
      const { taken } = space;
      expect(() => ways[name]!(table, 0x201, 1022, READ)).toThrow(
        expect.objectContaining({ code: "unrepresentable", prop: WRITE | USER }),
      );
      expect(space.taken).toBe(taken);
      expect(shape(table, [0x200, 0x201, 0x400, 0x5ff]).map((one) => one?.level)).toEqual([
        2, 2, 2, 2,
      ]);
      table.drop();
      space.end();
    },
  );

  test("two straddled huge pages with room for one table", () => {
    for (const name of ["unmapRange", "protectRange"]) {
      const space = new Space(16, { mode });
      const table = space.user(x86Format(), "untracked");
      table.mapRange(0x20_0000, 1024, 512, RW);
      const hoard: number[] = [];
      for (let { free } = space.allocator.stats(); free > 1; free -= 1)
        hoard.push(space.allocator.alloc());
      expect(() => ways[name]!(table, 0x201, 1022, WRITE)).toThrow(
        expect.objectContaining({ code: "no-memory" }),
      );
      expect(space.allocator.stats().free).toBe(1);
      expect(shape(table, [0x201, 0x5fe]).map((one) => one?.level)).toEqual([2, 2]);
      for (const pfn of hoard) space.allocator.add(pfn);
      table.drop();
      space.end();
    }
  });
});
