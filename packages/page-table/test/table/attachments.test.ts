/** One root, several tables of it in one agent: what each may do to the others, and what is no table of that root. */

import { MemkitError } from "@memkit/core";
import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import {
  aarch64Format,
  kernelConfig,
  pageProperty,
  pageTableConfig,
  READ,
  riscvFormat,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { mmuOf } from "@memkit/page-table/mmu";
import { adoptTable, attachTable } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { describe, expect, test } from "vitest";
import { MODES, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const VA = 0x4000_0000;
const config = userConfig(x86Format());

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
  const attached = (pages = 64) => {
    const space = new Space(pages, { mode });
    const table = PageTable.create(space.frames, config);
    return { space, table, again: attachTable(space.frames, config, table.rootPfn) };
  };

  test("a cursor on one table keeps those on the others away", () => {
    const { space, table, again } = attached();
    const cursor = table.cursorMut(VA, 512);
    cursor.mapPfn(7, RW);
    for (const overlapping of [
      () => again.cursor(VA + 0x1000, 1),
      () => again.cursorMut(VA - 0x1000, 2),
      () => again.unmapRange(VA, 512),
      () => again.cleanUp(),
    ]) {
      expect(code(overlapping)).toBe("cursor-deadlock");
    }
    again.cursorMut(2 * VA, 1).close();
    cursor.mapPfn(8, RW); // its leaf table is still there
    cursor.close();
    expect(again.unmapRange(VA, 512)).toBe(2);
    space.check(table, again);
    for (const one of [table, again]) one.drop();
    space.end();
  });

  test("a table may end while another has a cursor: the root is held for each of them", () => {
    const { space, table, again } = attached();
    const cursor = table.cursorMut(VA, 2);
    cursor.map(space.frame(), RW);
    again.drop();
    expect(code(() => table.drop())).toBe("cursor-deadlock");
    cursor.map(space.frame(), RW);
    cursor.close();
    space.check(table);
    expect(table.unmapRange(VA, 2)).toBe(2);
    table.drop();
    space.end();
  });

  test("a table of another root has the same pages to itself", () => {
    const { space, table, again } = attached();
    const other = PageTable.create(space.frames, config);
    const cursors = [table.cursorMut(VA, 1), other.cursorMut(VA, 1)];
    for (const cursor of cursors) cursor.mapPfn(5, RW);
    for (const cursor of cursors) cursor.close();
    for (const one of [table, again, other]) one.drop();
    space.end();
  });

  test("the kernel that is given is the one whose half the root has, and none is no answer", () => {
    const space = new Space(1400, { mode });
    const { frames } = space;
    const [kernel, stranger] = [0, 1].map(() => space.table(kernelConfig(x86Format()))) as [
      PageTable,
      PageTable,
    ];
    const [user, plain] = [kernel.createUser(config), space.user()];
    const counts = () => {
      return [kernel, stranger, user, plain].map(({ rootPfn }) => frames.slots.countOf(rootPfn));
    };
    const before = counts();
    for (const open of [attachTable, adoptTable]) {
      for (const [root, given] of [
        [plain, kernel],
        [user, stranger],
        [user, undefined],
        [user, plain],
        [plain, user],
        [plain, plain],
      ] as const) {
        expect(code(() => open(frames, config, root.rootPfn, given))).toBe("not-a-table");
        expect(counts()).toEqual(before);
      }
    }
    // A processor marks the entries of one root, and not of the other.
    kernel.mapRange(0xffff_8000_0000_0000n, 1, 5, pageProperty(READ));
    mmuOf(user).access(0xffff_8000_0000_0000n, 1, { kind: "read" });
    const again = attachTable(frames, config, user.rootPfn, kernel);
    space.check(again, user);
    for (const one of [again, user, plain, stranger, kernel]) one.drop();
    expect(code(() => attachTable(frames, config, 0, kernel))).toBe("used-after-drop");
    space.end();
  });

  test("a root of the same name and kind, but other entries or rights, is another table", () => {
    const { space, table, again } = attached();
    for (const other of [
      { topLevelIndexRange: [1, 5] as const },
      { topLevelIndexRange: [0, 254] as const },
      { topLevelCanUnmap: false },
    ]) {
      const made = pageTableConfig({ ...config, ...other });
      expect(code(() => attachTable(space.frames, made, table.rootPfn))).toBe("not-a-table");
      expect(code(() => adoptTable(space.frames, made, table.rootPfn))).toBe("not-a-table");
    }
    const text = String(table.rootPfn) as never;
    expect(code(() => attachTable(space.frames, config, text))).toBe("not-a-table");
    expect(space.frames.slots.countOf(table.rootPfn)).toBe(2);
    for (const one of [table, again]) one.drop();
    space.end();
  });
});

test("a kernel with a root of its own shares nothing, whichever it is", () => {
  const space = new Space(1100);
  const [kernel, stranger] = [0, 1].map(() => space.table(kernelConfig(aarch64Format()))) as [
    PageTable,
    PageTable,
  ];
  const lower = userConfig(aarch64Format());
  const user = kernel.createUser(lower);
  const all = [kernel, stranger, undefined].map((one) => {
    return attachTable(space.frames, lower, user.rootPfn, one);
  });
  for (const one of [...all, user, kernel, stranger]) one.drop();
  space.end();
});

test("a kernel of other frames is refused, by a table and by an address space", () => {
  const [here, there] = [0, 1].map(() => {
    const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(600 * 4096) } });
    return { frames, allocator: createBuddy(frames) };
  }) as [{ frames: FrameTable; allocator: ReturnType<typeof createBuddy> }, { frames: FrameTable }];
  const [kernel, strange] = [x86Format(), riscvFormat()].map((format, i) => {
    return PageTable.create((i === 0 ? there : here).frames, kernelConfig(format));
  }) as [PageTable, PageTable];
  const cpu = new VmCpu(here.frames, x86Format());
  const space = VmSpace.create(cpu);
  const root = space.table.rootPfn;
  const { taken } = here.allocator.stats();
  expect(code(() => VmSpace.create(cpu, { kernel }))).toBe("foreign-cpu");
  expect(code(() => VmSpace.attach(cpu, root, { kernel }))).toBe("foreign-cpu");
  expect(code(() => attachTable(here.frames, config, root, kernel))).toBe("not-a-table");
  expect(code(() => VmSpace.create(cpu, { kernel: strange }))).toBe("other-format");
  expect(code(() => VmSpace.attach(cpu, root, { kernel: strange }))).toBe("not-a-table");
  expect(here.allocator.stats().taken).toBe(taken);
  expect(VmSpace.create(cpu).asid).toBe(2); // no number was lost
});
