/** The forms of an address, at every function that takes one: all of a value mean the same, and what is no address is refused. */

import { FrameTable, unitMeta } from "@memkit/frame-meta";
import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
import { checkCanonical, isCanonical, pteIndex, X86_64 } from "@memkit/page-table";
import { handleFault } from "@memkit/page-table/fork";
import {
  kernelConfig,
  pageProperty,
  READ,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { explain, mappings } from "@memkit/page-table/inspect";
import { mmuOf } from "@memkit/page-table/mmu";
import { PageTable, type VirtualAddress } from "@memkit/page-table/table";
import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import fc from "fast-check";
import { expect, test } from "vitest";

const RW = pageProperty(READ | WRITE | USER);
const VA = 0x12_3456_7000;
const format = x86Format();

function machine() {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(600 * 4096) } });
  createBuddy(frames);
  const table = PageTable.create(frames, userConfig(format));
  return { frames, table, frame: () => allocFrame(frames, unitMeta, {}) };
}

/** The forms of an address: with words as they come from a walk, signed, too. */
function formsOf(va: bigint): VirtualAddress[] {
  const [hi, lo] = [Number(va >> 32n), Number(va & 0xffff_ffffn)];
  const words = [[hi, lo] as const, [hi | 0, lo | 0] as const];
  return va < 2n ** 53n ? [Number(va), va, ...words] : [va, ...words];
}

const NONE: readonly unknown[] = [
  -1,
  -4095,
  1.5,
  0x1000 + 0.25,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  -1n,
  2n ** 64n,
  [],
  [0],
  [0, 0, 0],
  [0, 1.5],
  [0, 2 ** 32],
  [-(2 ** 31) - 1, 0],
  [0, "0"],
  [0n, 0n],
  new Array(2),
  "4096",
  null,
  {},
];

test("each form of an address is that address", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.integer({ min: 1, max: 4 }), (va, level) => {
      for (const form of formsOf(va)) {
        expect(pteIndex(X86_64, form, level)).toBe(pteIndex(X86_64, va, level));
        expect(isCanonical(X86_64, form)).toBe(isCanonical(X86_64, va));
      }
    }),
  );
  expect(() => checkCanonical(X86_64, [0x8000, 0])).toThrow(
    expect.objectContaining({ code: "non-canonical", va: 0x8000_0000_0000n }),
  );
});

test("a table, its cursors and its walks take each form", () => {
  const { table, frame } = machine();
  for (const va of formsOf(BigInt(VA))) {
    table.mapRange(va, 4, 7, RW);
    expect(table.protectRange(va, 4, 0, WRITE)).toBe(4);
    expect(table.cleanUp(va, 4)).toBe(0);
    const cursor = table.cursorMut(va, 4);
    cursor.jump([0x12, 0x3456_9000]);
    expect([cursor.query(), cursor.pfn]).toEqual([1, 9]);
    expect(() => cursor.jump([0x12, 0x3456_b000])).toThrow(
      expect.objectContaining({ code: "out-of-range", va: BigInt(VA) + 0x4000n }),
    );
    cursor.close();
    expect(handleFault(table, va, "read")).toBe("resolved");
    const mmu = mmuOf(table);
    expect(mmu.access(va, 4, { kind: "read", mode: "user" }).kind).toBe("memory");
    expect(mmu.translate(va) && mmu.pfn).toBe(7);
    expect(explain(mmu, va).split("\n")[0]).toMatch(/^0x1234567000 in /);
    expect([...mappings(mmu, { from: va, to: va })].length).toBe(1);
    expect(table.unmapRange(va, 4)).toBe(4);
  }
  const within = formsOf(BigInt(VA) + 0xabcn);
  table.mapRange(VA, 1, 7, RW);
  for (const va of within) expect(table.translate(va)).toMatchObject({ pfn: 7, offset: 0xabc });
  for (const va of within) {
    expect(() => table.cursor(va, 1)).toThrow(
      expect.objectContaining({ code: "unaligned", va: typeof va === "bigint" ? va : VA + 0xabc }),
    );
  }
  table.unmapRange(VA, 1);
  const cursor = table.cursorMut([0, 0x1000], 1);
  cursor.map(frame(), RW);
  cursor.close();
  table.drop();
});

test("a kernel's addresses, too", () => {
  const { frames } = machine();
  const kernel = PageTable.create(frames, kernelConfig(format));
  for (const va of formsOf(0xffff_8000_0000_1000n)) {
    kernel.mapRange(va, 1, 5, pageProperty(READ));
    expect(kernel.translate(va)).toMatchObject({ pfn: 5, offset: 0 });
    expect(kernel.unmapRange(va, 1)).toBe(1);
  }
  expect(() => kernel.mapRange([0, 0], 1, 5, RW)).toThrow(
    expect.objectContaining({ code: "invalid-range", va: 0 }),
  );
  kernel.drop();
});

test("an address space takes each form, and its handler hears of one piece", () => {
  const { frames, frame } = machine();
  const cpu = new VmCpu(frames, format);
  const heard: unknown[] = [];
  const onFault = ({ va }: { va: number | bigint }): boolean => {
    heard.push(va);
    return false;
  };
  const space = VmSpace.create(cpu, { onFault });
  space.activate();
  for (const va of formsOf(BigInt(VA))) {
    space.map(va, frame(), RW);
    space.reader(va, 4).drop();
    space.writer(va, 4).drop();
    expect(space.protect(va, 1, 0, WRITE)).toBe(1);
    expect(space.handleFault(va, "write")).toBe("denied");
    expect(space.unmap(va, 1)).toBe(1);
  }
  expect(heard).toEqual([VA, BigInt(VA), VA, VA]);
  expect(() => space.reader([0x8000, 0], 1)).toThrow(
    expect.objectContaining({ code: "access-denied", va: 0x8000_0000_0000 }),
  );
  space.map(VA, frame(), RW);
  const found = cpu.translate(0x12, 0x3456_7123, "read");
  expect([found, cpu.offset]).toEqual([space.table.translate(VA)?.pfn, 0x123]);
  cpu.translate(0x12, 0x3456_7fff, "read"); // from the cache
  expect(cpu.offset).toBe(0xfff);
});

test.each(NONE.map((va) => [va]))("%o is no address to anybody", (none) => {
  const va = none as never;
  const { table, frames } = machine();
  const space = VmSpace.create(new VmCpu(frames, format));
  const mmu = mmuOf(table);
  const cursor = table.cursorMut(0, 4);
  for (const take of [
    () => table.translate(va),
    () => table.cursor(va, 1),
    () => table.mapRange(va, 1, 7, RW),
    () => table.unmapRange(va, 1),
    () => cursor.jump(va),
    () => handleFault(table, va, "read"),
    () => mmu.translate(va),
    () => mmu.access(va, 1, { kind: "read" }),
    () => explain(mmu, va),
    () => mappings(mmu, { from: va }),
    () => mappings(mmu, { to: va }),
    () => pteIndex(X86_64, va, 1),
    () => space.unmap(va, 1),
    () => space.protect(va, 1, 0, 0),
    () => space.handleFault(va, "read"),
  ]) {
    expect(take, String(take)).toThrow(expect.objectContaining({ code: "invalid-vaddr" }));
  }
  cursor.close();
});
