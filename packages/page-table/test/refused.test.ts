/** Frames whose type refuses to let them go: nothing of them is lost, whoever unmaps them. */

import { struct } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
import { allocFrame, allocSegment, createBuddy } from "@memkit/frame-meta/alloc";
import { FrameLedger } from "@memkit/frame-meta/model";
import { pageProperty, READ, USER, userConfig, WRITE, x86Format } from "@memkit/page-table/format";
import { PageTable, PageTableError } from "@memkit/page-table/table";
import { Shootdown, shootdownWords, Tlb, TlbFlusher } from "@memkit/page-table/tlb";
import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { describe, expect, test } from "vitest";

const RW = pageProperty(READ | WRITE | USER);
const VA = 0x40_0000;
const format = x86Format();
const failed = (n: number): unknown =>
  expect.objectContaining({ code: "release-failed", failed: n });

function machine(ledgers = false) {
  const world = { agrees: false, throws: undefined as Error | undefined };
  const pinned = defineFrameMeta({
    name: "pinned",
    layout: struct(),
    onDropPre: () => {
      if (world.throws !== undefined) throw world.throws;
      return world.agrees;
    },
  });
  const size = 1600;
  const memory = { buffer: new ArrayBuffer(size * 4096) };
  const ledger = ledgers ? new FrameLedger({ frames: size }) : undefined;
  const frames = FrameTable.create({ memory }, ledger === undefined ? {} : { ledger });
  const allocator = createBuddy(frames);
  const page = (): Frame => allocFrame(frames, pinned, {});
  const huge = () => allocSegment(frames, 512, pinned, () => ({}), { align: 2 ** 21 });
  return { world, frames, allocator, page, huge, taken: () => allocator.stats().taken };
}
type Machine = ReturnType<typeof machine>;

/** What is mapped, and how many frames of it refuse. */
const MAPPED: readonly (readonly [string, number, (m: Machine, space: PageTable) => void])[] = [
  [
    "two pages",
    2,
    ({ page }, table) => {
      const cursor = table.cursorMut(VA, 2);
      cursor.map(page(), RW);
      cursor.map(page(), RW);
      cursor.close();
    },
  ],
  [
    "pages of a table that goes as a whole",
    3,
    ({ page }, table) => {
      const cursor = table.cursorMut(VA, 512);
      for (let i = 0; i < 3; i += 1) cursor.map(page(), RW);
      cursor.close();
    },
  ],
  ["a huge page", 512, ({ huge }, table) => table.mapSegment(VA, huge(), RW)],
];

/** What is thrown: `release-failed`, or because of it. */
function refusalOf(run: () => unknown): readonly number[] {
  try {
    run();
  } catch (error) {
    const { cause } = error as { cause?: { errors?: unknown[] } };
    const found = error instanceof PageTableError ? error : cause?.errors?.[0];
    if (found instanceof PageTableError && found.code === "release-failed") return found.raws;
    throw error;
  }
  return [];
}

