/**
 * Frames that a format's entries cannot name: from 2^36 on in AArch64's, from 2^40 in x86-64's. None becomes a table, and none is lost
 * to one that could not be made (PT-36).
 */

import { PhysicalMemory } from "@memkit/core";
import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import { FrameLedger } from "@memkit/frame-meta/model";
import { fork } from "@memkit/page-table/fork";
import {
  aarch64Format,
  kernelConfig,
  pageProperty,
  READ,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { describe, expect, test } from "vitest";

const RO = pageProperty(READ | USER);
const FRAMES = 32;
const KINDS = ["single", "counted by a ledger", "shared"] as const;
const FORMATS = [
  [x86Format(), 2 ** 40],
  [aarch64Format(), 2 ** 36],
] as const;
const CASES = KINDS.flatMap((kind) =>
  FORMATS.map(([format, end]) => [kind, format.name, format, end] as const),
);

/** Memory of which a format can name `below` frames; the buddy gives the lowest first. */
function machine(kind: (typeof KINDS)[number], end: number, below: number) {
  const size = FRAMES * 4096;
  const buffer = kind === "shared" ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
  const memory = new PhysicalMemory([
    { firstPfn: end - below, frames: FRAMES, source: { buffer }, byteOffset: 0 },
  ]);
  const ledger = new FrameLedger({ frames: FRAMES });
  const frames =
    kind === "shared"
      ? FrameTable.create({ memory, mode: kind }, { agent: 0 })
      : FrameTable.create({ memory }, kind === "single" ? {} : { ledger });
  const allocator = createBuddy(frames);
  shareTables(frames);
  return { frames, taken: () => allocator.stats().taken };
}

const refused = expect.objectContaining({ code: "unsupported-memory" });

describe.each(CASES)("%s, %s", (kind, _, format, end) => {
  const config = userConfig(format, "untracked");

  /** Throws for want of frames with a name, and takes none. */
  function fails(table: PageTable, taken: () => number, run: () => unknown): void {
    const before = taken();
    expect(run).toThrow(refused);
    expect(taken()).toBe(before);
    expect(checkInvariants(table)).toEqual([]);
    expect(table.open).toEqual([]);
  }

  test("no root is made of one, which no register can name", () => {
    const { frames, taken } = machine(kind, end, 0);
    expect(() => PageTable.create(frames, config)).toThrow(refused);
    expect(() => PageTable.create(frames, kernelConfig(format))).toThrow(
      /frame 0x1\w+ is beyond what an entry/,
    );
    expect(taken()).toBe(0);
  });

  test.each([1, 2, 3])("nor a table below %i that have a name", (below) => {
    const { frames, taken } = machine(kind, end, below);
    const table = PageTable.create(frames, config);
    const map = () => {
      const cursor = table.cursorMut(0x40_0000, 1);
      try {
        cursor.mapPfn(9, RO);
      } finally {
        cursor.close();
      }
    };
    // What a shared table's cursor locks it makes on its way down: empty tables, which stay.
    expect(map).toThrow(refused);
    for (let i = 0; i < 2 * FRAMES; i += 1) fails(table, taken, map);
    fails(table, taken, () => table.mapRange(0x40_0000, 1, 9, RO));
    expect(table.translate(0x40_0000)).toBeUndefined();
    const cursor = table.cursorMut(0x40_0000, 1); // of tables that are not there: it needs none
    expect([cursor.query(), cursor.unmapRun(1)]).toEqual([0, 0]);
    cursor.close();
    table.drop();
    expect(taken()).toBe(0);
  });

  test("a huge page whose pieces would be in one stays whole", () => {
    const { frames, taken } = machine(kind, end, 3);
    const table = PageTable.create(frames, config);
    table.mapRange(0, 512, 512, pageProperty(READ | WRITE | USER)); // the root and two tables
    fails(table, taken, () => table.unmapRange(0, 1));
    fails(table, taken, () => table.protectRange(0, 1, 0, WRITE));
    expect(table.translate(0)).toMatchObject({ pfn: 512, level: 2 });
    expect(table.unmapRange(0, 512)).toBe(512);
    table.drop();
    expect(taken()).toBe(0);
  });

  test("a fork that comes to one leaves nothing", () => {
    const { frames, taken } = machine(kind, end, 6);
    const table = PageTable.create(frames, config);
    table.mapRange(0x40_0000, 1, 9, RO); // the root and three tables; the child has two of four
    fails(table, taken, () => fork(table));
    table.drop();
    expect(taken()).toBe(0);
  });

  test("nor does a kernel whose top tables come to one", () => {
    const { frames, taken } = machine(kind, end, 5);
    expect(() => PageTable.create(frames, kernelConfig(format))).toThrow(refused);
    expect(taken()).toBe(0);
  });
});
