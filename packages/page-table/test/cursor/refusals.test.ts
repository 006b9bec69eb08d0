/** Bad input, and every way in which upstream's cursors panic, overflow or do the wrong thing. */

import { MemkitError, struct } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
import { allocFrame, allocSegment, createBuddy } from "@memkit/frame-meta/alloc";
import { Segment } from "@memkit/frame-meta/segment";
import {
  AVAIL1,
  kernelConfig,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { shareTables } from "@memkit/page-table/shared";
import { PageTable, PageTableError } from "@memkit/page-table/table";
import { describe, expect, test } from "vitest";
import { formatsIn, MODES, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const USER_END = 0x8000_0000_0000;

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MemkitError) return error.code;
    throw error;
  }
  return "nothing";
}

describe.each(MODES)("in mode %s", (mode) => {
  test("ranges that are none are refused, and lock nothing", () => {
    const space = new Space(16, { mode });
    const table = space.user();
    for (const [va, pages, want] of [
      [0x1000, 0, "invalid-range"],
      [0x1000, -1, "invalid-range"],
      [0x1000, 1.5, "invalid-range"],
      [0x1000, Number.NaN, "invalid-range"],
      [0x1000, 2 ** 53, "invalid-range"],
      [0x1001, 1, "unaligned"],
      [0x1001n, 1, "unaligned"],
      [-0x1000, 1, "invalid-vaddr"],
      [4096.5, 1, "invalid-vaddr"],
      [Number.NaN, 1, "invalid-vaddr"],
      [2n ** 64n, 1, "invalid-vaddr"],
      [USER_END, 1, "invalid-range"],
      [USER_END - 4096, 2, "invalid-range"], // over the end of the half, into the hole
      [0xffff_8000_0000_0000n, 1, "invalid-range"],
      [0x0000_8000_0000_0000n, 1, "invalid-range"], // not canonical
    ] as const) {
      expect(
        code(() => table.cursor(va, pages)),
        `${va} ${pages}`,
      ).toBe(want);
      expect(
        code(() => table.mapRange(va, pages, 0, RW)),
        `${va} ${pages}`,
      ).toBe(want);
    }
    table.cursor(0, table.pages).close();
    expect(checkInvariants(table)).toEqual([]);
    table.drop();
    space.end();
  });

  test.each(formatsIn(mode))("%s: the first and the last page of both halves", (_, format) => {
    const space = new Space(600, { mode });
    for (const config of [userConfig(format), kernelConfig(format)]) {
      const table = space.table(config);
      const first = BigInt(table.firstVpn) << 12n;
      const last = first + BigInt(table.pages - 1) * 4096n;
      const prop = config.name === "user" ? RW : pageProperty(READ | WRITE);
      for (const va of [first, last]) table.mapRange(va, 1, 7, prop);
      const cursor = table.cursorMut(first, table.pages);
      cursor.jump(last);
      expect(cursor.query()).toBe(1);
      expect(cursor.moveForward()).toBe(false);
      expect(cursor.atEnd).toBe(true);
      expect(cursor.va).toBe(BigInt.asUintN(64, last + 4096n)); // 2^64 is 0
      expect(code(() => cursor.query())).toBe("out-of-range");
      expect(code(() => cursor.mapPfn(1, prop))).toBe("out-of-range");
      expect(code(() => cursor.findNext(1))).toBe("out-of-range");
      cursor.jump(first);
      expect(cursor.query()).toBe(1);
      cursor.moveForward();
      expect(cursor.findNext(cursor.remaining)).toBe(1);
      expect(cursor.va).toBe(last);
      cursor.close();
      expect(table.unmapRange(first, table.pages)).toBe(2);
      expect(checkInvariants(table)).toEqual([]);
      table.drop();
    }
    space.end();
  });

  test("a range that is exactly one huge slot takes its huge page", () => {
    const space = new Space(16, { mode });
    const table = space.user(x86Format(), "untracked");
    for (const [va, level] of [
      [0x20_0000, 2],
      [0x4000_0000, 3],
    ] as const) {
      const pages = 512 ** (level - 1);
      // Once with nothing there, and once with an empty table below.
      for (let round = 0; round < 2; round += 1) {
        const cursor = table.cursorMut(va, pages);
        cursor.mapPfn(0, RW, level);
        expect(cursor.atEnd).toBe(true);
        expect(checkInvariants(table)).toEqual([]);
        cursor.jump(va);
        expect(cursor.query()).toBe(level);
        expect(cursor.unmapNext(pages)).toBe(level);
        cursor.jump(va);
        cursor.mapPfn(5, RW);
        cursor.jump(va);
        expect(cursor.unmapNext()).toBe(1);
        cursor.close();
      }
    }
    const before = space.taken;
    table.mapRange(0x20_0000, 512, 0, RW); // the empty table becomes stray and is replaced
    expect(space.taken).toBe(before - 1);
    expect(checkInvariants(table)).toEqual([]);
    table.drop();
    space.end();
  });

  test("mapping over a leaf says which, splits nothing and takes no item", () => {
    const space = new Space(2048, { mode });
    const table = space.user();
    const cursor = table.cursorMut(0, 2 ** 18);
    cursor.jump(0x20_0000);
    cursor.mapPfn(1024, RW, 2);
    const before = space.taken;
    const frame = space.frame();
    cursor.jump(0x20_5000);
    expect(() => cursor.map(frame, RW)).toThrow(
      expect.objectContaining({ code: "already-mapped", va: 0x20_0000n, level: 2, pfn: 1024 }),
    );
    expect(frame.referenceCount).toBe(1);
    expect(space.taken).toBe(before + 1);
    cursor.jump(0);
    cursor.jump(0x3000);
    cursor.map(frame, RW);
    const segment = space.segment(512);
    cursor.jump(0);
    expect(() => cursor.map(segment, RW)).toThrow(
      expect.objectContaining({ code: "already-mapped", va: 0x3000n, level: 1 }),
    );
    expect(segment.frames).toBe(512);
    segment.drop();
    expect(code(() => cursor.mapRun(0, 1024, RW))).toBe("already-mapped");
    cursor.jump(0);
    cursor.close();
    space.check(table);
    table.drop();
    space.end();
  });

  test("a table's node is no item, alone or among others (PT-38)", () => {
    const space = new Space(64, { mode });
    const table = space.user();
    const other = space.user();
    other.mapRange(0, 1, 7, RW);
    const pages = Array.from({ length: 8 }, () => space.frame());
    const beside = pages.find(({ paddr }) => paddr / 4096 - 1 === other.rootPfn + 3)!;
    const leaf = Frame.fromInUse(space.frames, beside.paddr - 4096); // the last node that `other` has made
    const mixed = Segment.fromRaw(space.frames, [leaf.clone().intoRaw(), beside.clone().intoRaw()]);
    const cursor = table.cursorMut(0x1000, 4);
    for (const item of [table.root(), other.root(), leaf, Segment.fromFrame(leaf.clone())]) {
      expect(code(() => cursor.map(item, RW))).toBe("unfit-item");
      cursor.map(space.frame(), RW);
      cursor.jump(0x1000);
      expect(code(() => cursor.replace(item, RW))).toBe("unfit-item");
      cursor.unmapNext(1);
      cursor.jump(0x1000);
      item.drop();
    }
    cursor.close();
    const before = space.taken;
    expect(code(() => table.mapSegment(0x1000, mixed, RW))).toBe("unfit-item");
    mixed.drop();
    expect(space.taken).toBe(before);
    for (const page of pages) page.drop();
    space.check(table, other);
    for (const one of [table, other]) one.drop();
    space.end();
  });

  test("items that cannot be mapped stay with the caller", () => {
    const space = new Space(64, { mode });
    const other = new Space(64, { mode });
    const tracked = space.user();
    const untracked = space.user(x86Format(), "untracked");
    const frame = space.frame();
    const foreign = other.frame();
    const three = space.segment(3);
    const cursor = tracked.cursorMut(0x1000, 8);
    const plain = untracked.cursorMut(0x1000, 1);
    expect(code(() => plain.map(frame, RW))).toBe("unfit-item");
    expect(code(() => cursor.map(foreign, RW))).toBe("unfit-item");
    expect(code(() => cursor.map(three, RW))).toBe("unfit-item");
    expect(code(() => cursor.map(frame, WRITE | USER))).toBe("unrepresentable");
    expect(code(() => cursor.map(frame, RW | AVAIL1))).toBe("unrepresentable");
    expect(code(() => cursor.protectNext(1, AVAIL1, 0))).toBe("unrepresentable");
    expect(code(() => cursor.mapPfn(512, RW, 2))).toBe("out-of-range");
    expect(code(() => cursor.mapPfn(-1, RW))).toBe("invalid-pfn");
    expect(code(() => cursor.mapPfn(1.5, RW))).toBe("invalid-pfn");
    expect(code(() => cursor.mapPfn(2 ** 52, RW))).toBe("invalid-pfn");
    for (const level of [0, 4, 1.5, Number.NaN]) {
      expect(code(() => cursor.mapPfn(0, RW, level))).toBe("invalid-level");
    }
    expect(code(() => cursor.replace(frame, RW))).toBe("not-mapped");
    expect(code(() => cursor.jump(0x9000))).toBe("out-of-range");
    expect(code(() => cursor.jump(0x1001))).toBe("unaligned");
    expect(code(() => cursor.jump(Number.NaN))).toBe("invalid-vaddr");
    expect(code(() => cursor.findNext(9))).toBe("out-of-range");
    expect(code(() => cursor.takeNext(0))).toBe("out-of-range");
    expect(cursor.vpn).toBe(1);
    cursor.map(frame, RW);
    expect(code(() => cursor.map(frame, RW))).toBe("used-after-drop");
    cursor.close();
    plain.close();
    for (const run of [
      () => cursor.query(),
      () => cursor.mapPfn(0, RW),
      () => cursor.jump(0x1000),
    ]) {
      expect(code(run)).toBe("used-after-drop");
    }
    tracked.mapSegment(0x2000, three, RW);
    expect(three.dropped).toBe(true);
    space.check(tracked, untracked);
    tracked.drop();
    untracked.drop();
    foreign.drop();
    space.end();
  });

  test("a second cursor on a page of an open one throws; beside it works (PT-35)", () => {
    const space = new Space(32, { mode });
    const table = space.user(x86Format(), "untracked");
    const one = table.cursorMut(0x1000, 4);
    for (const [va, pages] of [
      [0x1000, 1],
      [0x4000, 1],
      [0, 2],
      [0, 2 ** 18],
    ] as const) {
      expect(code(() => table.cursor(va, pages))).toBe("cursor-deadlock");
    }
    expect(code(() => table.drop())).toBe("cursor-deadlock");
    // Agents that share a table lock nodes: beside it is under another one.
    const beside = mode === "single" ? 0x5000 : 0x20_5000;
    if (mode !== "single") expect(code(() => table.cursor(0x5000, 4))).toBe("cursor-deadlock");
    const two = table.cursorMut(beside, 4);
    two.mapPfn(5, RW); // makes the tables that `one` has not seen
    one.mapPfn(1, RW);
    expect(checkInvariants(table)).toEqual([]);
    one.close();
    one.close();
    expect(two.query()).toBe(0);
    two.jump(beside);
    expect(two.query()).toBe(1);
    expect(checkInvariants(table)).toEqual([]);
    two.close();
    expect([two.pfn, two.prop]).toEqual([5, RW]); // a hint
    expect(space.frames.slots.words[space.frames.slots.wordOf(table.rootPfn, 1)]).toBe(0);
    expect(table.unmapRange(0, 1024)).toBe(2);
    table.drop();
    space.end();
  });

  test("forged entries are found out, not followed (PT-30)", () => {
    const space = new Space(32, { mode });
    const table = space.user(x86Format(), "untracked");
    table.mapRange(0x1000, 1, 3, RW);
    const root = table.rootPfn * 1024;
    const good = space.words[root]!;
    for (const pfn of [table.rootPfn, 31, 2 ** 19]) {
      space.words[root] = (pfn << 12) | 7;
      expect(code(() => table.unmapRange(0x1000, 1))).toBe("corrupt-table");
      expect(code(() => table.mapRange(0x2000, 1, 3, RW))).toBe("corrupt-table");
      expect(checkInvariants(table).map(({ id }) => id)).toContain("E1");
    }
    space.words[root] = good;
    expect(checkInvariants(table)).toEqual([]);
    table.drop();
    space.end();
  });

  test("memory that cannot hold tables is refused", () => {
    const frames = FrameTable.create({
      memory: { buffer: new SharedArrayBuffer(16 * 4096) },
      mode: "shared",
    });
    createBuddy(frames);
    const config = userConfig(x86Format());
    expect(code(() => shareTables(frames))).toBe("unsupported-memory");
    const none = FrameTable.create({ memory: { buffer: new ArrayBuffer(16 * 4096) } });
    expect(code(() => PageTable.create(none, config))).toBe("no-allocator");
  });

  test("a kernel table that finds no room for its top tables leaves nothing behind", () => {
    const space = new Space(100, { mode });
    expect(code(() => space.table(kernelConfig(riscvFormat({ sv: 39 }))))).toBe("no-memory");
    space.end();
  });

  test("mapping that runs out of memory half-way maps nothing (PT-36)", () => {
    for (let room = 0; room < 8; room += 1) {
      const space = new Space(32, { mode });
      const table = space.user(x86Format(), "untracked");
      const hoard: number[] = [];
      for (let free = space.allocator.stats().free - room; free > 0; free -= 1) {
        hoard.push(space.allocator.alloc());
      }
      // Tables for three leaf tables on both sides of 1 GiB: seven with the two above each, and one more.
      const got = code(() => table.mapRange(0x3fe0_0000, 1024 + 512, 0, RW, 1));
      expect(got).toBe(room < 6 ? "no-memory" : "nothing");
      expect(checkInvariants(table)).toEqual([]);
      expect(table.unmapRange(0, 2 ** 20)).toBe(room < 6 ? 0 : 1536);
      table.drop();
      for (const pfn of hoard) space.allocator.add(pfn);
      space.end();
    }
  });

  test("a frame whose type refuses to go stays mapped (PT-36)", () => {
    const space = new Space(32, { mode });
    let agrees = false;
    const stubborn = defineFrameMeta({
      name: "stubborn",
      layout: struct(),
      onDropPre: () => agrees,
    });
    const table = space.user();
    const cursor = table.cursorMut(0x1000, 1);
    cursor.map(allocFrame(space.frames, stubborn, {}), RW);
    cursor.jump(0x1000);
    expect(code(() => cursor.unmapNext())).toBe("drop-refused");
    expect(cursor.query()).toBe(1);
    space.check(table);
    agrees = true;
    expect(cursor.unmapNext()).toBe(1);
    cursor.close();
    table.drop();
    space.end();
  });

  test("a huge page that was taken stays whole with who has it where one of its frames refuses to go", () => {
    const space = new Space(2048, { mode });
    let refused = 1;
    const stubborn = defineFrameMeta({
      name: "stubborn",
      layout: struct(),
      onDropPre: () => refused-- <= 0,
    });
    const pages = allocSegment(space.frames, 512, stubborn, () => ({}), { align: 2 ** 21 });
    const table = space.user();
    const cursor = table.cursorMut(0, 512);
    cursor.map(pages, RW);
    cursor.jump(0);
    const taken = cursor.takeNext(512);
    if (!(taken?.kind === "mapped" && taken.item instanceof Segment)) throw new Error("nothing");
    const { item } = taken;
    expect(code(() => item.drop())).toBe("drop-refused");
    expect([item.dropped, item.frames]).toEqual([false, 512]);
    item.drop();
    expect(item.dropped).toBe(true);
    cursor.close();
    table.drop();
    space.end();
  });

  test("the same frame at two addresses is counted twice, and freed once (PT-38)", () => {
    const space = new Space(32, { mode });
    const table = space.user();
    const frame = space.frame();
    const pfn = frame.paddr / 4096;
    const twin = frame.clone();
    const cursor = table.cursorMut(0x1000, 2);
    cursor.map(frame, RW);
    cursor.map(twin, RW);
    expect(space.frames.slots.countOf(pfn)).toBe(2);
    space.check(table);
    cursor.jump(0x1000);
    cursor.unmapNext();
    expect(space.frames.slots.countOf(pfn)).toBe(1);
    cursor.unmapNext();
    expect(space.frames.slots.countOf(pfn)).toBe(-1);
    cursor.close();
    table.drop();
    space.end();
  });

  test("a node that somebody holds is stray when it is unmapped, and goes with its last handle (PT-33)", () => {
    const space = new Space(32, { mode });
    const table = space.user();
    const cursor = table.cursorMut(0x1000, 1);
    cursor.map(space.frame(), RW);
    cursor.close();
    const root = table.root();
    table.drop();
    expect(root.meta.nrChildren).toBe(1);
    expect(root.meta.level).toBe(4);
    expect([root.meta.stray, root.meta.lock.load()]).toEqual([false, 0]);
    root.drop();
    space.end();
  });

  test("errors are PageTableError by either of its names", () => {
    const space = new Space(16, { mode });
    const table = space.user();
    expect(() => table.cursor(0x1000, 0)).toThrow(PageTableError);
    expect(() => table.cursor(0x1000, 0)).toThrow(
      /0 pages from 0x1000 are no range of this table: give 1 or more/,
    );
    table.drop();
    space.end();
  });
});
