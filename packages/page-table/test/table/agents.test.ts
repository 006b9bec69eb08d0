/** Agents of one table, in one thread: what each sees of the others, and what is left of one that dies (PT-52, PT-55, PT-57, PT-58). */

import { MemkitError } from "@memkit/core";
import { FrameTable, slotTableBytes } from "@memkit/frame-meta";
import { pinnedAgents, reap } from "@memkit/frame-meta/agents";
import { allocFrame, attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { FrameKernel } from "@memkit/frame-meta/kernel";
import { fork, handleFault } from "@memkit/page-table/fork";
import { pageProperty, READ, USER, userConfig, WRITE, x86Format } from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { adoptTable, attachTable, shareTables } from "@memkit/page-table/shared";
import { type CursorMut, PageTable } from "@memkit/page-table/table";
import { expect, test, vi } from "vitest";
import { pageMeta } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const config = userConfig(x86Format());
const memory = () => ({ buffer: new SharedArrayBuffer(128 * 4096) });

const code = (run: () => unknown): string => {
  try {
    run();
    return "nothing";
  } catch (error) {
    if (error instanceof MemkitError) return error.code;
    throw error;
  }
};

/** Two agents of the same frames. */
function two() {
  const ram = memory();
  const mine = FrameTable.create({ memory: ram, mode: "shared" }, { agent: 0 });
  const allocator = createBuddy(mine);
  const theirs = FrameTable.attach({ memory: ram, buffer: mine.buffer }, { agent: 1 });
  attachBuddy(theirs, { buffer: allocator.buffer });
  for (const frames of [mine, theirs]) shareTables(frames);
  const table = PageTable.create(mine, config);
  const same = attachTable(theirs, config, table.rootPfn);
  return { mine, theirs, table, same, allocator };
}

const lockWords = ({ slots }: FrameTable): number[] =>
  Array.from({ length: slots.frames }, (_, slot) => slot)
    .filter((slot) => slots.words[slots.wordOf(slot, 11)] === 2 || slots.countOf(slot) > 0)
    .map((slot) => slots.words[slots.wordOf(slot, 1)]!);

test("an agent sees what another maps, and its own cursors wait for nobody (PT-56)", () => {
  const { mine, theirs, table, same, allocator } = two();
  theirs.bind(pageMeta);
  const cursor = table.cursorMut(0x40_0000, 4);
  cursor.map(allocFrame(mine, pageMeta, {}), RW);
  expect(same.translate(0x40_0123)).toEqual({
    pfn: expect.any(Number),
    offset: 0x123,
    level: 1,
    prop: RW,
    tracked: true,
  });
  expect(same.translate(0x40_1000)).toBeUndefined();
  expect(same.translate(0xffff_8000_0000_0000n)).toBeUndefined();
  expect(code(() => same.translate(-4096))).toBe("invalid-vaddr");
  expect(code(() => same.translate(4096.5))).toBe("invalid-vaddr");
  same.mapRange(0x8000_0000, 3, 7, RW);
  cursor.close();
  expect(same.unmapRange(0, 2 ** 20)).toBe(4);
  expect(checkInvariants(table)).toEqual([]);
  same.drop();
  table.drop();
  expect(allocator.stats().taken).toBe(0);
});

test("a copy on write is resolved in either agent", () => {
  const { mine, theirs, table, same } = two();
  theirs.bind(pageMeta);
  const cursor = table.cursorMut(0x1000, 1);
  cursor.map(allocFrame(mine, pageMeta, {}), RW);
  cursor.close();
  const child = fork(same);
  expect(handleFault(table, 0x1000, "write")).toBe("resolved");
  expect(handleFault(child, 0x1000, "write")).toBe("resolved");
  expect(checkInvariants(table)).toEqual([]);
  expect(checkInvariants(child)).toEqual([]);
  child.drop();
  same.drop();
  table.drop();
});

test("tables that were taken out stay while another agent is pinned that may see them (PT-55)", () => {
  const { theirs, table, same, allocator } = two();
  table.mapRange(0x40_0000, 1, 7, RW);
  const before = allocator.stats().taken;
  theirs.pin(); // as in the middle of a walk
  expect(pinnedAgents(table.frames.slots).map(({ agent }) => agent)).toEqual([1]);
  table.unmapRange(0, 2 ** 27);
  expect(table.collect()).toBeGreaterThan(0);
  expect(allocator.stats().taken).toBe(before);
  expect(lockWords(table.frames).filter((word) => word < 0)).not.toEqual([]); // PT-52
  theirs.unpin();
  theirs.pin(); // later: it cannot have seen them
  expect(table.collect()).toBe(0);
  theirs.unpin();
  expect(allocator.stats().taken).toBeLessThan(before);
  same.drop();
  table.drop();
  expect(allocator.stats().taken).toBe(0);
});

test("a cursor that is open keeps nobody from freeing tables (PT-53)", () => {
  const { table, same } = two();
  table.mapRange(0x40_0000, 1, 7, RW);
  const cursor = same.cursorMut(0x8000_0000, 1);
  table.unmapRange(0x40_0000, 512);
  expect(table.cleanUp(0x40_0000, 512)).toBe(0);
  expect(table.collect()).toBe(0);
  cursor.close();
  same.drop();
  table.drop();
});

test.each<readonly [string, (cursor: CursorMut, table: PageTable) => void]>([
  ["a cursor that did nothing", () => undefined],
  ["a cursor that has mapped", (cursor) => cursor.mapPfn(9, RW)],
  [
    "an entry half-written",
    (cursor, { store }) => {
      cursor.mapPfn(9, RW);
      const { words, base, meta } = store.memory;
      store.frames.slots.words[meta + 2]! += 1;
      words[base] = 0;
    },
  ],
])("what an agent with %s had locked is given back by a reap (PT-58)", (_, work) => {
  const { mine, table, same } = two();
  const cursor = same.cursorMut(0x40_0000, 4);
  work(cursor, same);
  expect(lockWords(mine)).toContain(2);
  expect(reap(mine, [1]).error).toBeUndefined();
  expect(lockWords(mine).filter((word) => word !== 0)).toEqual([]);
  expect(checkInvariants(table)).toEqual([]);
  table.mapRange(0x40_2000, 1, 8, RW);
  expect(table.translate(0x40_2000)?.pfn).toBe(8);
});

test("tables that a dead agent has taken out are the reaper's to free (PT-57, PT-58)", () => {
  const { mine, table, same, allocator } = two();
  const before = allocator.stats().taken;
  same.mapRange(0x40_0000, 1, 7, RW);
  mine.pin();
  same.unmapRange(0, 2 ** 27); // they wait for this agent's pin
  mine.unpin();
  expect(lockWords(mine)).toContain(-2);
  reap(mine, [1]);
  expect(table.collect()).toBe(0);
  expect(allocator.stats().taken).toBe(before);
});

test.each(["shared", "kernel"] as const)(
  "%s: who has not said that it shares makes no table",
  (mode) => {
    const ram = memory();
    const kernel = FrameKernel.create(slotTableBytes({ memory: ram }));
    const options = mode === "kernel" ? { memory: ram, kernel } : { memory: ram, mode };
    const frames = FrameTable.create(options, { agent: 0 });
    const allocator = createBuddy(frames);
    const before = frames.slots.words.slice();
    const make = [
      () => PageTable.create(frames, config),
      () => attachTable(frames, config, 1),
      () => adoptTable(frames, config, 1),
    ];
    for (const run of make) {
      expect(code(run)).toBe("unsupported-memory");
      expect(run).toThrow("shareTables(frames) of @memkit/page-table/shared");
    }
    expect(frames.slots.words).toEqual(before);
    shareTables(frames);
    const table = PageTable.create(frames, config);
    shareTables(frames); // again: nothing
    expect(attachTable(frames, config, table.rootPfn).store).toBe(table.store);
    expect(allocator.stats().taken).toBe(1);
  },
);

test("who is alone need not say so, and may", () => {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(16 * 4096) } });
  createBuddy(frames);
  shareTables(frames);
  const table = PageTable.create(frames, config);
  expect(table.locks.mark).toBe(0);
  shareTables(frames);
  expect(PageTable.create(frames, config).store).toBe(table.store);
});

