/** PT-41: what protecting a page means in a table that has been forked. */

import { u32 } from "@memkit/core";
import { FrameTable } from "@memkit/frame-meta";
import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { openTable, saveTable } from "@memkit/frame-meta/save";
import { COPY_ON_WRITE, fork, handleFault } from "@memkit/page-table/fork";
import {
  AVAIL2,
  EXECUTE,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { adoptTable, attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { describe, expect, test } from "vitest";
import { formats, MODES, Space } from "../support/space.js";

const RO = pageProperty(READ | USER);
const RW = RO | WRITE;
const MARKED = RO | COPY_ON_WRITE;
const VA = 0x1000;
const HUGE = 0x20_0000;

const propAt = (table: PageTable, va = VA): number | undefined => table.translate(va)?.prop;

/** Each way to protect one page, or what is mapped at it. */
const ways: Readonly<
  Record<string, (table: PageTable, va: number, set: number, clear: number) => void>
> = {
  protectRange: (table, va, set, clear) => void table.protectRange(va, 1, set, clear),
  protectNext(table, va, set, clear) {
    const cursor = table.cursorMut(va, 1);
    cursor.protectNext(1, set, clear);
    cursor.close();
  },
};

describe.each(MODES)("in mode %s", (mode) => {
  describe.each(mode === "single" ? formats : formats.slice(0, 1))("%s", (_, format) => {
    describe.each(Object.entries(ways))("by %s", (_, protect) => {
      /** A page that was writable, one that was not, and one that nobody counts. */
      const forked = () => {
        const space = new Space(32, { mode });
        const parent = space.user(format);
        const cursor = parent.cursorMut(VA, 3);
        cursor.map(space.frame(), RW);
        cursor.map(space.frame(), RO);
        cursor.mapPfn(0x12345, RO);
        cursor.close();
        const child = fork(parent);
        const end = () => {
          space.check(parent, child);
          parent.drop();
          child.drop();
          space.end();
        };
        return { space, parent, child, end };
      };

      test("a right to write is the mark, and copies at the first write", () => {
        const { parent, child, end } = forked();
        for (const va of [VA, VA + 4096]) {
          for (const table of [parent, child]) {
            protect(table, va, WRITE, 0);
            expect(propAt(table, va)).toBe(MARKED);
            protect(table, va, WRITE | READ, 0);
            expect(propAt(table, va)).toBe(MARKED);
          }
          const { pfn } = parent.translate(va)!;
          expect(handleFault(child, va, "write")).toBe("resolved");
          expect(child.translate(va)).toMatchObject({ prop: RW });
          expect(child.translate(va)!.pfn).not.toBe(pfn);
          expect(handleFault(parent, va, "write")).toBe("resolved");
          expect(parent.translate(va)).toMatchObject({ prop: RW, pfn });
        }
        end();
      });

      test("to take the right away takes the mark, so that the next write is a fault", () => {
        const { parent, child, end } = forked();
        protect(parent, VA, 0, WRITE);
        expect([propAt(parent), propAt(child)]).toEqual([RO, MARKED]);
        expect(handleFault(parent, VA, "write")).toBe("denied");
        expect(handleFault(child, VA, "write")).toBe("resolved");
        protect(child, VA, 0, WRITE);
        expect(handleFault(child, VA, "write")).toBe("denied");
        protect(child, VA, WRITE, 0);
        expect(handleFault(child, VA, "write")).toBe("resolved");
        end();
      });

      test("of a page that may be written the right stays, and no page gets it that is mapped later", () => {
        const { space, parent, end } = forked();
        handleFault(parent, VA, "write");
        protect(parent, VA, WRITE, 0);
        expect(propAt(parent)).toBe(RW);
        const cursor = parent.cursorMut(0x9000, 1);
        cursor.map(space.frame(), RW);
        cursor.close();
        protect(parent, 0x9000, WRITE, 0);
        expect(propAt(parent, 0x9000)).toBe(RW);
        protect(parent, 0x9000, 0, WRITE);
        protect(parent, 0x9000, WRITE, 0);
        expect(propAt(parent, 0x9000)).toBe(MARKED);
        expect(handleFault(parent, 0x9000, "write")).toBe("resolved");
        expect(propAt(parent, 0x9000)).toBe(RW);
        end();
      });

      test("untracked pages get the right itself, and what is not named stays", () => {
        const { parent, child, end } = forked();
        protect(parent, VA + 8192, WRITE, 0);
        expect(propAt(parent, VA + 8192)).toBe(RW);
        expect(propAt(child, VA + 8192)).toBe(RO);
        protect(parent, VA, EXECUTE, 0);
        expect(propAt(parent)).toBe(MARKED | EXECUTE);
        protect(parent, VA, 0, EXECUTE);
        expect(propAt(parent)).toBe(MARKED);
        end();
      });

      test("who sets all flags anew means the right to write, and not the mark", () => {
        const { parent, end } = forked();
        protect(parent, VA, RW, ~0);
        expect(propAt(parent)).toBe(MARKED);
        protect(parent, VA, EXECUTE, ~(READ | WRITE | USER));
        expect(propAt(parent)).toBe(MARKED | EXECUTE);
        protect(parent, VA, RO, ~0 >>> 0);
        expect(propAt(parent)).toBe(RO);
        end();
      });

      test("who names the mark alone means it", () => {
        const { parent, child, end } = forked();
        protect(parent, VA, 0, COPY_ON_WRITE);
        expect(propAt(parent)).toBe(RO);
        protect(parent, VA, COPY_ON_WRITE, 0);
        expect(propAt(parent)).toBe(MARKED);
        child.unmapRange(VA, 1);
        protect(parent, VA, WRITE, COPY_ON_WRITE);
        expect(propAt(parent)).toBe(RW);
        protect(parent, VA, COPY_ON_WRITE, WRITE);
        expect(propAt(parent)).toBe(MARKED);
        end();
      });

      test("a table that was never forked leaves AVAIL2 to its owner", () => {
        const space = new Space(64, { mode });
        const table = space.user(format);
        const cursor = table.cursorMut(VA, 1);
        cursor.map(space.frame(), RO | AVAIL2);
        cursor.close();
        expect(table.forked).toBe(false);
        protect(table, VA, WRITE, 0);
        expect(propAt(table)).toBe(RW | AVAIL2);
        protect(table, VA, 0, WRITE);
        expect(propAt(table)).toBe(RO | AVAIL2);
        table.drop();
        space.end();
      });
    });
  });

  test("grandchildren, and a table in the frame of a dropped root", () => {
    const space = new Space(128, { mode });
    const parent = space.user();
    expect(parent.forked).toBe(false);
    const child = fork(parent);
    const grandchild = fork(child);
    expect([parent, child, grandchild].map((table) => table.forked)).toEqual([true, true, true]);
    const roots = new Set([parent, child, grandchild].map((table) => table.rootPfn));
    for (const table of [parent, child, grandchild]) table.drop();
    const fresh = Array.from({ length: 20 }, () => space.user());
    expect(fresh.some((table) => roots.has(table.rootPfn))).toBe(true);
    expect(fresh.some((table) => table.forked)).toBe(false);
    for (const table of fresh) table.drop();
    space.end();
  });

  test("a fork that fails has forked nothing", () => {
    const space = new Space(16, { mode });
    const parent = space.user();
    const cursor = parent.cursorMut(VA, 1);
    cursor.map(space.frame(), RW);
    cursor.close();
    const hoard: number[] = [];
    for (let { free } = space.allocator.stats(); free > 2; free -= 1)
      hoard.push(space.allocator.alloc());
    expect(() => fork(parent)).toThrow(expect.objectContaining({ code: "no-memory" }));
    expect(parent.forked).toBe(false);
    for (const pfn of hoard) space.allocator.add(pfn);
    parent.drop();
    space.end();
  });

  test("a huge page, whole and in pieces", () => {
    const space = new Space(1536, { mode, ledger: false });
    const parent = space.user();
    parent.mapSegment(HUGE, space.segment(512), RW);
    const child = fork(parent);
    expect(parent.protectRange(HUGE, 512, WRITE, 0)).toBe(512);
    expect(parent.translate(HUGE)).toMatchObject({ level: 2, prop: MARKED });
    expect(parent.protectRange(HUGE + 4096, 1, 0, WRITE)).toBe(1);
    expect(parent.translate(HUGE + 4096)).toMatchObject({ level: 1, prop: RO });
    expect(parent.translate(HUGE)).toMatchObject({ level: 1, prop: MARKED });
    expect(handleFault(parent, HUGE + 4096, "write")).toBe("denied");
    expect(child.translate(HUGE + 4096)).toMatchObject({ level: 2, prop: MARKED });
    space.check(parent, child);
    parent.drop();
    child.drop();
    space.end();
  });
});

test("a right to write that the format has not with the others is refused at once", () => {
  const space = new Space(64);
  const parent = space.user(riscvFormat({ sv: 39 }));
  const cursor = parent.cursorMut(VA, 1);
  cursor.map(space.frame(), pageProperty(EXECUTE | USER));
  cursor.close();
  const child = fork(parent);
  expect(() => child.protectRange(VA, 1, WRITE, 0)).toThrow(
    expect.objectContaining({ code: "unrepresentable", prop: EXECUTE | USER | WRITE }),
  );
  space.check(parent, child);
  parent.drop();
  child.drop();
  space.end();
});

test("another agent that has the table sees that it was forked", () => {
  const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
  const here = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const allocator = createBuddy(here);
  shareTables(here);
  const there = FrameTable.attach({ memory, buffer: here.buffer }, { agent: 1 });
  attachBuddy(there, { buffer: allocator.buffer });
  shareTables(there);
  const config = userConfig(x86Format());
  const table = PageTable.create(here, config);
  const same = attachTable(there, config, table.rootPfn);
  const child = fork(table);
  expect(same.forked).toBe(true);
  expect(attachTable(there, config, child.rootPfn).forked).toBe(true);
});

test("a saved table is a forked one still", () => {
  const memory = { buffer: new ArrayBuffer(64 * 4096) };
  const frames = FrameTable.create({ memory });
  createBuddy(frames);
  const config = userConfig(x86Format());
  const table = PageTable.create(frames, config);
  const child = fork(table);
  const later = openTable(saveTable(frames), { memory: { buffer: memory.buffer.slice(0) } });
  createBuddy(later);
  expect(adoptTable(later, config, table.rootPfn).forked).toBe(true);
  expect(adoptTable(later, config, child.rootPfn).forked).toBe(true);
});

test("an address space, by its own ways", () => {
  const space = new Space(64, { ledger: false });
  const cpu = new VmCpu(space.frames, x86Format());
  const parent = VmSpace.create(cpu);
  parent.map(VA, space.frame(), RW);
  parent.activate();
  const child = parent.fork();
  const protect = (vm: VmSpace, set: number, clear: number): void => {
    const cursor = vm.cursorMut(VA, 1);
    cursor.protectNext(1, set, clear);
    cursor.close();
  };
  child.protect(VA, 1, 0, WRITE);
  protect(parent, 0, WRITE);
  expect([parent, child].map((vm) => vm.handleFault(VA, "write"))).toEqual(["denied", "denied"]);
  protect(child, WRITE, 0);
  parent.protect(VA, 1, WRITE, 0);
  expect([parent, child].map((vm) => propAt(vm.table))).toEqual([MARKED, MARKED]);
  child.activate();
  const writer = child.writer(VA, 4);
  writer.writeVal(u32, 0xdead);
  writer.drop();
  parent.activate();
  const reader = parent.reader(VA, 4);
  expect(reader.readVal(u32)).toBe(0);
  reader.drop();
  for (const vm of [parent, child]) vm.drop();
  cpu.activate(undefined);
  expect(space.taken).toBe(0);
});
