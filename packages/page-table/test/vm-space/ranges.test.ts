/** Ranges of an address space, addresses in every form, and readers and writers that are empty or gone. */

import { PhysicalMemory, u32, VmWriter } from "@memkit/core";
import { FrameTable, unitMeta } from "@memkit/frame-meta";
import { allocFrame, allocSegment, createBuddy } from "@memkit/frame-meta/alloc";
import { GLOBAL, pageProperty, READ, USER, WRITE, x86Format } from "@memkit/page-table/format";
import { mmuOf } from "@memkit/page-table/mmu";
import { checkInvariants, VmCpu, VmSpace, type VmSpaceOptions } from "@memkit/page-table/vm-space";
import { describe, expect, test } from "vitest";

const RW = pageProperty(READ | WRITE | USER);
const VA = 0x40_0000;
const PAGE = 4096;
const code = (name: string): unknown => expect.objectContaining({ code: name });

function machine(options: VmSpaceOptions = {}) {
  const memory = new PhysicalMemory({ buffer: new ArrayBuffer(1100 * PAGE) });
  const frames = FrameTable.create({ memory });
  const allocator = createBuddy(frames);
  const cpu = new VmCpu(frames, x86Format());
  const space = VmSpace.create(cpu, options);
  const segment = (count: number, align = PAGE) =>
    allocSegment(frames, count, unitMeta, () => ({}), { align });
  const taken = (): number => allocator.stats().taken;
  return { memory, frames, cpu, space, segment, taken };
}

describe("ranges", () => {
  test("a segment of any length is mapped, with the largest pages that fit, and unmapped", () => {
    const { space, segment, taken, cpu } = machine();
    const some = segment(5);
    expect(() => space.map(VA, some, RW)).toThrow(/mapSegment/);
    space.mapSegment(VA, some, RW);
    expect(some.dropped).toBe(true);
    space.mapSegment(2 * VA, segment(512, 2 ** 21), RW);
    expect(space.table.translate(2 * VA)?.level).toBe(2);
    space.mapSegment(3 * VA, segment(3), RW, 1);
    expect(checkInvariants(space)).toEqual([]);
    expect(space.unmap(VA, 2 ** 12)).toBe(5 + 512 + 3);
    space.drop();
    cpu.poll();
    expect(taken()).toBe(0);
  });

  test("frames that nobody counts are mapped by number", () => {
    const { space, cpu, taken } = machine();
    space.mapRange(VA, 600, 100, RW);
    space.activate();
    expect(cpu.translate(0, VA + 599 * PAGE, "write")).toBe(699);
    const cursor = space.cursorMut(4 * VA, 8);
    cursor.mapRun(7, 2, RW);
    cursor.mapSegment(
      allocSegment(space.table.frames, 3, unitMeta, () => ({})),
      RW,
    );
    expect(cursor.at.va).toBe(BigInt(4 * VA + 5 * PAGE));
    cursor.close();
    expect(space.unmap(VA, 600)).toBe(600);
    expect(cpu.translate(0, VA, "read")).toBe(-1);
    expect(space.unmap(4 * VA, 8)).toBe(5);
    const before = taken();
    expect(space.cleanUp()).toBeGreaterThan(0);
    expect(taken()).toBeLessThan(before);
    expect(space.cleanUp(VA, 512)).toBe(0);
  });

  test("what is refused is mapped nowhere, and the segment the caller's", () => {
    const { space, segment } = machine();
    const some = segment(4);
    for (const map of [
      () => space.mapSegment(VA, some, RW | GLOBAL),
      () => space.mapRange(VA, 4, 0, RW | GLOBAL),
      () => space.cursorMut(VA, 4).mapSegment(some, RW | GLOBAL),
      () => space.cursorMut(2 * VA, 4).mapRun(0, 4, RW | GLOBAL),
    ]) {
      expect(map).toThrow(code("global-page"));
    }
    expect(() => space.mapSegment(5 * VA, some, WRITE)).toThrow(code("unrepresentable"));
    expect(some.dropped).toBe(false);
    space.mapRange(6 * VA, 1, 3, RW);
    expect(() => space.mapSegment(6 * VA - PAGE, some, RW)).toThrow(code("already-mapped"));
    expect(some.dropped).toBe(false);
    expect(space.unmap(6 * VA - PAGE, 4)).toBe(1);
  });
});

