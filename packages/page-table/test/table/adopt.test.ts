/** Tables of a saved table of frames, in the process that opens it: PT-31, that a count is handles and mappings, goes on. */

import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
import { FrameLedger } from "@memkit/frame-meta/model";
import { openTable, saveTable } from "@memkit/frame-meta/save";
import {
  aarch64Format,
  kernelConfig,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  userConfig,
  x86Format,
} from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { adoptTable, attachTable } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { expect, test } from "vitest";

const VA = 0x40_0000;
const PROP = pageProperty(READ | USER);
const config = userConfig(x86Format());

/** Saves frames with what `make` has made of them, and opens them elsewhere. */
function reopened<T>(make: (frames: FrameTable) => T, ledger?: FrameLedger) {
  const memory = { buffer: new ArrayBuffer(1100 * 4096) };
  const before = FrameTable.create({ memory });
  createBuddy(before);
  const made = make(before);
  const copy = { buffer: memory.buffer.slice(0) };
  const frames = openTable(saveTable(before), { memory: copy }, ledger ? { ledger } : {});
  frames.bind(unitMeta);
  return { made, frames, allocator: createBuddy(frames) };
}

function mapped(frames: FrameTable): number {
  const table = PageTable.create(frames, config);
  const cursor = table.cursorMut(VA, 4);
  for (let i = 0; i < 4; i += 1) cursor.map(allocFrame(frames, unitMeta, {}), PROP);
  cursor.close();
  return table.rootPfn;
}

test("an adopted table has the handle on its root that was saved, and leaves nothing behind", () => {
  const { made: root, frames, allocator } = reopened(mapped);
  const table = adoptTable(frames, config, root);
  expect(frames.slots.countOf(root)).toBe(1);
  expect(checkInvariants(table)).toEqual([]);
  expect(table.unmapRange(VA, 4)).toBe(4);
  table.cleanUp();
  expect(allocator.stats().taken).toBe(1);
  table.drop();
  expect(allocator.stats().taken).toBe(0);
});

test("one that is dropped at once takes its mappings with it", () => {
  const { made: root, frames, allocator } = reopened(mapped);
  adoptTable(frames, config, root).drop();
  expect(allocator.stats().taken).toBe(0);
});

test.each([
  ["a user's table takes the handle on the kernel's root, too", riscvFormat()],
  ["where the kernel has a root of its own there was none", aarch64Format()],
])("%s", (_, format) => {
  const upper = kernelConfig(format);
  const lower = userConfig(format);
  const { made, frames, allocator } = reopened((before) => {
    const kernel = PageTable.create(before, upper);
    return [kernel.rootPfn, kernel.createUser(lower).rootPfn] as const;
  });
  const kernel = adoptTable(frames, upper, made[0]);
  const user = adoptTable(frames, lower, made[1], kernel);
  expect([kernel, user].map(({ rootPfn }) => frames.slots.countOf(rootPfn))).toEqual([2, 1]);
  user.drop();
  kernel.drop();
  expect(allocator.stats().taken).toBe(0);
});

test("a ledger knows the handle, which was a raw one", () => {
  const ledger = new FrameLedger({ frames: 1100 });
  const { made: root, frames } = reopened(
    (before) => PageTable.create(before, config).rootPfn,
    ledger,
  );
  const table = adoptTable(frames, config, root);
  table.drop();
  expect(ledger.report()).toEqual([]);
});

test("what is no root is not adopted, and keeps its count", () => {
  const { made: root, frames } = reopened(mapped);
  const table = adoptTable(frames, config, root);
  const { pfn } = table.translate(VA)!;
  for (const [of, code] of [
    [pfn, "not-a-table"],
    [1000, "unused"],
  ] as const) {
    expect(() => adoptTable(frames, config, of)).toThrow(expect.objectContaining({ code }));
  }
  expect(frames.slots.countOf(pfn)).toBe(1);
  // An attached one has a handle more, as in an agent that works beside the one that made it.
  const attached = attachTable(frames, config, root);
  table.drop();
  expect(attached.translate(VA)?.pfn).toBe(pfn);
  const frame = Frame.fromInUse(frames, pfn * 4096);
  attached.drop();
  expect(frame.referenceCount).toBe(1);
});
