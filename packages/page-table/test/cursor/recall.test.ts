/** One cursor that jumps to and fro: what it remembers of leaf tables is never of one that is gone (PT-34). */

import { pageProperty, READ, USER, WRITE } from "@memkit/page-table/format";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MODES, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const RO = pageProperty(READ | USER);
/** From the middle of a leaf table over three whole ones into another: tables that may go, and two that may not. */
const FIRST = 2 ** 18 - 300;
const PAGES = 300 + 3 * 512 + 200;

test.each(MODES)("in mode %s, against a Map of pages", (mode) => {
  const near = fc.constantFrom(0, 1, 299, 300, 301, 811, 812, 1323, 1324, 1835, 1836, PAGES - 1);
  const op = fc.record({ op: fc.nat(9), at: near, n: fc.nat(1100) });
  fc.assert(
    fc.property(fc.array(op, { minLength: 40, maxLength: 120 }), (ops) => {
      const space = new Space(64, { mode });
      const table = space.user(undefined, "untracked");
      const cursor = table.cursorMut(FIRST * 4096, PAGES);
      const model = new Map<number, { pfn: number; prop: number }>();
      for (const { op, at, n } of ops) {
        const page = FIRST + at;
        const known = model.get(page);
        cursor.jump(page * 4096);
        if (op < 4 && known === undefined) {
          cursor.mapPfn(n, RW);
          model.set(page, { pfn: n, prop: RW });
        } else if (op === 4) {
          expect(cursor.unmapNext()).toBe(known ? 1 : 0);
          model.delete(page);
        } else if (op === 5) {
          expect(cursor.protectNext(1, 0, WRITE)).toBe(known ? 1 : 0);
          if (known) known.prop = RO;
        } else if (op === 6) {
          const pages = Math.min(n + 1, PAGES - at);
          const taken = cursor.takeNext(pages); // a whole table, now and then
          if (taken === undefined) continue;
          const first = Number(taken.va / 4096n);
          for (let i = 0; i < taken.pages; i++) model.delete(first + i);
          if (taken.kind === "stray") taken.drop();
        } else if (op === 7) {
          cursor.cleanRun(Math.min(n + 1, PAGES - at));
        } else if (op === 8) {
          const whole = 2 ** 18 + 512 * (n % 3);
          const free = !Array.from({ length: 512 }, (_, i) => whole + i).some((p) => model.has(p));
          cursor.jump(whole * 4096);
          if (!free) continue;
          cursor.mapPfn(1024, RW, 2); // an empty table that is there goes
          cursor.jump(whole * 4096);
          expect(cursor.unmapNext(512)).toBe(2);
        } else {
          expect([cursor.query(), cursor.pfn]).toEqual(known ? [1, known.pfn] : [0, -1]);
          if (known) expect(cursor.prop).toBe(known.prop);
        }
      }
      for (const [page, { pfn, prop }] of model) {
        cursor.jump(page * 4096);
        expect([cursor.query(), cursor.pfn, cursor.prop]).toEqual([1, pfn, prop]);
      }
      cursor.close();
      space.check(table);
      table.drop();
    }),
    { numRuns: mode === "single" ? 60 : 20 },
  );
});