describe.each(MAPPED)("%s", (name, count, map) => {
  const pages = name === "two pages" ? 2 : 512;

  test.each([
    ["unmapped", (table: PageTable) => table.unmapRange(VA, pages)],
    ["dropped with the table", (table: PageTable) => table.drop()],
  ])("of a page table: whoever catches the error has the frames (%s)", (_, end) => {
    for (const ledgers of [false, true]) {
      const m = machine(ledgers);
      const table = PageTable.create(m.frames, userConfig(format));
      map(m, table);
      const raws = refusalOf(() => end(table));
      expect(raws.length).toBe(count);
      m.world.agrees = true;
      if (!table.dropped) table.drop();
      expect(m.taken()).toBe(count);
      for (const raw of raws) Frame.fromRaw(m.frames, raw).drop();
      expect(m.taken()).toBe(0);
    }
  });

  test("of an address space: they are kept, and asked again by each poll and sync, and by nothing else", () => {
    const m = machine();
    const cpu = new VmCpu(m.frames, format);
    const space = VmSpace.create(cpu);
    map(m, space.table);
    const before = m.taken();
    const refused = expect.objectContaining({ code: "release-failed" });
    expect(() => space.unmap(VA, pages)).toThrow(refused);
    expect(space.table.translate(VA)).toBeUndefined();
    expect(() => cpu.poll()).toThrow(refused);
    expect(() => cpu.flusher.sync()).toThrow(refused);
    expect(space.unmap(VA, pages)).toBe(0);
    m.world.agrees = true;
    space.map(VA, m.page(), RW);
    expect(m.taken()).toBeGreaterThanOrEqual(Math.min(before, count));
    cpu.poll();
    expect(cpu.flusher.collect()).toBe(true);
    space.drop();
    expect(m.taken()).toBe(0);
  });

  test("of an address space that ends: they are kept until they go", () => {
    const m = machine();
    const cpu = new VmCpu(m.frames, format);
    const space = VmSpace.create(cpu);
    map(m, space.table);
    expect(() => space.drop()).toThrow(expect.objectContaining({ code: "release-failed" }));
    expect([space.dropped, m.taken()]).toEqual([true, count]);
    expect(() => cpu.poll()).toThrow(expect.objectContaining({ code: "release-failed" }));
    m.world.agrees = true;
    // The drop of another one asks, too.
    VmSpace.create(cpu).drop();
    expect(m.taken()).toBe(0);
  });
});

test("of a table that was taken out: as of one that is dropped", () => {
  const m = machine();
  const table = PageTable.create(m.frames, userConfig(format));
  MAPPED[1]![2](m, table);
  const cursor = table.cursorMut(VA, 512);
  const taken = cursor.takeNext(512);
  if (taken?.kind !== "stray") throw new Error("no table was taken");
  const raws = refusalOf(() => taken.drop());
  cursor.close();
  m.world.agrees = true;
  for (const raw of raws) Frame.fromRaw(m.frames, raw).drop();
  table.drop();
  expect([raws.length, m.taken()]).toEqual([3, 0]);
});

