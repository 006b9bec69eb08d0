/** T1: translations that are remembered and should not be, in any processor's cache; and what no cache takes. */

import { FrameTable, unitMeta } from "@memkit/frame-meta";
import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
import { GLOBAL, pageProperty, READ, USER, WRITE, x86Format } from "@memkit/page-table/format";
import { SetAssociativeTlb, Shootdown, shootdownWords, Tlb } from "@memkit/page-table/tlb";
import { checkInvariants, VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { SR, UR } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";

const VA = 0x1000;
const RW = pageProperty(READ | WRITE | USER);

function machine(count = 1) {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(64 * 4096) } });
  createBuddy(frames);
  const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(count)));
  const cpus = Array.from(
    { length: count },
    (_, n) => new VmCpu(frames, x86Format(), new Shootdown(words, count, n, new Tlb())),
  );
  const [cpu] = cpus as [VmCpu];
  const space = VmSpace.create(cpu);
  space.map(VA, allocFrame(frames, unitMeta, {}), RW);
  space.activate();
  return { cpus, cpu, space };
}

const said = (space: VmSpace) =>
  checkInvariants(space).map(({ id, va, what }) => {
    expect([id, va]).toEqual(["T1", BigInt(VA)]);
    return what;
  });

describe("T1: a translation that is not so any more", () => {
  test("is found where it is global", () => {
    const { cpu, space } = machine();
    space.table.mapRange(2 * VA, 1, 7, pageProperty(READ | USER | GLOBAL));
    expect(cpu.translate(0, 2 * VA, "read")).toBe(7);
    expect(checkInvariants(space)).toEqual([]);
    space.table.unmapRange(2 * VA, 1);
    expect(cpu.translate(0, 2 * VA, "read")).toBe(7);
    expect(checkInvariants(space)).toEqual([
      { id: "T1", va: BigInt(2 * VA), pfn: 7, what: "a cache leads elsewhere" },
    ]);
    cpu.flusher.issueAll(space.asid);
    cpu.flusher.dispatch(); // a space's flush leaves it
    expect(checkInvariants(space)).toHaveLength(1);
    cpu.flusher.issueAll();
    cpu.flusher.dispatch();
    expect(checkInvariants(space)).toEqual([]);
  });

  test("is found where all spaces have what is one's", () => {
    const { cpu, space } = machine();
    cpu.tlb.insert(0, VA, cpu.translate(0, VA, "read"), UR, 1, true);
    expect(said(space)).toEqual(["a cache has for all spaces what is one's"]);
  });

  test("is found in another processor's cache, also when it has another space", () => {
    const { cpus, space } = machine(2);
    const other = cpus[1] as VmCpu;
    space.activate(other);
    other.translate(0, VA, "write");
    space.table.protectRange(VA, 1, 0, WRITE);
    expect(said(space)).toEqual(["a cache grants what the tables do not"]);
    other.activate(undefined);
    expect(said(space)).toHaveLength(1);
    space.table.unmapRange(VA, 1);
    expect(said(space)).toEqual(["a cache leads elsewhere"]);
  });

  test("is found by the VmSpace that has been on the processor, and by no other of the same root", () => {
    const { cpus, cpu, space } = machine(2);
    const other = cpus[1] as VmCpu;
    const same = VmSpace.attach(other, space.table.rootPfn, { asid: space.asid });
    same.activate();
    other.translate(0, VA, "write");
    space.table.protectRange(VA, 1, 0, WRITE);
    expect([said(space), said(same)]).toEqual([[], ["a cache grants what the tables do not"]]);
    expect([...space.processors]).toEqual([cpu]);
  });

  test("is none while the processor is asked to flush it", () => {
    const { cpus, space } = machine(2);
    const other = cpus[1] as VmCpu;
    space.activate(other);
    const pfn = other.translate(0, VA, "write");
    space.unmap(VA, 1);
    expect(other.translate(0, VA, "write")).toBe(pfn);
    expect(checkInvariants(space)).toEqual([]);
    other.poll();
    expect(checkInvariants(space)).toEqual([]);
    other.tlb.insert(0, VA, pfn, UR, 1, false);
    expect(said(space)).toEqual(["a cache leads elsewhere"]);
    const { flusher } = space.cpu;
    for (const [lo, asid] of [
      [2 * VA, space.asid],
      [VA, space.asid + 1],
    ] as const) {
      flusher.issue(0, lo, 1, asid);
      flusher.dispatch();
      expect(said(space)).toHaveLength(1);
    }
    // More than the log keeps: the processor will flush everything.
    for (let i = 0; i < 32; i += 1) {
      flusher.issue(0, 2 * VA, 1, space.asid);
      flusher.dispatch();
    }
    expect(checkInvariants(space)).toEqual([]);
  });
});

describe.each([new Tlb(), new SetAssociativeTlb()])("a cache", (cache) => {
  test.each([
    ["a frame below 0", 0, VA, -5, SR, 1, "invalid-pfn"],
    ["no whole frame", 0, VA, 1.5, SR, 1, "invalid-pfn"],
    ["a frame above all", 0, VA, 2 ** 52, SR, 1, "invalid-pfn"],
    ["level 9", 0, VA, 7, SR, 9, "invalid-tlb"],
    ["level 0", 0, VA, 7, SR, 0, "invalid-tlb"],
    ["rights that there are not", 0, VA, 7, 64, 1, "invalid-tlb"],
    ["an address that is no words", 2 ** 40, VA, 7, SR, 1, "invalid-tlb"],
    ["half a byte's address", 0, 0.5, 7, SR, 1, "invalid-tlb"],
  ])("refuses %s, and keeps what it has", (_, hi, lo, pfn, rights, level, code) => {
    cache.flushAll();
    cache.insert(0, VA, 3, SR, 1, false);
    expect(() => cache.insert(hi, lo, pfn, rights, level, false)).toThrow(
      expect.objectContaining({ code }),
    );
    expect([...cache.entries()].map(({ lo, pfn }) => [lo, pfn])).toEqual([[VA, 3]]);
  });

  test("takes a frame that is too large to remember, and forgets the page", () => {
    cache.flushAll();
    cache.insert(-1, -4096, 3, SR, 1, false);
    cache.insert(2 ** 32 - 1, 2 ** 32 - 4096, 2 ** 31, SR, 1, false);
    expect(cache.lookup(-1, -4096, SR)).toBe(-1);
  });
});
