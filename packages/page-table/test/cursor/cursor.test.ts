/** One cursor at a time: what each operation does, and that all formats do the same. */

import { Segment } from "@memkit/frame-meta/segment";
import {
  DIRTY,
  EXECUTE,
  pageProperty,
  READ,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { Walker } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";
import { formatsIn, MODES, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const RO = pageProperty(READ | USER);

const code = (expected: string) => expect.objectContaining({ code: expected });

describe.each(MODES)("in mode %s", (mode) => {
  describe.each(formatsIn(mode))("%s", (_, format) => {
    test("maps, finds and unmaps what a walker then sees, or does not (PT-31, PT-32)", () => {
      const space = new Space(64, { mode });
      const table = space.user(format);
      const empty = space.taken;
      const frame = space.frame();
      const pfn = frame.paddr / 4096;
      const cursor = table.cursorMut(0x7000, 4);
      cursor.map(frame, RW);
      expect(frame.dropped).toBe(true);
      expect(cursor.vpn).toBe(8);
      space.check(table);
      cursor.jump(0x7000);
      expect(cursor.query()).toBe(1);
      expect([cursor.pfn, cursor.prop, cursor.tracked, cursor.foundLevel]).toEqual([
        pfn,
        RW,
        true,
        1,
      ]);
      cursor.close();
      const walker = new Walker({ format, memory: space.frames.memory, root: table.rootPfn });
      expect(walker.translate(0x7123)).toBe(true);
      expect([walker.pfn, walker.offset]).toEqual([pfn, 0x123]);
      expect(table.unmapRange(0x7000, 4)).toBe(1);
      expect(walker.translate(0x7123)).toBe(false);
      space.check(table);
      expect(table.cleanUp()).toBe(format.paging.levels - 1);
      expect(space.taken).toBe(empty);
      table.drop();
      space.end();
    });

    test("maps frames in a row over the border of an entry's lower word, and above it", () => {
      const space = new Space(64, { mode });
      const table = space.user(format, "untracked");
      const border = 2 ** (32 - format.pfnShift);
      const numbers = [border - 2, border - 1, border, border + 1, 1, 2 ** 32 - 1, 2 ** 24 + 3, 0];
      const pfns = numbers.filter((pfn) => Math.floor(pfn / border) <= format.pfnHiMask);
      const cursor = table.cursorMut(0x4000, 16);
      for (const pfn of pfns) cursor.mapPfn(pfn, RW);
      for (const bad of [-1, 0.5, Number.NaN, 2 ** 53]) {
        expect(() => cursor.mapPfn(bad, RW)).toThrow(code("invalid-pfn"));
      }
      cursor.jump(0x4000);
      const found = pfns.map(() => {
        cursor.query();
        cursor.moveForward();
        return cursor.pfn;
      });
      expect(found).toEqual(pfns);
      cursor.close();
      space.check(table);
      table.drop();
      space.end();
    });

    test("maps huge pages at every level, untracked, and splits them down", () => {
      const space = new Space(64, { mode });
      const table = space.user(format, "untracked");
      const top = format.paging.highestTranslationLevel;
      for (let level = 1; level <= top; level += 1) {
        const pages = 512 ** (level - 1);
        if (pages * 2 > table.pages) continue;
        const va = BigInt(pages) * 4096n;
        const cursor = table.cursorMut(va, pages);
        cursor.mapPfn(pages, RW, level);
        cursor.jump(va);
        expect([cursor.query(), cursor.pfn, cursor.prop]).toEqual([level, pages, RW]);
        space.check(table);
        if (level > 1) {
          // One page out of the middle.
          cursor.jump(va + 4096n * 7n);
          expect(cursor.query()).toBe(level);
          expect(cursor.pfn).toBe(pages + 7);
          expect(cursor.unmapNext()).toBe(1);
          expect(cursor.pfn).toBe(pages + 7);
          space.check(table);
          cursor.jump(va + 4096n * 8n);
          expect([cursor.query(), cursor.pfn, cursor.prop]).toEqual([1, pages + 8, RW]);
        }
        cursor.close();
        expect(table.unmapRange(va, pages)).toBe(pages - (level > 1 ? 1 : 0));
        table.cleanUp();
        expect(space.taken).toBe(1);
      }
      table.drop();
      space.end();
    });

    test("protects, to nobody and back, without losing the frame", () => {
      const space = new Space(64, { mode });
      const table = space.user(format);
      const frame = space.frame();
      const pfn = frame.paddr / 4096;
      const cursor = table.cursorMut(0x1000, 1);
      cursor.map(frame, RW);
      for (const [set, clear, want] of [
        [0, WRITE, RO],
        [0, READ | WRITE | EXECUTE, USER],
        [READ | WRITE | DIRTY, 0, RW | DIRTY],
      ] as const) {
        cursor.jump(0x1000);
        expect(cursor.protectNext(1, set, clear)).toBe(1);
        cursor.jump(0x1000);
        expect(cursor.query()).toBe(1);
        expect([cursor.pfn, cursor.prop, cursor.tracked]).toEqual([pfn, want, true]);
        space.check(table);
      }
      cursor.jump(0x1000);
      expect(() => cursor.mapPfn(9, RO)).toThrow(
        expect.objectContaining({ code: "already-mapped", va: 0x1000n, level: 1, pfn }),
      );
      cursor.close();
      table.drop();
      space.end();
    });
  });

  test("a tracked huge page is a segment: mapping moves its references, splitting moves none", () => {
    const space = new Space(2048, { mode });
    const table = space.user();
    const segment = space.segment(512);
    const first = segment.start / 4096;
    const count = () =>
      Array.from({ length: 512 }, (_, i) => space.frames.slots.countOf(first + i));
    const ones = count();
    const cursor = table.cursorMut(0x20_0000, 512);
    cursor.map(segment, RW);
    expect(segment.dropped).toBe(true);
    expect(count()).toEqual(ones);
    space.check(table);
    cursor.jump(0x20_3000);
    const frame = cursor.queryFrame();
    expect(frame?.paddr).toBe((first + 3) * 4096);
    frame?.drop();
    expect(cursor.protectNext(1, 0, WRITE)).toBe(1); // splits
    expect(count()).toEqual(ones);
    space.check(table);
    cursor.jump(0x20_0000);
    const taken = cursor.takeNext(3);
    expect(taken).toMatchObject({ kind: "mapped", va: 0x20_0000n, level: 1, pfn: first });
    if (taken?.kind === "mapped") taken.item?.drop();
    space.check(table);
    cursor.close();
    table.drop();
    space.end();
  });

  test("takes a tracked huge page back as a segment, which can be mapped again", () => {
    const space = new Space(2048, { mode });
    const table = space.user();
    const cursor = table.cursorMut(0, 1024);
    cursor.map(space.segment(512), RW);
    cursor.jump(0);
    const taken = cursor.takeNext(512);
    expect(taken).toMatchObject({ kind: "mapped", level: 2, pages: 512 });
    expect(cursor.page).toBe(512);
    if (!(taken?.kind === "mapped" && taken.item instanceof Segment)) throw new Error("no segment");
    const { item, pfn } = taken;
    expect([item.frames, item.start]).toEqual([512, pfn * 4096]);
    space.check(table);
    cursor.jump(0);
    cursor.map(item, RW);
    expect(() => item.start).toThrow(code("used-after-drop"));
    expect(() => item.drop()).toThrow(code("used-after-drop"));
    item[Symbol.dispose]();
    cursor.jump(0);
    const again = cursor.takeNext(512);
    if (!(again?.kind === "mapped" && again.item instanceof Segment)) throw new Error("no segment");
    const [low, high] = again.item.split(4096);
    expect([low.frames, high.start]).toEqual([1, pfn * 4096 + 4096]);
    low.drop();
    high.drop();
    cursor.close();
    table.drop();
    space.end();
  });

  test("takes whole tables, and counts huge pages with all of theirs", () => {
    const space = new Space(64, { mode });
    const table = space.user(x86Format(), "untracked");
    const cursor = table.cursorMut(0, 2 ** 18);
    cursor.jump(0x20_0000);
    cursor.mapPfn(512, RW, 2);
    cursor.mapPfn(7, RW);
    cursor.jump(0);
    const taken = cursor.takeNext(2 ** 18);
    expect(taken).toMatchObject({ kind: "stray", va: 0n, pages: 2 ** 18, mapped: 513, level: 2 });
    space.check(table);
    if (taken?.kind === "stray") taken.drop();
    expect(cursor.page).toBe(2 ** 18);
    cursor.close();
    expect(table.cleanUp()).toBe(1);
    table.drop();
    space.end();
  });
});

test("two cursors in one leaf table find what is theirs, whatever its count does not know yet (PT-32)", () => {
  const space = new Space(64);
  const table = space.user(x86Format(), "untracked");
  const [one, two] = [table.cursorMut(0x10_0000, 8), table.cursorMut(0x10_8000, 8)];
  for (let i = 0; i < 8; i += 1) one.mapPfn(i, RW);
  expect(two.findNext(8)).toBe(0);
  two.jump(0x10_8000);
  for (let i = 0; i < 8; i += 1) two.mapPfn(i, RW);
  // All but the first were made where the count was not touched; all of them go that way.
  one.jump(0x10_0000);
  for (let i = 0; i < 8; i += 1) expect(one.unmapNext()).toBe(1);
  two.jump(0x10_8000);
  for (let i = 0; i < 7; i += 1) expect(two.unmapNext()).toBe(1);
  expect(one.atEnd).toBe(true);
  two.jump(0x10_8000);
  expect([two.findNext(8), two.vpn]).toEqual([1, 0x10f]);
  space.check(table); // while both are open
  one.close();
  two.close();
  space.check(table);
  expect(table.unmapRange(0x10_0000, 16)).toBe(1);
  table.drop();
  space.end();
});
