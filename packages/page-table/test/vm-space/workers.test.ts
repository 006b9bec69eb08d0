/** PT-13 PT-14 PT-44 PT-58 PT-59 PT-60 with real workers; `npm run soak --prefix packages/page-table` goes on for longer. */

import { once } from "node:events";
import { allocFrame } from "@memkit/frame-meta/alloc";
import { pageProperty, READ, USER, WRITE } from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/vm-space";
import { expect, it } from "vitest";
import { pageMeta } from "../support/space.js";
import { machine, vmSoak } from "./workers.js";

const RW = pageProperty(READ | WRITE | USER);

it("two processors find no frame of another page, and lose no dirty bit", async () => {
  expect(await vmSoak(150, 64)).toBe(300);
}, 60_000);

it("one that dies owes no answer any more when it is reaped, and keeps no lock", async () => {
  const { frames, start, space, allocator, table } = machine(true);
  const mine = space();
  const { cpu } = mine;
  const taken = allocator.stats().taken;
  mine.map(3 * 4096, allocFrame(frames, pageMeta, {}), RW);
  mine.map(512 * 4096, allocFrame(frames, pageMeta, {}), RW);
  const pfn = mine.table.translate(3 * 4096)!.pfn;
  const worker = start(0, {});
  try {
    await once(worker, "message");
  } finally {
    await worker.terminate();
  }
  const { slots } = frames;
  // What it has translated is kept for it, and it will never say that it has flushed.
  cpu.flusher.issue(0, 3 * 4096, 1, 1);
  cpu.flusher.keep({ drop: () => undefined });
  cpu.flusher.dispatch();
  expect(cpu.flusher.collect()).toBe(false);
  // Who lives is not dead, and stays in the log.
  expect(() => cpu.reap([frames.agent!.id])).toThrow(
    expect.objectContaining({ code: "no-such-agent" }),
  );
  expect(() => space()).toThrow(expect.objectContaining({ code: "invalid-tlb", option: "agent" }));
  expect(cpu.reap([0]).error).toBeUndefined();
  expect(cpu.flusher.collect()).toBe(true);
  expect(slots.countOf(pfn)).toBe(1);
  expect(mine.unmap(0, 1024)).toBe(1); // its lock is nobody's now
  expect(slots.load(slots.countIndexOf(pfn))).toBe(-1);
  expect(checkInvariants(mine)).toEqual([]);
  table.cleanUp();
  table.collect();
  expect(allocator.stats().taken).toBeLessThanOrEqual(taken);
}, 60_000);
