/** Fork, the faults after it, and the kernel's half. */

import { struct, u32 } from "@memkit/core";
import { defineFrameMeta } from "@memkit/frame-meta";
import { allocFrame } from "@memkit/frame-meta/alloc";
import { COPY_ON_WRITE, fork, handleFault } from "@memkit/page-table/fork";
import {
  aarch64Format,
  kernelConfig,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import type { PageTable } from "@memkit/page-table/table";
import { Walker } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";
import { formatsIn, MODES, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const RO = pageProperty(READ | USER);

function at(table: PageTable, va: number): { level: number; pfn: number; prop: number } {
  const cursor = table.cursor(va, 1);
  const level = cursor.query();
  cursor.close();
  return { level, pfn: cursor.pfn, prop: cursor.prop };
}

describe.each(MODES)("in mode %s", (mode) => {
  describe.each(formatsIn(mode))("%s", (_, format) => {
    test("a fork shares pages until one of the two writes (PT-41)", () => {
      const space = new Space(128, { mode });
      const parent = space.user(format);
      const before = space.taken;
      const cursor = parent.cursorMut(0x1000, 3);
      cursor.map(space.frame(), RW);
      cursor.map(space.frame(), RO);
      cursor.mapPfn(0x12345, RW);
      cursor.close();
      const { pfn } = at(parent, 0x1000);
      space.words[pfn * 1024 + 5] = 77;
      const child = fork(parent);
      space.check(parent, child);
      const shared = { level: 1, pfn, prop: RO | COPY_ON_WRITE };
      expect([at(parent, 0x1000), at(child, 0x1000)]).toEqual([shared, shared]);
      expect(at(child, 0x2000).prop).toBe(RO);
      expect(at(child, 0x3000)).toEqual({ level: 1, pfn: 0x12345, prop: RW });
      expect(handleFault(child, 0x1004, "read")).toBe("resolved");
      expect(handleFault(child, 0x2000, "write")).toBe("denied");
      expect(handleFault(child, 0x1004, "execute")).toBe("denied");
      expect(handleFault(child, 0x4000, "write")).toBe("not-mapped");
      expect(handleFault(child, 0x1234, "write")).toBe("resolved");
      space.check(parent, child);
      const copy = at(child, 0x1000);
      expect(copy.prop).toBe(RW);
      expect(copy.pfn).not.toBe(pfn);
      expect(space.words[copy.pfn * 1024 + 5]).toBe(77);
      expect(at(parent, 0x1000)).toEqual(shared);
      expect(handleFault(parent, 0x1000, "write")).toBe("resolved");
      expect(at(parent, 0x1000)).toEqual({ level: 1, pfn, prop: RW }); // alone: no copy
      expect(handleFault(parent, 0x1000, "write")).toBe("resolved");
      space.check(parent, child);
      child.drop();
      parent.unmapRange(0x1000, 3);
      parent.cleanUp();
      expect(space.taken).toBe(before);
      parent.drop();
      space.end();
    });
  });

  test("a huge page is shared as one, and split where it is written", () => {
    const space = new Space(2048, { mode });
    const parent = space.user();
    parent.mapSegment(0x40_0000, space.segment(512), RW);
    const child = fork(parent);
    space.check(parent, child);
    expect(at(child, 0x40_5000)).toMatchObject({ level: 2, prop: RO | COPY_ON_WRITE });
    expect(handleFault(child, 0x40_5000, "write")).toBe("resolved");
    expect(at(child, 0x40_5000)).toMatchObject({ level: 1, prop: RW });
    expect(at(child, 0x40_6000)).toMatchObject({ level: 1, prop: RO | COPY_ON_WRITE });
    expect(at(parent, 0x40_5000).level).toBe(2);
    space.check(parent, child);
    parent.drop();
    space.check(child);
    child.drop();
    space.end();
  });

  test("a fork that runs out of memory has changed nothing, wherever it does", () => {
    for (let room = 0; room < 6; room += 1) {
      const space = new Space(32, { mode });
      const parent = space.user();
      for (const va of [0x1000, 0x20_0000, 0x4000_0000]) {
        const cursor = parent.cursorMut(va, 1);
        cursor.map(space.frame(), RW);
        cursor.close();
      }
      const before = space.taken;
      const held = space.allocator.stats();
      const hoard: number[] = [];
      for (let free = held.free - room; free > 0; free -= 1) hoard.push(space.allocator.alloc());
      expect(() => fork(parent)).toThrow(expect.objectContaining({ code: "no-memory" }));
      for (const pfn of hoard) space.allocator.add(pfn);
      expect(space.taken).toBe(before);
      for (const va of [0x1000, 0x20_0000, 0x4000_0000]) expect(at(parent, va).prop).toBe(RW);
      space.check(parent);
      parent.drop();
      space.end();
    }
  });

  test("frames with metadata are copied by their owner, or not at all", () => {
    const space = new Space(64, { mode });
    const owned = defineFrameMeta({
      name: "owned",
      layout: struct(["owner", u32]),
      isUntyped: true,
    });
    const parent = space.user();
    const cursor = parent.cursorMut(0x1000, 1);
    cursor.map(allocFrame(space.frames, owned, { owner: 7 }), RW);
    cursor.close();
    const child = fork(parent);
    expect(() => handleFault(child, 0x1000, "write")).toThrow(
      expect.objectContaining({ code: "cannot-copy", type: "owned" }),
    );
    space.check(parent, child);
    const copy = () => allocFrame(space.frames, owned, { owner: 8 });
    expect(handleFault(child, 0x1000, "write", { copy })).toBe("resolved");
    space.check(parent, child);
    child.drop();
    parent.drop();
    space.end();
  });

  test("user tables share the kernel's top tables, which outlive its own handle (PT-39)", () => {
    const space = new Space(300, { mode });
    const format = x86Format();
    const kernel = space.table(kernelConfig(format));
    const user = kernel.createUser(userConfig(format));
    const other = fork(user);
    const va = 0xffff_8000_0000_5000n;
    kernel.mapRange(va, 1, 0x99, pageProperty(READ | WRITE));
    for (const table of [user, other]) {
      const walker = new Walker({ format, memory: space.frames.memory, root: table.rootPfn });
      expect(walker.translate(va)).toBe(true);
      expect(walker.pfn).toBe(0x99);
      expect(() => table.cursor(va, 1)).toThrow(expect.objectContaining({ code: "invalid-range" }));
    }
    space.check(kernel, user, other);
    const cursor = kernel.cursorMut(0xffff_8000_0000_0000n, 2 ** 27);
    expect(() => cursor.mapPfn(0, RW, 4)).toThrow(
      expect.objectContaining({ code: "invalid-level" }),
    );
    const taken = cursor.takeNext(2 ** 27);
    expect(taken).toMatchObject({ kind: "stray", level: 2, mapped: 1 });
    if (taken?.kind === "stray") taken.drop();
    cursor.close();
    expect(() => fork(kernel)).toThrow(expect.objectContaining({ code: "shared-table" }));
    kernel.mapRange(va, 1, 0x98, pageProperty(READ | WRITE));
    user.drop();
    kernel.drop();
    const walker = new Walker({ format, memory: space.frames.memory, root: other.rootPfn });
    expect(walker.translate(va)).toBe(true);
    space.check(other);
    other.drop();
    space.end();
  });

  test("a huge page does not replace a shared top table", () => {
    const space = new Space(300, { mode });
    const kernel = space.table(kernelConfig(riscvFormat({ sv: 39 })));
    const cursor = kernel.cursorMut(0xffff_ffc0_0000_0000n, 2 ** 18);
    expect(() => cursor.mapPfn(0, pageProperty(READ), 3)).toThrow(
      expect.objectContaining({ code: "shared-table" }),
    );
    cursor.close();
    kernel.mapRange(0xffff_ffc0_0000_0000n, 2 ** 18, 0, pageProperty(READ));
    space.check(kernel);
    expect(kernel.unmapRange(0xffff_ffc0_0000_0000n, 2 ** 18)).toBe(2 ** 18);
    kernel.drop();
    space.end();
  });

  test("AArch64's halves have roots of their own", () => {
    const space = new Space(600, { mode });
    const format = aarch64Format();
    const kernel = space.table(kernelConfig(format));
    const user = kernel.createUser(userConfig(format));
    expect(() => kernel.createUser(userConfig(x86Format()))).toThrow(
      expect.objectContaining({ code: "other-format" }),
    );
    kernel.mapRange(0xffff_0000_0000_0000n, 1, 3, pageProperty(READ));
    expect(kernel.unmapRange(0xffff_0000_0000_0000n, 1)).toBe(1);
    space.check(kernel, user);
    kernel.drop();
    user.drop();
    space.end();
  });
});
