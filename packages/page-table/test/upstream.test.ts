/**
 * OSTD's tests of page tables (`ostd/src/mm/page_table/test.rs`), each under the number of its line, as UPSTREAM.md has them; and those of
 * the page table of its boot. What upstream panics for is an error here.
 */

import {
  ACCESSED,
  AVAIL2,
  CACHE_POLICIES,
  type CachePolicy,
  DIRTY,
  EXECUTE,
  encodeLeaf,
  encodeTable,
  GLOBAL,
  kernelConfig,
  kindOf,
  pageProperty,
  propertyOf,
  READ,
  USER,
  userConfig,
  WRITE,
} from "@memkit/page-table/format";
import { mmuOf } from "@memkit/page-table/mmu";
import type { PageTable } from "@memkit/page-table/table";
import { describe, expect, test } from "vitest";
import { formats, Space } from "./support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const RO = pageProperty(READ | USER);
const PAGE = 4096;
const MIB2 = 512 * PAGE;
const GIB = 512 * MIB2;
const END = 2 ** 47;
const KERNEL = 0xffff_8000_0000_0000n;
const code = (expected: string) => expect.objectContaining({ code: expected });
const x86 = formats[0]![1];

/** Level, frame and property at each of these addresses; 0 where nothing is mapped. */
const looks = (table: PageTable, ...vas: number[]): unknown[] =>
  vas.map((va) => {
    const found = table.translate(va);
    return found === undefined ? 0 : [found.level, found.pfn, found.prop];
  });

/** A table of untracked pages: frames are numbers, as upstream's tests map ranges of them. */
const untracked = (): PageTable => new Space(64, { ledger: false }).user(x86, "untracked");

describe("tables", () => {
  test("203: a user's table shares the top nodes of the kernel's", () => {
    const space = new Space(300);
    const kernel = space.table(kernelConfig(x86));
    const user = kernel.createUser(userConfig(x86));
    kernel.mapRange(KERNEL, 1, 9, pageProperty(READ));
    const tables = [kernel, user].map((table) => mmuOf(table).steps(-0x8000, 0)[1]?.table);
    expect(tables[0]).toBe(tables[1]);
    user.drop();
    kernel.drop();
    space.end();
  });

  test("237: all of the kernel's half is there from the start, and nothing of the user's", () => {
    const space = new Space(300);
    const kernel = space.table(kernelConfig(x86));
    const kinds = Array.from({ length: 512 }, (_, i) => {
      const at = kernel.rootPfn * 1024 + 2 * i;
      return kindOf(x86, space.words[at]!, space.words[at + 1]!, 4);
    });
    expect(kinds).toEqual([...Array(256).fill("absent"), ...Array(256).fill("table")]);
    kernel.drop();
    space.end();
  });
});

describe("ranges", () => {
  test("260: a whole one is taken; unaligned, empty, reversed and the kernel's are not", () => {
    const table = untracked();
    table.cursor(0, 1).close();
    table.cursor(PAGE, 512).close();
    expect(() => table.cursor(1, 1)).toThrow(code("unaligned"));
    expect(() => table.cursor(PAGE, 0)).toThrow(code("invalid-range"));
    expect(() => table.cursor(PAGE, -1)).toThrow(code("invalid-range"));
    expect(() => table.cursor(KERNEL, 1)).toThrow(code("invalid-range"));
  });

  test("281: empty, outside and misaligned at the ends of the half", () => {
    const table = untracked();
    expect(() => table.cursor(END - PAGE, 0)).toThrow(code("invalid-range"));
    expect(() => table.cursor(END - PAGE, 2)).toThrow(code("invalid-range"));
    expect(() => table.cursor(END, 1)).toThrow(code("invalid-range"));
    expect(() => table.cursor(END - 1, 1)).toThrow(code("unaligned"));
    expect(() => table.cursor(0.5, 1)).toThrow(code("invalid-vaddr"));
  });

  test("307: the first page is mapped, and walked to at its first and its last byte", () => {
    const table = untracked();
    table.mapRange(0, 1, 9, RW);
    const walker = mmuOf(table);
    expect([walker.translate(0), walker.pfn, walker.offset]).toEqual([true, 9, 0]);
    expect([walker.translate(4095), walker.pfn, walker.offset]).toEqual([true, 9, 4095]);
    expect(walker.translate(PAGE)).toBe(false);
  });

  test("316: so is the last page of the user's", () => {
    const table = untracked();
    table.mapRange(END - PAGE, 1, 9, RW);
    expect(looks(table, END - PAGE, END - 1, END - 2 * PAGE)).toEqual([[1, 9, RW], [1, 9, RW], 0]);
  });

  test("331: a range whose end overflows is refused", () => {
    const table = untracked();
    expect(() => table.cursor(END - PAGE, 2 ** 52)).toThrow(code("invalid-range"));
    expect(() => table.cursor(2n ** 64n - 4096n, 2)).toThrow(code("invalid-range"));
  });
});

