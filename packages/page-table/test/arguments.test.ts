/** What is wrong with an argument, said by name: see hostile.test.ts for everything that may be given. */

import { type Pfn, PhysicalMemory } from "@memkit/core";
import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import {
  encodeLeaf,
  encodeTable,
  userConfig,
  vaddrRange,
  x86Format,
} from "@memkit/page-table/format";
import {
  diff,
  dump,
  elfCore,
  explain,
  rawImage,
  scan,
  virtualOf,
} from "@memkit/page-table/inspect";
import { KernelWalker } from "@memkit/page-table/kernel";
import { mmuOf } from "@memkit/page-table/mmu";
import { checkInvariants } from "@memkit/page-table/model";
import { isCanonical, pteIndex } from "@memkit/page-table/paging";
import { shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import {
  SetAssociativeTlb,
  Shootdown,
  shootdownWords,
  Tlb,
  TlbFlusher,
} from "@memkit/page-table/tlb";
import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { Mmu, type Step, Walker } from "@memkit/page-table/walk";
import { describe, expect, expectTypeOf, test } from "vitest";

const format = x86Format();
const memory = new PhysicalMemory({ buffer: new ArrayBuffer(8 * 4096) });
const frames = FrameTable.create({ memory });
createBuddy(frames);
const table = PageTable.create(frames, userConfig(format));
const mmu = new Mmu({ format, memory, root: 0 });
const log = () => new Shootdown(new Int32Array(shootdownWords(1)), 1, 0, new Tlb());

/** An argument as a caller without types gives it. */
const untyped = (value: unknown): never => value as never;
const walkerOver = (given: unknown) => () =>
  new Walker({ format, memory: untyped(given), root: 0 });

describe("what is given, and what to give", () => {
  test.each<[string, () => unknown, RegExp]>([
    ["nothing for a walker", () => new Walker(untyped(undefined)), /undefined.*\{ format, memory/],
    ["bytes for a memory", walkerOver(new Uint8Array(4096)), /a view of bytes.*rawImage\(bytes\)/],
    ["no memory", walkerOver(undefined), /undefined is no memory/],
    ["a source without pages", walkerOver({ buffer: new ArrayBuffer(4096) }), /PhysicalMemory/],
    ["a source whose page is no function", walkerOver({ page: 5 }), /a source of pages/],
    ["no format", () => new Walker({ format: untyped({}), memory, root: 0 }), /x86Format\(\)/],
    [
      "a hook that is none",
      () => new Walker({ format, memory, root: 0, software: untyped("swap") }),
      /swap is no hook: give \(lo, hi, level\)/,
    ],
    ["no request", () => mmu.access(0, 4, untyped(undefined)), /undefined.*\{ kind: "read" \}/],
    ["null for settings", () => mmu.configure(untyped(null)), /null.*\{ wp: false \}/],
    ["no walker to a scan, at once", () => scan(untyped({})), /a Walker or an Mmu/],
    ["a kernel's walker to a dump", () => dump(untyped(new Map())), /a Walker or an Mmu/],
    ["one walker to a difference", () => diff(mmu, untyped(undefined)), /a Walker/],
    ["no walker to explain", () => explain(untyped(null), 0), /a Walker/],
    ["null for a choice", () => scan(mmu, untyped(null)), /\{ from, to, budget \}/],
    ["NaN for a budget", () => scan(mmu, { budget: Number.NaN }), /NaN is no budget/],
    ["no end of a budget", () => dump(mmu, { budget: Infinity }), /Infinity is no budget/],
    ["a path for an image", () => rawImage(untyped("dump.raw")), /its bytes, a Uint8Array/],
    ["a buffer for a core", () => elfCore(untyped(new ArrayBuffer(64))), /an object is no image/],
    ["null for a cache's size", () => new SetAssociativeTlb(untyped(null)), /\{ entries, ways \}/],
    ["no cache for a log", () => new Shootdown(new Int32Array(9999), 1, 0, untyped({})), /a Tlb/],
    ["no walker for a cache", () => new Tlb().translate(untyped(5), 0, 0, 1), /5 is no walker/],
    ["nothing to keep", () => new TlbFlusher(log()).keep(untyped(undefined)), /has drop\(\)/],
    ["no table for a unit", () => mmuOf(untyped(null)), /null is no table: give a PageTable/],
    ["no choice of a unit", () => mmuOf(table, untyped(null)), /\{ settings, high, software \}/],
    ["a number for the upper half", () => mmuOf(table, { high: untyped(5) }), /a PageTable/],
    ["no frames to share", () => shareTables(untyped({})), /a FrameTable/],
    ["no choice of an agent", () => shareTables(frames, untyped(null)), /\{ onWait \}/],
    ["a number for a handler", () => shareTables(frames, { onWait: untyped(5) }), /a function/],
    ["no table to a check", () => checkInvariants(untyped(null)), /a PageTable/],
    ["no format for a leaf", () => encodeLeaf(untyped(undefined), 0, 1, 1), /x86Format\(\)/],
    ["no format for a table", () => encodeTable(untyped({}), 0), /x86Format\(\)/],
    ["no paging for an index", () => pteIndex(untyped(null), 0, 1), /X86_64 or another/],
    ["a format for a paging", () => isCanonical(untyped(format), 0), /X86_64 or another/],
    ["no configuration's range", () => vaddrRange(untyped({})), /pageTableConfig/],
    ["no frames for a processor", () => new VmCpu(untyped({}), format), /a FrameTable/],
    ["no processor for a space", () => VmSpace.create(untyped(undefined)), /a VmCpu/],
    [
      "no memory for a kernel's walker",
      () => new KernelWalker({ format, memory, root: 0, kernel: untyped(null), block: 0 }),
      /null.*shared WebAssembly\.Memory/,
    ],
  ])("%s", (_, run, sentence) => {
    expect(run).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    expect(run).toThrow(sentence);
  });
});

describe("numbers that would pass for others", () => {
  const flushed = expect.objectContaining({ code: "invalid-tlb" });

  test.each([Number.NaN, 0, 0.5, -1])("a flush of %s pages, which would be of none", (pages) => {
    expect(() => new Tlb().flush(0, 0, pages, 1)).toThrow(flushed);
  });

  test.each([2 ** 32, 0.5, Number.NaN, -(2 ** 31) - 1])(
    "a word of an address that is %s",
    (word) => {
      const end = log();
      expect(() => end.publish(word, 0, 1, 1)).toThrow(flushed);
      expect(() => end.publish(0, word, 1, 1)).toThrow(flushed);
      expect(() => new TlbFlusher(end).issue(0, word, 1, 1)).toThrow(flushed);
      expect(end.publish(-1, 0, 1, 1)).toBe(1); // the lock is open
    },
  );

  test.each([-2, 2 ** 16, 1.5])("a flush of all of space %s", (asid) => {
    expect(() => new Tlb().flushAll(asid)).toThrow(flushed);
  });

  test("a ticket that is not published yet, for which one would wait for ever", () => {
    const end = log();
    const ticket = end.publish(0, 0, 1, 1);
    end.wait(ticket);
    for (const other of [ticket + 1, Number.NaN, 0.5, untyped("1")]) {
      expect(() => end.wait(other)).toThrow(flushed);
      expect(() => end.done(other)).toThrow(flushed);
    }
  });

  test("a frame that is none, searched for, said by a hook, or given as the upper root", () => {
    const invalid = expect.objectContaining({ code: "invalid-pfn" });
    expect(() => virtualOf(mmu, -1)).toThrow(invalid);
    expect(() => mmu.setRoot(0, -2)).toThrow(invalid);
    const entries = new Uint8Array(4096).fill(2);
    const software = () => ({ name: "swap", pfn: 0.5 });
    const walker = new Walker({ format, memory: rawImage(entries), root: 0, software });
    expect(() => walker.translate(0)).toThrow(invalid);
  });
});

describe("images", () => {
  const invalid = expect.objectContaining({ code: "invalid-image" });

  /** A core of pieces: offset, physical address, bytes in the file, bytes in memory. */
  function core(...pieces: readonly (readonly [number, number, number, number])[]): Uint8Array {
    const bytes = new Uint8Array(8 * 4096);
    const dv = new DataView(bytes.buffer);
    dv.setUint32(0, 0x7f45_4c46);
    dv.setUint16(4, 0x0201);
    dv.setUint16(16, 4, true);
    dv.setBigUint64(32, 64n, true);
    dv.setUint16(54, 56, true);
    dv.setUint16(56, pieces.length, true);
    pieces.forEach(([offset, paddr, filesz, memsz], i) => {
      const at = 64 + 56 * i;
      dv.setUint32(at, 1, true);
      dv.setBigUint64(at + 8, BigInt(offset), true);
      dv.setBigUint64(at + 24, BigInt(paddr), true);
      dv.setBigUint64(at + 32, BigInt(filesz), true);
      dv.setBigUint64(at + 40, BigInt(memsz), true);
    });
    return bytes;
  }

  test("of no bytes, of no memory, or with more in the file than there was", () => {
    expect(() => rawImage(new Uint8Array(0))).toThrow(invalid);
    expect(() => elfCore(new Uint8Array(0))).toThrow(invalid);
    expect(() => elfCore(core())).toThrow(/no segment with a byte/);
    expect(() => elfCore(core([4096, 0, 0, 0]))).toThrow(/no segment with a byte/);
    expect(() => elfCore(core([4096, 0, 8192, 4096]))).toThrow(/more bytes in the file/);
    expect(() => rawImage(new Uint8Array(8192), 2 ** 52 - 1)).toThrow(
      expect.objectContaining({ code: "invalid-pfn" }),
    );
  });

  test("have each frame where its piece has it, of many", () => {
    const bytes = core(
      [4 * 4096, 0x9000, 4096, 8192],
      [0x1000, 0x2000, 4096, 4096],
      [8, 0x5000, 0, 4096],
      [0x2000, 0x3000, 8192, 8192],
      [0, 0x4_0000, 0, 0],
    );
    bytes.forEach((_, at) => {
      if (at >= 4096) bytes[at] = at >>> 12;
    });
    const image = elfCore(bytes);
    const found = Array.from({ length: 66 }, (_, pfn) => {
      const page = image.page(pfn as Pfn);
      return page instanceof Uint8Array ? page[0] : page;
    });
    const there: Record<number, unknown> = { 2: 1, 3: 2, 4: 3, 5: undefined, 9: 4, 10: undefined };
    expect(found).toEqual(found.map((_, pfn) => (pfn in there ? there[pfn] : "absent")));
    for (const pfn of [-1, 2.5, Number.NaN]) expect(image.page(pfn as Pfn)).toBe("absent");
  });

  test("whose bytes are gone say so, and a walk what it asked for", () => {
    const bytes = new Uint8Array(4096);
    const image = rawImage(bytes);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => image.page(0 as Pfn)).toThrow(/detached/);
    expect(() => new Walker({ format, memory: image, root: 0 }).translate(0)).toThrow(
      expect.objectContaining({ code: "page-source-threw", pfn: 0 }),
    );
  });
});

test("frames are Pfn wherever a walk or a cache says one", () => {
  expectTypeOf<Walker["pfn"]>().toEqualTypeOf<Pfn>();
  expectTypeOf<Walker["table"]>().toEqualTypeOf<Pfn>();
  expectTypeOf<Mmu["pfn2"]>().toEqualTypeOf<Pfn>();
  expectTypeOf<KernelWalker["pfn"]>().toEqualTypeOf<Pfn>();
  expectTypeOf<KernelWalker["table"]>().toEqualTypeOf<Pfn>();
  expectTypeOf<Step["table"]>().toEqualTypeOf<Pfn>();
  expectTypeOf<Tlb["pfn"]>().toEqualTypeOf<Pfn>();
  expectTypeOf<Tlb["lookup"]>().returns.toEqualTypeOf<Pfn>();
  expectTypeOf<Tlb["translate"]>().returns.toEqualTypeOf<Pfn>();
  expectTypeOf<VmCpu["translate"]>().returns.toEqualTypeOf<Pfn>();
});