describe("addresses", () => {
  test("of readers, writers and handlers may be bigints", () => {
    const { space } = machine({
      onFault: ({ va, space: faulted }) => {
        const page = BigInt(va) - (BigInt(va) % BigInt(PAGE));
        faulted.map(page, allocFrame(faulted.table.frames, unitMeta, {}), RW);
        return true;
      },
    });
    space.activate();
    const writer = space.writer(BigInt(VA), 4);
    writer.writeVal(u32, 77);
    writer.drop();
    const reader = space.reader(VA, 4);
    expect(reader.readVal(u32)).toBe(77);
    reader.drop();
    expect(space.handleFault(BigInt(9 * VA), "write")).toBe("resolved");
  });

  test.each([2n ** 60n, -1n, 2n ** 47n, 2 ** 47, -1, 0.5])(
    "that are no user's are refused: %s",
    (va) => {
      const { space } = machine();
      space.activate();
      expect(() => space.reader(va, 1)).toThrow(code("access-denied"));
      expect(() => space.writer(va, 1)).toThrow(code("access-denied"));
    },
  );

  test("lead to bytes, and where they do not, to the processor's exact fault", () => {
    const { space, cpu, memory } = machine();
    space.mapRange(VA, 1, 9, pageProperty(READ | USER));
    space.activate();
    const pfn = cpu.translate(0, VA, "read");
    const { views } = memory.banks[memory.bankIndexOf(pfn)]!;
    views.liveU8[memory.byteOffsetOf(pfn) + 5] = 42;
    const reader = space.reader(VA + 4, 4);
    expect(reader.readVal(u32)).toBe(42 << 8);
    reader.drop();
    expect(memory.kindOf(pfn)).toBe("ram");
    const answer = mmuOf(space.table).access(VA, 4, { kind: "write", mode: "user" });
    expect(answer).toMatchObject({ kind: "fault", exception: 14, code: 7, va: BigInt(VA) });
  });
});

describe("readers and writers (PT-43)", () => {
  test("of no bytes have no range, and keep nothing alive", () => {
    const { space } = machine();
    space.activate();
    space.reader(VA, 0);
    space.writer(VA, 0);
    expect(space.writer(VA, 4).avail).toBe(4);
    expect(() => space.drop()).toThrow(code("range-in-use"));
    const other = machine();
    other.space.activate();
    other.space.reader(VA, 0);
    other.space.drop();
    expect(other.space.dropped).toBe(true);
  });

  test("of two spaces of one root keep apart, too, and only a space's own keep it alive", () => {
    const { space, cpu } = machine();
    space.mapRange(VA, 1, 9, RW);
    const same = VmSpace.attach(cpu, space.table.rootPfn);
    space.activate();
    const writer = space.writer(VA, 16);
    const inUse = code("range-in-use");
    same.activate();
    for (const kind of ["reader", "writer"] as const) {
      expect(() => same[kind](VA + 15, 4)).toThrow(inUse);
      same[kind](VA + 16, 4).drop();
    }
    expect([checkInvariants(space), checkInvariants(same)]).toEqual([[], []]);
    expect(() => space.drop()).toThrow(inUse);
    same.drop();
    // Another root's are its own.
    const other = VmSpace.create(cpu);
    other.activate();
    other.writer(VA, 16).drop();
    writer.drop();
    space.drop();
  });

  test("that were dropped say so", () => {
    const { space } = machine();
    space.mapRange(VA, 1, 9, RW);
    space.activate();
    const writer = space.writer(VA, 8);
    writer.drop();
    writer.drop();
    const reader = space.reader(VA, 8);
    reader.drop();
    const gone = code("used-after-drop");
    expect(() => writer.writeVal(u32, 1)).toThrow(gone);
    expect(() => writer.avail).toThrow(gone);
    expect(() => reader.readVal(u32)).toThrow(gone);
    expect(() => reader.skip(1)).toThrow(gone);
    expect(() => reader.read(new VmWriter(new Uint8Array(8)))).toThrow(gone);
    space.writer(VA, 8).drop();
  });
});