describe.each(formats)("entries of %s", (_, format) => {
  const props = [READ, READ | WRITE, READ | WRITE | EXECUTE, READ | EXECUTE, 0]
    .flatMap((flags) => [flags, flags | USER])
    .flatMap((flags) => [flags, flags | ACCESSED, flags | ACCESSED | DIRTY])
    .flatMap((flags) => [flags, flags | AVAIL2, flags | GLOBAL])
    .flatMap((flags) => CACHE_POLICIES.map((cache: CachePolicy) => pageProperty(flags, cache)))
    .filter((prop) => format.supports(prop, 1));

  test("366, 389: every property comes back as it was mapped; what says tracked is not the caller's", () => {
    expect(props.length).toBeGreaterThan(40);
    for (const prop of props) {
      const { lo, hi } = encodeLeaf(format, 0x1234, 1, prop);
      expect([prop, propertyOf(format, lo, hi, 1)]).toEqual([prop, prop]);
    }
    const space = new Space();
    const table = space.user(format);
    const cursor = table.cursorMut(MIB2, 1);
    cursor.map(space.frame(), RW);
    cursor.jump(MIB2);
    expect([cursor.query(), cursor.prop, cursor.tracked]).toEqual([1, RW, true]);
    cursor.close();
    table.drop();
    space.end();
  });

  test("380, 425: zero is absent at every level", () => {
    for (let level = 1; level <= format.paging.levels; level += 1) {
      expect(kindOf(format, 0, 0, level)).toBe("absent");
    }
  });

  test("409: an entry that leads to a table comes back as one, at every level that has one", () => {
    const { lo, hi } = encodeTable(format, 0x1234);
    for (let level = 2; level <= format.paging.levels; level += 1) {
      expect(kindOf(format, lo, hi, level)).toBe("table");
    }
  });
});

