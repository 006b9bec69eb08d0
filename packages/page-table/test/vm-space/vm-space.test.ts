/** Address spaces: what OSTD's own tests try, and what caches, devices, faults and several processors add. */

import { PhysicalMemory, u32, VmReader, VmWriter } from "@memkit/core";
import {
  type Frame,
  FrameTable,
  slotTableBytes,
  type TableMode,
  unitMeta,
} from "@memkit/frame-meta";
import { allocFrame, allocSegment, createBuddy } from "@memkit/frame-meta/alloc";
import { FrameKernel } from "@memkit/frame-meta/kernel";
import {
  aarch64Format,
  EXECUTE,
  GLOBAL,
  type PteFormat,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { shareTables } from "@memkit/page-table/shared";
import { Shootdown, shootdownWords, Tlb } from "@memkit/page-table/tlb";
import { checkInvariants, IoMem, VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { UR, UW } from "@memkit/page-table/walk";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MODES } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const RO = pageProperty(READ | USER);
const VA = 0x40_0000;
const PAGE = 4096;
const DEVICE = 0x8_0000;

/** A machine: memory, one device of 16 frames, processors that share a log. */
function machineIn(mode: TableMode, format: PteFormat, cpus: number, frames: number) {
  const buffer = new (mode === "single" ? ArrayBuffer : SharedArrayBuffer)(frames * PAGE);
  const memory = new PhysicalMemory([{ firstPfn: 0, frames, source: { buffer }, byteOffset: 0 }], {
    mmio: [{ firstPfn: DEVICE, frames: 16 }],
  });
  const table =
    mode === "single"
      ? FrameTable.create({ memory })
      : mode === "shared"
        ? FrameTable.create({ memory, mode }, { agent: 0 })
        : FrameTable.create(
            { memory, kernel: FrameKernel.create(slotTableBytes({ memory })) },
            { agent: 0 },
          );
  const allocator = createBuddy(table);
  shareTables(table);
  const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(cpus)));
  const processors = Array.from({ length: cpus }, (_, n) => {
    return new VmCpu(table, format, new Shootdown(words, cpus, n, new Tlb({ entries: 64 })));
  });
  const frame = (): Frame => allocFrame(table, unitMeta, {});
  const taken = (): number => allocator.stats().taken;
  return { memory, table, cpu: processors[0]!, processors, frame, taken };
}

const code = (expected: string) => expect.objectContaining({ code: expected });

const formats: readonly (readonly [string, PteFormat])[] = [
  ["x86-64", x86Format()],
  ["Sv39", riscvFormat({ sv: 39 })],
  ["AArch64", aarch64Format()],
];