test("what the type throws is the cause, and the frame is not lost either", () => {
  const m = machine();
  m.world.throws = new RangeError("not now");
  const table = PageTable.create(m.frames, userConfig(format));
  MAPPED[0]![2](m, table);
  let thrown: unknown;
  try {
    table.unmapRange(VA, 2);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toEqual(failed(2));
  const { raws, cause } = thrown as { raws: number[]; cause: AggregateError };
  expect(cause.errors).toEqual([m.world.throws, m.world.throws]);
  m.world.throws = undefined;
  m.world.agrees = true;
  for (const raw of raws) Frame.fromRaw(m.frames, raw).drop();
  table.drop();
  expect(m.taken()).toBe(0);
});

test("a flusher keeps what says that it lives, in turn with what it drops, and asks again (PT-14)", () => {
  const m = machine();
  const { shootdown } = new VmCpu(m.frames, format);
  const flusher = new TlbFlusher(shootdown);
  const [one, two] = [m.page(), m.page()];
  let dropped = 0;
  flusher.keep(one);
  flusher.keep({ drop: () => dropped++ });
  flusher.keep(two);
  expect(() => flusher.sync()).toThrow(failed(2));
  expect([dropped, flusher.collect(false)]).toEqual([1, false]);
  expect(() => flusher.collect()).toThrow(failed(2));
  m.world.agrees = true;
  expect([flusher.collect(), dropped, m.taken()]).toEqual([true, 1, 0]);
});

describe("an old frame that refuses in the midst of something else (PT-14)", () => {
  /** A space with a page at VA; of one that refused before it, another agent has flushed the translation by now. */
  function late() {
    const m = machine();
    const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(2)));
    const [cpu, other] = [0, 1].map((n) => {
      return new VmCpu(m.frames, format, new Shootdown(words, 2, n, new Tlb()));
    }) as [VmCpu, VmCpu];
    const space = VmSpace.create(cpu);
    space.map(VA, m.page(), RW);
    const end = (): void => {
      m.world.agrees = true;
      for (const one of [cpu, other, cpu]) one.poll();
      cpu.activate(undefined);
      space.drop();
      for (const one of [other, cpu]) one.poll();
      expect([cpu.flusher.collect(), m.taken()]).toEqual([true, 0]);
    };
    // Ends while the processor has it.
    const ended = VmSpace.create(cpu);
    ended.activate();
    ended.drop();
    /** From here on an old frame waits that refuses. */
    const begin = (): void => {
      space.map(VA + 0x10_0000, m.page(), RW);
      expect(space.unmap(VA + 0x10_0000, 1)).toBe(1);
      other.poll();
    };
    return { ...m, cpu, other, space, ended, begin, end };
  }
  type Late = ReturnType<typeof late>;

  const operations: [string, (m: Late) => unknown][] = [
    ["map", ({ space, page }) => space.map(VA + 4096, page(), RW)],
    ["mapRange", ({ space }) => space.mapRange(VA + 4096, 2, 9, RW)],
    ["mapSegment", ({ space, huge }) => space.mapSegment(2 ** 30, huge(), RW)],
    ["protect", ({ space }) => expect(space.protect(VA, 1, 0, WRITE)).toBe(1)],
    [
      "protectNext",
      ({ space }) => {
        const cursor = space.cursorMut(VA, 1);
        expect(cursor.protectNext(1, 0, WRITE)).toBe(1);
        cursor.dispatch();
        cursor.close();
      },
    ],
    [
      "replace",
      ({ space, page }) => {
        const cursor = space.cursorMut(VA, 1);
        expect(cursor.replace(page(), RW).level).toBe(1);
        cursor.close();
      },
    ],
    [
      "activate in place of one that has ended",
      ({ cpu, ended }) => {
        cpu.activate(undefined);
        expect(ended.dropped).toBe(true);
      },
    ],
  ];

  test.each(operations)("%s: it succeeds, and the next poll tells", (_, run) => {
    const m = late();
    m.begin();
    run(m);
    const told = expect.objectContaining({ code: "release-failed", failed: 1, raws: [], kept: 1 });
    expect(() => m.cpu.poll()).toThrow(told);
    expect(() => m.cpu.poll()).toThrow(/1 are kept, and asked again by the next poll/);
    m.end();
  });

  test("fork: there is a child, and the next poll tells", () => {
    const m = late();
    m.begin();
    const child = m.space.fork();
    expect(child.table.translate(VA)).toBeDefined();
    expect(() => m.cpu.poll()).toThrow(failed(1));
    m.world.agrees = true;
    child.drop();
    m.end();
  });

  test("handleFault: a copy is made, and the next poll tells", () => {
    const m = late();
    const child = m.space.fork();
    m.begin();
    expect(child.handleFault(VA, "write")).toBe("resolved");
    expect(() => m.cpu.poll()).toThrow(failed(1));
    m.world.agrees = true;
    child.drop();
    m.end();
  });

  test("an unmap that fails says why it failed", () => {
    const m = late();
    m.begin();
    const cursor = m.space.cursorMut(VA, 2);
    expect(() => cursor.unmap(3)).toThrow(expect.objectContaining({ code: "out-of-range" }));
    cursor.close();
    const page = m.page();
    const mapped = expect.objectContaining({ code: "already-mapped" });
    expect(() => m.space.map(VA, page, RW)).toThrow(mapped);
    expect(() => m.cpu.poll()).toThrow(failed(1));
    m.world.agrees = true;
    page.drop();
    m.end();
  });

  test("what has ended with an error is told once, by the next poll", () => {
    const m = late();
    const { flusher } = m.cpu;
    const ended = (error: Error) => ({
      drop: () => {
        throw error;
      },
    });
    flusher.issue(0, VA, 1, m.space.asid);
    flusher.keep(ended(new RangeError("first")));
    flusher.dispatch();
    m.other.poll();
    m.space.protect(VA, 1, 0, WRITE);
    expect(() => m.cpu.poll()).toThrow("first");
    m.cpu.poll();
    for (const name of ["one", "another"]) flusher.keep(ended(new RangeError(name)));
    flusher.dispatch();
    m.other.poll();
    m.space.protect(VA, 1, WRITE, 0);
    expect(() => m.cpu.poll()).toThrow(failed(2));
    m.end();
  });
});