describe("cursors", () => {
  test("441: a page over a page is refused", () => {
    const table = untracked();
    table.mapRange(MIB2, 1, 9, RW);
    const cursor = table.cursorMut(MIB2, 1);
    expect(() => cursor.mapPfn(10, RW)).toThrow(code("already-mapped"));
    expect([cursor.query(), cursor.pfn]).toEqual([1, 9]);
    cursor.close();
  });

  test("468: a huge page at an address that is none of its size is refused", () => {
    const cursor = untracked().cursorMut(MIB2 + PAGE, 1024);
    expect(() => cursor.mapPfn(512, RW, 2)).toThrow(code("unaligned"));
    cursor.close();
  });

  test("516: jump and query", () => {
    const table = untracked();
    table.mapRange(MIB2, 3, 9, RW);
    const cursor = table.cursor(MIB2, 512);
    cursor.jump(MIB2 + 2 * PAGE);
    expect([cursor.query(), cursor.pfn, cursor.va]).toEqual([1, 11, BigInt(MIB2 + 2 * PAGE)]);
    cursor.jump(MIB2 + 3 * PAGE);
    expect(cursor.query()).toBe(0);
    cursor.close();
  });

  test("542: back from the end; in the middle of a huge page all of it is found", () => {
    const table = untracked();
    table.mapRange(MIB2, 512, 512, RW);
    const cursor = table.cursor(MIB2, 512);
    expect(cursor.moveForward()).toBe(false);
    expect(() => cursor.query()).toThrow(code("out-of-range"));
    cursor.jump(MIB2 + 7 * PAGE);
    expect([cursor.query(), cursor.foundPages, cursor.pfn]).toEqual([2, 512, 519]);
    cursor.close();
  });

  test("577: at the end of the table that covers the range, back is within it", () => {
    const table = untracked();
    const cursor = table.cursorMut(0, 512);
    for (let page = 0; page < 512; page += 1) cursor.mapPfn(page, RW);
    expect(cursor.atEnd).toBe(true);
    cursor.jump(MIB2 - PAGE);
    expect([cursor.query(), cursor.pfn]).toEqual([1, 511]);
    cursor.jump(0);
    expect(cursor.query()).toBe(1);
    cursor.close();
  });

  test("600: near the top of the address space nothing overflows", () => {
    const space = new Space(300);
    const kernel = space.table(kernelConfig(x86));
    const top = 2n ** 64n - 2n * 4096n;
    const cursor = kernel.cursorMut(top, 2);
    cursor.jump(top + 4096n);
    cursor.mapPfn(9, pageProperty(READ));
    expect([cursor.atEnd, cursor.va, cursor.remaining]).toEqual([true, 0n, 0]);
    cursor.jump(top);
    expect([cursor.findNext(2), cursor.va]).toEqual([1, top + 4096n]);
    cursor.close();
    kernel.drop();
    space.end();
  });

  test("637: the next mapping, and the one after it, levels away", () => {
    const table = untracked();
    table.mapRange(PAGE, 1, 9, RW);
    table.mapRange(2 * GIB, 512, 512, RW);
    const cursor = table.cursor(0, 3 * 512 * 512);
    expect([cursor.findNext(1024), cursor.va]).toEqual([1, BigInt(PAGE)]);
    cursor.moveForward();
    expect([cursor.findNext(cursor.remaining), cursor.va]).toEqual([2, BigInt(2 * GIB)]);
    cursor.close();
  });

  test("663: finding stops exactly at the end of the range", () => {
    const table = untracked();
    table.mapRange(MIB2, 1, 9, RW);
    const cursor = table.cursor(0, 512);
    expect([cursor.findNext(512), cursor.atEnd, cursor.va]).toEqual([0, true, BigInt(MIB2)]);
    cursor.close();
  });

  test("688: more pages than are left are refused", () => {
    const cursor = untracked().cursorMut(0, 8);
    cursor.jump(PAGE);
    for (const pages of [8, 0, -1]) {
      expect(() => cursor.findNext(pages)).toThrow(code("out-of-range"));
      expect(() => cursor.takeNext(pages)).toThrow(code("out-of-range"));
      expect(() => cursor.protectNext(pages, 0, WRITE)).toThrow(code("out-of-range"));
    }
    cursor.close();
  });

  test("708: what is taken is the item that was mapped", () => {
    const space = new Space();
    const table = space.user();
    const frame = space.frame();
    const { paddr } = frame;
    const cursor = table.cursorMut(MIB2, 4);
    cursor.map(frame, RW);
    cursor.jump(MIB2);
    const taken = cursor.takeNext(4);
    expect(taken).toMatchObject({ kind: "mapped", va: BigInt(MIB2), level: 1, prop: RW });
    if (taken?.kind === "mapped") {
      expect([taken.pfn, taken.item !== undefined]).toEqual([paddr / PAGE, true]);
      taken.item?.drop();
    }
    expect(cursor.takeNext(cursor.remaining)).toBeUndefined();
    cursor.close();
    table.drop();
    space.end();
  });

  test("733: a whole table is taken as one, with what it maps", () => {
    const table = untracked();
    table.mapRange(MIB2, 1, 9, RW);
    const cursor = table.cursorMut(PAGE, 512 * 512 - 1);
    const taken = cursor.takeNext(cursor.remaining);
    expect(taken).toMatchObject({ kind: "stray", va: BigInt(MIB2), pages: 512, mapped: 1 });
    cursor.close();
    if (taken?.kind === "stray") taken.drop();
  });

  test("767: one page of a huge one is taken, and its neighbours of every size stay", () => {
    const table = untracked();
    table.mapRange(GIB, 512 * 512, 2 ** 18, RW, 2);
    table.mapRange(GIB - PAGE, 1, 9, RW);
    expect(table.unmapRange(GIB + 3 * PAGE, 1)).toBe(1);
    expect(looks(table, GIB - PAGE, GIB + 2 * PAGE, GIB + 3 * PAGE, GIB + 4 * PAGE)).toEqual([
      [1, 9, RW],
      [1, 2 ** 18 + 2, RW],
      0,
      [1, 2 ** 18 + 4, RW],
    ]);
    expect(looks(table, GIB + MIB2)).toEqual([[2, 2 ** 18 + 512, RW]]);
  });

  test("831: of 514 huge pages and two small ones two pages are protected, and no other is", () => {
    const table = untracked();
    const pages = 514 * 512 + 2;
    table.mapRange(MIB2, pages, 512, RW, 2);
    const [first, last] = [MIB2, MIB2 + 514 * MIB2];
    expect(table.protectRange(first + 5 * PAGE, 2, 0, WRITE)).toBe(2);
    expect(looks(table, first + 4 * PAGE, first + 5 * PAGE, first + 6 * PAGE)).toEqual([
      [1, 516, RW],
      [1, 517, RO],
      [1, 518, RO],
    ]);
    expect(looks(table, first + 7 * PAGE, first + MIB2, last, last + PAGE)).toEqual([
      [1, 519, RW],
      [2, 1024, RW],
      [1, 512 + 514 * 512, RW],
      [1, 513 + 514 * 512, RW],
    ]);
  });

  test("949: a page is protected, and says so", () => {
    const table = untracked();
    table.mapRange(MIB2, 1, 9, RW);
    const cursor = table.cursorMut(MIB2, 1);
    expect(cursor.protectNext(1, 0, WRITE)).toBe(1);
    cursor.jump(MIB2);
    expect([cursor.query(), cursor.pfn, cursor.prop]).toEqual([1, 9, RO]);
    cursor.close();
  });

  test("992: where nothing is mapped nothing is protected", () => {
    const cursor = untracked().cursorMut(MIB2, 8);
    expect([cursor.protectNext(8, 0, WRITE), cursor.atEnd]).toEqual([0, true]);
    cursor.close();
  });

  test("1007: of a range that is mapped in part that part is", () => {
    const table = untracked();
    table.mapRange(MIB2 + 2 * PAGE, 2, 9, RW);
    expect(table.protectRange(MIB2, 8, 0, WRITE)).toBe(2);
    expect(looks(table, MIB2 + 2 * PAGE, MIB2 + 3 * PAGE, MIB2 + 4 * PAGE)).toEqual([
      [1, 9, RO],
      [1, 10, RO],
      0,
    ]);
  });
});

describe("what the boot's table does, an ordinary one does", () => {
  test("1037, 1059: maps a page, once", () => {
    const table = untracked();
    table.mapRange(PAGE, 1, 9, RW);
    expect(looks(table, PAGE)).toEqual([[1, 9, RW]]);
    expect(() => table.mapRange(PAGE, 1, 9, RW)).toThrow(code("already-mapped"));
  });

  test("1078, 1091: protects what is mapped, and nothing else", () => {
    const table = untracked();
    expect(table.protectRange(PAGE, 1, 0, WRITE)).toBe(0);
    table.mapRange(PAGE, 1, 9, RW);
    expect(table.protectRange(PAGE, 1, 0, WRITE)).toBe(1);
    expect(looks(table, PAGE)).toEqual([[1, 9, RO]]);
  });
});