describe.each(MODES)("%s", (mode) => {
  const machine = (format: PteFormat = x86Format(), cpus = 1, frames = 96) =>
    machineIn(mode, format, cpus, frames);

  describe.each(formats.filter(([name]) => mode === "single" || name === "x86-64"))(
    "%s",
    (_, format) => {
      test("a fresh space has nothing; map, query, unmap; twice is 0", () => {
        const { cpu, frame, taken } = machine(format);
        const space = VmSpace.create(cpu);
        const cursor = space.cursorMut(VA, 4);
        expect(cursor.at.query()).toBe(0);
        const mapped = frame();
        const pfn = mapped.paddr / PAGE;
        cursor.map(mapped, RW);
        cursor.at.jump(VA);
        expect([cursor.at.query(), cursor.at.pfn, cursor.at.prop]).toEqual([1, pfn, RW]);
        const other = frame();
        expect(() => cursor.map(other, RW)).toThrow(code("already-mapped"));
        other.drop();
        expect([cursor.unmap(1), cursor.at.va]).toEqual([1, BigInt(VA + PAGE)]);
        cursor.at.jump(VA);
        expect(cursor.unmap(4)).toBe(0);
        cursor.close();
        expect(space.unmap(VA, 4)).toBe(0);
        expect(checkInvariants(space)).toEqual([]);
        space.drop();
        expect(taken()).toBe(0);
      });

      test("a reader and a writer go through the translation, over the border of pages, on demand", () => {
        const { cpu, frame, taken } = machine(format);
        const faults: unknown[] = [];
        const space = VmSpace.create(cpu, {
          onFault: ({ space, va, access, outcome }) => {
            faults.push([va, access, outcome]);
            if (Number(va) >= VA + 2 * PAGE) return false;
            space.map(Number(va) - (Number(va) % PAGE), frame(), RW);
            return true;
          },
        });
        space.activate();
        const writer = space.writer(VA + PAGE - 2, 4 * PAGE);
        writer.writeVal(u32, 0x1234_5678);
        expect(faults).toEqual([
          [VA + PAGE - 2, "write", "not-mapped"],
          [VA + PAGE, "write", "not-mapped"],
        ]);
        // Two pages are there; the third faults, and the writer has moved by what was written.
        expect(writer.write(new VmReader(new Uint8Array(3 * PAGE).fill(7)))).toBe(PAGE - 2);
        expect(() => writer.writeVal(u32, 1)).toThrow(code("page-fault"));
        writer.drop();
        expect(() => writer.writeVal(u32, 1)).toThrow(code("used-after-drop"));
        const reader = space.reader(VA + PAGE - 2, 8);
        expect([reader.readVal(u32), reader.readVal(u32)]).toEqual([0x1234_5678, 0x0707_0707]);
        reader.drop();
        expect(checkInvariants(space)).toEqual([]);
        space.drop();
        cpu.activate(undefined);
        expect(taken()).toBe(0);
      });
    },
  );

  test("a read-only page is read and not written; a page of the kernel's is neither", () => {
    const { cpu, frame } = machine();
    const space = VmSpace.create(cpu);
    space.map(VA, frame(), RO);
    space.map(VA + PAGE, frame(), pageProperty(READ | WRITE));
    space.activate();
    const reader = space.reader(VA, 2 * PAGE);
    const copy = new Uint8Array(2 * PAGE);
    expect(reader.read(new VmWriter(copy))).toBe(PAGE);
    reader.drop();
    const writer = space.writer(VA, 8);
    expect(() => writer.writeVal(u32, 1)).toThrow(code("page-fault"));
    writer.drop();
    expect(space.handleFault(VA, "write")).toBe("denied");
    expect(space.handleFault(VA + 2 * PAGE, "execute")).toBe("not-mapped");
  });

  test("readers and writers: not-active, access-denied, and PT-43: who writes is alone", () => {
    const { cpu, frame } = machine();
    const [space, other] = [VmSpace.create(cpu), VmSpace.create(cpu)];
    space.map(VA, frame(), RW);
    expect(() => space.reader(VA, 4)).toThrow(code("not-active"));
    space.activate();
    const end = 2 ** 47;
    for (const [va, len] of [
      [end - 4, 8],
      [end, 1],
      [-1, 1],
      [VA, -1],
      [VA, 2 ** 53],
      [Number.NaN, 1],
    ]) {
      expect(() => space.reader(va!, len!)).toThrow(code("access-denied"));
      expect(() => space.writer(va!, len!)).toThrow(code("access-denied"));
    }
    const first = space.reader(VA, 8);
    const second = space.reader(VA + 4, 8);
    expect(() => space.writer(VA + 11, 1)).toThrow(code("range-in-use"));
    const writer = space.writer(VA + 12, 4);
    expect(() => space.reader(VA + 15, 1)).toThrow(code("range-in-use"));
    expect(checkInvariants(space)).toEqual([]);
    expect(() => space.drop()).toThrow(code("range-in-use"));
    other.activate();
    expect(() => first.readVal(u32)).toThrow(code("not-active"));
    for (const one of [first, second, writer]) one.drop();
    space.ranges.claim(0, 8, true);
    const claim = {
      owner: undefined,
      start: 4,
      end: 5,
      write: false,
      dropped: false,
      asking: false,
    };
    space.ranges.claims.add(claim);
    expect(checkInvariants(space).map(({ id }) => id)).toEqual(["V1"]);
  });

  test("activate switches: each space has its own translations, under its own number", () => {
    const { cpu, frame } = machine();
    const spaces = [VmSpace.create(cpu), VmSpace.create(cpu)];
    const pfns = spaces.map((space) => {
      const mapped = frame();
      const pfn = mapped.paddr / PAGE;
      space.map(VA, mapped, RW);
      return pfn;
    });
    for (let round = 0; round < 2; round++) {
      const seen = spaces.map((space) => {
        space.activate();
        return cpu.translate(0, VA, "read");
      });
      expect(seen).toEqual(pfns);
    }
    // Direct-mapped: the same page of another space takes the place.
    expect([...cpu.tlb.entries()].map(({ asid, pfn }) => [asid, pfn])).toEqual([[2, pfns[1]]]);
    expect(cpu.active).toBe(spaces[1]);
  });

  test("PT-44: what is unmapped lives until the other processor has flushed", () => {
    const { processors, table, frame } = machine(x86Format(), 2);
    const [mine, theirs] = processors as [VmCpu, VmCpu];
    const space = VmSpace.create(mine);
    const mapped = frame();
    const pfn = mapped.paddr / PAGE;
    space.map(VA, mapped, RW);
    space.activate(theirs);
    expect(theirs.translate(0, VA, "write")).toBe(pfn);
    expect(space.unmap(VA, 1)).toBe(1);
    expect([theirs.translate(0, VA, "read"), table.slots.countOf(pfn)]).toEqual([pfn, 1]);
    theirs.poll();
    expect([theirs.translate(0, VA, "read"), table.slots.countOf(pfn)]).toEqual([-1, 1]);
    mine.poll();
    expect(table.slots.load(table.slots.countIndexOf(pfn))).toBe(-1); // UNUSED
    expect(mine.flusher.collect()).toBe(true);
  });

  test("a first write after a read sets the dirty bit: the cache does not hide it", () => {
    const { cpu, frame } = machine();
    const space = VmSpace.create(cpu);
    space.map(VA, frame(), RW);
    space.activate();
    cpu.translate(0, VA, "read");
    expect([cpu.tlb.lookup(0, VA, UR) >= 0, cpu.tlb.lookup(0, VA, UW)]).toEqual([true, -1]);
    const dirty = (): number => {
      const cursor = space.cursor(VA, 1);
      cursor.query();
      cursor.close();
      return cursor.prop & 16; // DIRTY
    };
    expect(dirty()).toBe(0);
    cpu.translate(0, VA, "write");
    expect([dirty(), cpu.tlb.lookup(0, VA, UW) >= 0]).toEqual([16, true]);
  });

  test("protect and replace are flushed; protectNext when the cursor is closed", () => {
    const { cpu, frame, table } = machine();
    const space = VmSpace.create(cpu);
    space.map(VA, frame(), RW);
    space.activate();
    expect(cpu.translate(0, VA, "write")).toBeGreaterThan(0);
    expect(space.protect(VA, 4, 0, WRITE)).toBe(1);
    expect(cpu.translate(0, VA, "write")).toBe(-1);
    expect(space.protect(VA, 4, WRITE | EXECUTE, 0)).toBe(1);
    const old = cpu.translate(0, VA, "write");
    const cursor = space.cursorMut(VA, 4);
    expect([cursor.protectNext(4, 0, WRITE), cursor.protectNext(3, 0, WRITE)]).toEqual([1, 0]);
    expect(cpu.translate(0, VA, "write")).toBe(old); // stale, as on a machine, and alive
    expect(table.slots.countOf(old)).toBe(1);
    cursor.dispatch();
    expect(cpu.translate(0, VA, "write")).toBe(-1);
    cursor.at.jump(VA);
    const next = frame();
    const pfn = next.paddr / PAGE;
    expect(cursor.replace(next, RW)).toMatchObject({ pfn: old, pages: 1, va: BigInt(VA) });
    expect(table.slots.countOf(old)).toBe(1);
    cursor.close();
    expect(() => cursor.protectNext(1, 0, WRITE)).toThrow(code("used-after-drop"));
    expect(cpu.translate(0, VA, "write")).toBe(pfn);
    expect(table.slots.load(table.slots.countIndexOf(old))).toBe(-1);
  });

  test("T1: tables that are changed behind the caches' back are found out", () => {
    const { cpu, frame } = machine();
    const space = VmSpace.create(cpu);
    space.map(VA, frame(), RW);
    space.map(VA + PAGE, frame(), RW);
    space.activate();
    cpu.translate(0, VA, "write");
    const pfn = cpu.translate(0, VA + PAGE, "write");
    expect(checkInvariants(space)).toEqual([]);
    space.table.protectRange(VA, 1, 0, WRITE);
    space.table.unmapRange(VA + PAGE, 1);
    const wrong = checkInvariants(space).filter(({ id }) => id === "T1");
    expect(wrong.map(({ va, pfn }) => [va, pfn]).at(-1)).toEqual([BigInt(VA + PAGE), pfn]);
    expect(wrong.map(({ what }) => what)).toEqual([
      "a cache grants what the tables do not",
      "a cache leads elsewhere",
    ]);
    cpu.flusher.issueAll(space.asid);
    cpu.flusher.dispatch();
    expect(checkInvariants(space)).toEqual([]);
  });

  test("a huge page's pieces, and a whole table, are flushed and kept as one", () => {
    const { cpu, table, taken } = machine(x86Format(), 1, 2048);
    const space = VmSpace.create(cpu);
    const before = taken();
    const segment = allocSegment(table, 512, unitMeta, () => ({}), { align: 2 ** 21 });
    space.map(VA, segment, RW);
    space.activate();
    const pfn = cpu.translate(0, VA, "read");
    expect(cpu.translate(0, VA + 9 * PAGE, "read")).toBe(pfn + 9);
    expect(space.protect(VA, 1, 0, WRITE)).toBe(1);
    expect(cpu.tlb.lookup(0, VA + 9 * PAGE, UR)).toBe(-1);
    cpu.translate(0, VA + 9 * PAGE, "read");
    expect(space.unmap(0, 1024 * 512)).toBe(512);
    expect(cpu.translate(0, VA + 9 * PAGE, "read")).toBe(-1);
    // What is left is the root and the table below it.
    expect([taken(), checkInvariants(space)]).toEqual([before + 1, []]);
  });

  test("cursors: misaligned, empty, outside, overlapping; past the range", () => {
    const { cpu } = machine();
    const space = VmSpace.create(cpu);
    expect(() => space.cursorMut(VA + 1, 1)).toThrow(code("unaligned"));
    expect(() => space.cursorMut(VA, 0)).toThrow(code("invalid-range"));
    expect(() => space.cursorMut(2 ** 47, 1)).toThrow(code("invalid-range"));
    const cursor = space.cursorMut(VA, 4);
    expect(() => space.cursor(VA + PAGE, 1)).toThrow(code("cursor-deadlock"));
    expect(() => cursor.unmap(5)).toThrow(code("out-of-range"));
    expect(() => cursor.unmap(0.5)).toThrow(code("out-of-range"));
    expect(() => cursor.protectNext(5, 0, 0)).toThrow(code("out-of-range"));
    expect(() => space.drop()).toThrow(code("cursor-deadlock"));
    expect(space.dropped).toBe(false);
    cursor.close();
  });

  describe("devices", () => {
    test("are mapped, found, and kept after they are unmapped; their pages are no bytes", () => {
      const { cpu, memory, taken } = machine();
      const space = VmSpace.create(cpu);
      const io = new IoMem(memory, DEVICE + 2, 4);
      space.mapIoMem(VA, io, RW, PAGE, 2 * PAGE);
      const cursor = space.cursorMut(VA, 8);
      expect([cursor.at.query(), cursor.at.pfn, cursor.at.tracked]).toEqual([1, DEVICE + 3, false]);
      cursor.at.jump(VA + 2 * PAGE);
      expect(cursor.at.query()).toBe(0);
      cursor.close();
      expect(space.findIoMem(io.paddr + PAGE + 5)).toEqual({ io, offset: PAGE + 5 });
      expect(space.findIoMem(io.paddr + io.size)).toBeUndefined();
      space.activate();
      const reader = space.reader(VA, 4);
      expect(() => reader.readVal(u32)).toThrow(code("page-fault"));
      reader.drop();
      expect(space.unmap(VA, 8)).toBe(2);
      expect(space.findIoMem(io.paddr)?.io).toBe(io);
      space.drop();
      cpu.activate(undefined);
      expect(taken()).toBe(0);
    });

    test("no part of one is mapped by mistake", () => {
      const { cpu, memory } = machine();
      const space = VmSpace.create(cpu);
      for (const [first, frames] of [
        [DEVICE, 17],
        [DEVICE - 1, 1],
        [1, 1],
        [DEVICE, 0],
        [DEVICE, 1.5],
      ]) {
        expect(() => new IoMem(memory, first!, frames!)).toThrow(code("invalid-io-memory"));
      }
      const io = new IoMem(memory, DEVICE, 4);
      for (const address of [-1, 0.5, 2 ** 53, Number.NaN]) {
        expect(() => space.findIoMem(address)).toThrow(code("address-out-of-range"));
      }
      const far = new PhysicalMemory(
        [{ firstPfn: 0, frames: 1, source: { buffer: new ArrayBuffer(PAGE) }, byteOffset: 0 }],
        { mmio: [{ firstPfn: 2 ** 41, frames: 1 }] },
      );
      const beyond = new IoMem(far, 2 ** 41, 1);
      expect(beyond.firstPfn).toBe(2 ** 41);
      expect(() => beyond.paddr).toThrow(code("address-out-of-range"));
      for (const [offset, len] of [
        [1, PAGE],
        [0, 1],
        [0, 5 * PAGE],
        [4 * PAGE, PAGE],
        [-PAGE, PAGE],
        [4 * PAGE, 0],
      ]) {
        expect(() => space.mapIoMem(VA, io, RW, offset, len)).toThrow(code("invalid-io-memory"));
      }
      expect(space.findIoMem(io.paddr)).toBeUndefined();
    });

    test("a device of another memory is none here, unless this one has it, too", () => {
      const { cpu, taken } = machine();
      const space = VmSpace.create(cpu);
      const before = taken();
      const bank = {
        firstPfn: 0,
        frames: 1,
        source: { buffer: new ArrayBuffer(PAGE) },
        byteOffset: 0,
      };
      const elsewhere = new PhysicalMemory([bank], {
        mmio: [20, DEVICE + 15].map((firstPfn) => ({ firstPfn, frames: 2 })),
      });
      const theirs = (firstPfn: number, frames: number) => new IoMem(elsewhere, firstPfn, frames);
      const none = [theirs(20, 2), theirs(DEVICE + 15, 2), theirs(DEVICE + 16, 1)];
      for (const io of none) {
        expect(() => space.mapIoMem(VA, io, RW)).toThrow(code("invalid-io-memory"));
        const cursor = space.cursorMut(VA, 2);
        expect(() => cursor.mapIoMem(io, RW)).toThrow(code("invalid-io-memory"));
        expect(cursor.at.query()).toBe(0);
        cursor.close();
        expect(space.findIoMem(io.paddr)).toBeUndefined();
      }
      space.cleanUp();
      expect(taken()).toBe(before);
      space.mapIoMem(VA, theirs(DEVICE + 15, 1), RW);
      expect(space.table.translate(VA)?.pfn).toBe(DEVICE + 15);
    });
  });

  describe("fork and end", () => {
    test("PT-41, PT-44: a copy's first write copies, and the old frame lives until it is flushed", () => {
      const { processors, frame, table, taken } = machine(x86Format(), 2);
      const [mine, theirs] = processors as [VmCpu, VmCpu];
      const parent = VmSpace.create(mine);
      parent.map(VA, frame(), RW);
      parent.activate();
      parent.activate(theirs);
      const shared = theirs.translate(0, VA, "write");
      mine.translate(0, VA, "write");
      const child = parent.fork();
      theirs.poll();
      expect(theirs.translate(0, VA, "write")).toBe(-1); // the parent may not write any more
      expect(theirs.translate(0, VA, "read")).toBe(shared);
      const writer = parent.writer(VA, 4);
      writer.writeVal(u32, 7);
      writer.drop();
      // Copied: the other processor's stale translation leads to a frame that two still count.
      expect(theirs.translate(0, VA, "read")).toBe(shared);
      expect(table.slots.countOf(shared)).toBe(2);
      theirs.poll();
      mine.poll();
      expect(table.slots.countOf(shared)).toBe(1);
      expect(theirs.translate(0, VA, "read")).not.toBe(shared);
      child.activate();
      const reader = child.reader(VA, 4);
      expect(reader.readVal(u32)).toBe(0);
      reader.drop();
      for (const space of [parent, child]) expect(checkInvariants(space)).toEqual([]);
      for (const space of [parent, child]) space.drop();
      for (const cpu of processors) cpu.activate(undefined);
      for (const cpu of processors) cpu.poll();
      for (const cpu of processors) cpu.poll();
      expect(taken()).toBe(0);
    });

    test("PT-42: a space that is dropped lives while a processor has it, and so does its number", () => {
      const { processors, frame, taken } = machine(x86Format(), 2);
      const [mine, theirs] = processors as [VmCpu, VmCpu];
      const space = VmSpace.create(mine, { asid: 9 });
      space.map(VA, frame(), RW);
      space.activate(theirs);
      space.drop();
      expect(() => space.unmap(VA, 1)).toThrow(code("used-after-drop"));
      expect(() => space.drop()).toThrow(code("used-after-drop"));
      theirs.poll();
      mine.poll();
      expect(theirs.translate(0, VA, "read")).toBeGreaterThan(0);
      expect(() => VmSpace.create(mine, { asid: 9 })).toThrow(code("asid-in-use"));
      theirs.activate(undefined);
      expect(theirs.translate(0, VA, "read")).toBe(-1);
      mine.poll();
      theirs.poll();
      expect(taken()).toBe(0);
      VmSpace.create(mine, { asid: 9 }).drop();
      for (const asid of [0, -1, 2 ** 16, 1.5]) {
        expect(() => VmSpace.create(mine, { asid })).toThrow(code("asid-in-use"));
      }
    });

    test("without room for a root nothing is taken, the number neither", () => {
      const { cpu, frame } = machine(x86Format(), 1, 4);
      const held = [];
      try {
        for (;;) held.push(frame());
      } catch {
        expect(held.length).toBeGreaterThan(0);
      }
      expect(() => VmSpace.create(cpu, { asid: 3 })).toThrow(code("no-memory"));
      held.pop()?.drop();
      expect(VmSpace.create(cpu, { asid: 3 }).asid).toBe(3);
    });
  });

  test("PT-12, PT-44: stale translations lead to living frames, and after flushes there are none", () => {
    const op = fc.record({ op: fc.nat(7), page: fc.nat(5), n: fc.nat(2), cpu: fc.nat(1) });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 50 }), (ops) => {
        const { processors, frame, table, taken } = machine(x86Format(), 2);
        const [mine] = processors as [VmCpu, VmCpu];
        const space = VmSpace.create(mine);
        for (const cpu of processors) space.activate(cpu);
        const model = new Map<number, { pfn: number; write: boolean }>();
        const at = (page: number): number => VA + page * PAGE;
        const alive = (pfn: number): boolean => table.slots.load(table.slots.countIndexOf(pfn)) > 0;
        for (const { op, page, n, cpu } of ops) {
          if (op < 2 && !model.has(page)) {
            const mapped = frame();
            model.set(page, { pfn: mapped.paddr / PAGE, write: n > 0 });
            space.map(at(page), mapped, n > 0 ? RW : RO);
          } else if (op === 2) {
            space.unmap(at(page), n + 1);
            for (let i = page; i <= page + n; i++) model.delete(i);
          } else if (op === 3) {
            space.protect(at(page), n + 1, 0, WRITE);
            for (let i = page; i <= page + n; i++) {
              const known = model.get(i);
              if (known) known.write = false;
            }
          } else if (op === 4) processors[cpu]!.poll();
          else if (op === 5 && model.has(page)) {
            const next = frame();
            const pfn = next.paddr / PAGE;
            const cursor = space.cursorMut(at(page), 1);
            cursor.replace(next, RW);
            cursor.close();
            model.set(page, { pfn, write: true });
          } else {
            const seen = processors[cpu]!.translate(0, at(page), n > 0 ? "write" : "read");
            // Its own changes this processor has flushed.
            const known = model.get(page);
            if (cpu === 0) expect(seen).toBe(known && (known.write || n === 0) ? known.pfn : -1);
          }
          for (const { tlb } of processors) {
            for (const { pfn } of tlb.entries()) expect(alive(pfn)).toBe(true);
          }
          expect(checkInvariants(space)).toEqual([]);
        }
        for (const one of [...processors, mine]) one.poll();
        for (const { tlb } of processors) {
          for (const { lo, pfn, rights } of tlb.entries()) {
            const known = model.get((lo - VA) / PAGE);
            expect([known?.pfn, known?.write || (rights & UW) === 0]).toEqual([pfn, true]);
          }
        }
        expect(mine.flusher.collect()).toBe(true);
        space.drop();
        for (const one of processors) one.activate(undefined);
        for (const one of [...processors, ...processors]) one.poll();
        expect(taken()).toBe(0);
      }),
      { numRuns: mode === "single" ? 60 : 15 },
    );
  });

  test("a page that is the same in all address spaces is none of one's (PT-44)", () => {
    const { cpu, frame, memory } = machine();
    const space = VmSpace.create(cpu);
    const global = RW | GLOBAL;
    const item = frame();
    expect(() => space.map(VA, item, global)).toThrow(code("global-page"));
    space.map(VA, item, RW);
    expect(() => space.protect(VA, 1, GLOBAL, 0)).toThrow(code("global-page"));
    const io = new IoMem(memory, DEVICE, 1);
    expect(() => space.mapIoMem(VA + PAGE, io, global)).toThrow(code("global-page"));
    const cursor = space.cursorMut(VA, 1);
    expect(() => cursor.protectNext(1, GLOBAL, 0)).toThrow(code("global-page"));
    const other = frame();
    expect(() => cursor.replace(other, global)).toThrow(code("global-page"));
    expect([cursor.at.query(), cursor.at.prop]).toEqual([1, RW]);
    cursor.close();
  });

  test("a fault of a writer that unmaps what is read: nothing of a freed frame is copied", () => {
    const { cpu, frame } = machine();
    let evicting = true;
    const space = VmSpace.create(cpu, {
      onFault: ({ space, va, access }) => {
        const page = Number(va) - (Number(va) % PAGE);
        if (access === "write" && evicting) space.unmap(VA, 1); // to have a frame
        if (access === "read") return false;
        space.map(page, frame(), RW);
        return true;
      },
    });
    space.map(VA, frame(), RW);
    space.activate();
    const first = space.writer(VA, 4);
    first.writeVal(u32, 0x1234_5678);
    first.drop();
    const reader = space.reader(VA, 8);
    const writer = space.writer(VA + PAGE, 8);
    expect(reader.read(writer)).toBe(0); // what was to be read is gone
    space.map(VA, frame(), RW);
    evicting = false;
    expect(reader.read(writer)).toBe(8);
    writer.drop();
    reader.drop();
  });
});
