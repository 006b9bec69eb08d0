/** PT-54: in which order an agent that has a cursor open may wait, and what it has locked when it is told that it may not. */

import { MemkitError } from "@memkit/core";
import { FrameTable } from "@memkit/frame-meta";
import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { pageProperty, READ, USER, userConfig, x86Format } from "@memkit/page-table/format";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { expect, test } from "vitest";

const RO = pageProperty(READ | USER);
const config = userConfig(x86Format(), "untracked");
/** Pages of a leaf table, in bytes. */
const LEAF = 512 * 4096;

const refusal = (run: () => unknown): string => {
  try {
    run();
    return "nothing";
  } catch (error) {
    if (error instanceof MemkitError) return error.code;
    throw error;
  }
};

/** Two agents, and two tables that both have, in the order of their roots. */
function two() {
  const memory = { buffer: new SharedArrayBuffer(128 * 4096) };
  const mine = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const allocator = createBuddy(mine);
  const theirs = FrameTable.attach({ memory, buffer: mine.buffer }, { agent: 1 });
  attachBuddy(theirs, { buffer: allocator.buffer });
  for (const frames of [mine, theirs]) shareTables(frames);
  const tables = [PageTable.create(mine, config), PageTable.create(mine, config)];
  tables.sort((a, b) => a.rootPfn - b.rootPfn);
  const same = tables.map((table) => attachTable(theirs, config, table.rootPfn));
  return { mine, tables, same };
}

const locked = ({ slots }: FrameTable): number =>
  Array.from({ length: slots.frames }, (_, slot) => slot).filter(
    (slot) => slots.words[slots.wordOf(slot, 11)] !== 0 && slots.words[slots.wordOf(slot, 1)] !== 0,
  ).length;

test("who has a cursor on a table waits for no node of one with a lower root, wherever it is", () => {
  const { mine, tables, same } = two();
  const theirs = same[0]!.cursorMut(8 * LEAF, 1);
  const open = tables[1]!.cursorMut(0, 1);
  const before = locked(mine);
  expect(refusal(() => tables[0]!.cursorMut(8 * LEAF, 1))).toBe("cursor-deadlock");
  expect(locked(mine)).toBe(before);
  theirs.close();
  tables[0]!.cursorMut(8 * LEAF, 1).close(); // nobody to wait for
  open.close();
  expect(locked(mine)).toBe(0);
});

test("a cursor that finds a node of this agent's other one below it gives back what it has locked", () => {
  const { mine, tables } = two();
  const [table] = tables as [PageTable];
  table.mapRange(0, 1, 7, RO);
  table.mapRange(LEAF, 1, 7, RO);
  const open = table.cursorMut(LEAF + 4096, 1);
  expect(locked(mine)).toBe(1);
  expect(refusal(() => table.cursorMut(4096, 512))).toBe("cursor-deadlock"); // to the page before, whose table is open's
  expect(locked(mine)).toBe(1);
  open.close();
  table.cursorMut(4096, 512).close();
  expect(locked(mine)).toBe(0);
});

test("a cursor that is closed stands in nobody's way", () => {
  const { mine, tables, same } = two();
  const [table] = tables as [PageTable];
  table.cursorMut(8 * LEAF, 1).close();
  const theirs = same[0]!.cursorMut(0, 1);
  const other = table.cursorMut(4 * LEAF, 1);
  expect(refusal(() => table.cursorMut(0, 1))).toBe("cursor-deadlock");
  other.close();
  theirs.close();
  expect(locked(mine)).toBe(0);
});