test("what is no root of such a table is not attached to, and other widths are refused", () => {
  const { mine, theirs, table } = two();
  expect(code(() => attachTable(theirs, userConfig(x86Format(), "untracked"), table.rootPfn))).toBe(
    "not-a-table",
  );
  table.mapRange(0x1000, 1, 7, RW);
  const leaf = table.rootPfn + 1;
  expect(["not-a-table", "unused"]).toContain(code(() => attachTable(theirs, config, leaf)));
  const ram = memory();
  const other = FrameTable.create({ memory: ram, mode: "shared" }, { agent: 0 });
  createBuddy(other);
  other.slots.words[14] = 64; // made by an agent with atomic accesses of 64 bits
  expect(() => shareTables(other)).toThrow(
    expect.objectContaining({ code: "access-width", expected: 32, got: 64 }),
  );
  const unshared = { buffer: new ArrayBuffer(16 * 4096) };
  const frames = FrameTable.create({ memory: unshared, mode: "shared" }, { agent: 0 });
  expect(code(() => shareTables(frames))).toBe("unsupported-memory");
  expect(mine.slots.words[14]).toBe(32);
});

test("two cursors of an agent are one behind the other, or do not wait (PT-54)", () => {
  const { table, same } = two();
  const theirs = same.cursorMut(0x40_0000, 4);
  const behind = table.cursorMut(0x8000_0000, 4);
  // Theirs is in front of what this agent has: whoever waited for it could be waited for by them.
  expect(code(() => table.cursorMut(0x40_1000, 1))).toBe("cursor-deadlock");
  behind.close();
  theirs.close();
  table.cursorMut(0x40_1000, 1).close();
  same.drop();
  table.drop();
});

test("a frame whose last two holders let go at the same moment is free afterwards (PT-31)", () => {
  const { mine, table, allocator } = two();
  const before = allocator.stats().taken;
  const frame = allocFrame(mine, pageMeta, {});
  const cursor = table.cursorMut(0x40_0000, 4);
  cursor.map(frame.clone(), RW);
  const { slots } = mine;
  const load = slots.load.bind(slots);
  const count = slots.countIndexOf(frame.paddr / 4096);
  // The other holder is faster than the cursor that has just seen both.
  vi.spyOn(slots, "load").mockImplementation((index) => {
    const seen = load(index);
    if (index === count && seen === 2 && !frame.dropped) frame.drop();
    return seen;
  });
  cursor.jump(0x40_0000);
  expect(cursor.unmapNext()).toBe(1);
  vi.restoreAllMocks();
  cursor.close();
  expect(slots.load(count)).toBe(-1); // UNUSED
  table.cleanUp();
  table.collect();
  expect(allocator.stats().taken).toBe(before);
});
