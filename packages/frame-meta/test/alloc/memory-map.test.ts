import { Frame, FrameTable, type TableMode } from "@memkit/frame-meta";
import {
  allocFrame,
  createBuddy,
  kernelMeta,
  type MemoryRange,
  reservedMeta,
  unusableMeta,
} from "@memkit/frame-meta/alloc";
import { checkInvariants, FrameLedger } from "@memkit/frame-meta/model";
import { describe, expect, it } from "vitest";
import { inMode } from "../slot/modes.js";
import { ALLOC_MODES, memoryOf, mock, mockOf, PAGE, refusalOf } from "./support.js";

const tableOf = (mode: TableMode) => {
  const memory = memoryOf([
    [0, 16],
    [0x100, 48],
  ]);
  const ledger = new FrameLedger({ frames: memory.totalFrames });
  return FrameTable.create(inMode(mode, { memory }), { ledger });
};

describe.each(ALLOC_MODES)("%s", (mode) => {
  it("FM-27: claims what a memory map says is not usable, and gives out all the rest", () => {
    const table = tableOf(mode);
    const early = Frame.fromUnused(table, 0x108 * PAGE, mock, mockOf(1)); // before there was an allocator
    const map: MemoryRange[] = [
      { firstPfn: 0, frames: 1, kind: "reserved" },
      { firstPfn: 1, frames: 9, kind: "usable" },
      { firstPfn: 10, frames: 0xf8, kind: "reserved" }, // the end of a bank, a hole, the start of the next
      { firstPfn: 0x110, frames: 4, kind: "kernel" },
      { firstPfn: 0x120, frames: 1, kind: "bad" },
      { firstPfn: 0x10_0000, frames: 7, kind: "bad" },
    ];
    const allocator = createBuddy(table, { map });
    expect(allocator.claimed.map(({ start, frames }) => [start / PAGE, frames])).toEqual([
      [0, 1],
      [10, 6],
      [0x100, 2],
      [0x110, 4],
      [0x120, 1],
    ]);
    const types = [reservedMeta, reservedMeta, reservedMeta, kernelMeta, unusableMeta];
    expect(
      allocator.claimed.map((segment, i) => segment.tryAs(types[i]!) === segment),
    ).not.toContain(false);
    expect(allocator.stats()).toMatchObject({ frames: 64, taken: 15, free: 49 });
    expect(checkInvariants(table).violations).toEqual([]);
    const given = Array.from({ length: 49 }, () => allocFrame(table, mock, mockOf(2)));
    expect(refusalOf(() => allocFrame(table, mock, mockOf(3))).code).toBe("no-memory");
    const claimed = new Set([
      0, 10, 11, 12, 13, 14, 15, 0x100, 0x101, 0x110, 0x111, 0x112, 0x113, 0x120, 0x108,
    ]);
    expect(given.filter(({ paddr }) => claimed.has(paddr / PAGE))).toEqual([]);
    allocator.claimed[3]!.drop(); // the kernel's start-up code is done with
    expect(allocator.stats().free).toBe(4);
    early.drop();
    for (const frame of given) frame.drop();
    expect(allocator.stats().free).toBe(64 - 10);
  });

  it("changes nothing where a range cannot be, or is somebody's", () => {
    const bad: unknown[] = [
      [{ firstPfn: -1, frames: 1, kind: "bad" }],
      [{ firstPfn: 0, frames: 0, kind: "bad" }],
      [{ firstPfn: 0, frames: 1.5, kind: "bad" }],
      [{ firstPfn: 2 ** 53, frames: 1, kind: "bad" }],
      [{ firstPfn: Number.NaN, frames: 1, kind: "usable" }],
      [{ firstPfn: 0, frames: 1, kind: "toString" }],
      [{ firstPfn: 0, frames: 1, kind: undefined }],
    ];
    for (const map of bad) {
      const table = tableOf(mode);
      const first: MemoryRange = { firstPfn: 2, frames: 2, kind: "kernel" };
      const all = [first, ...(map as MemoryRange[])];
      expect(refusalOf(() => createBuddy(table, { map: all })).code).toBe("invalid-option");
      expect(refusalOf(() => createBuddy(table, { map: [first, first] })).code).toBe("in-use");
      expect(createBuddy(table).stats().taken).toBe(0);
    }
  });
});
