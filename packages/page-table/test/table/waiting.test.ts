/** Two agents, one of which dies with a cursor open: the other waits for it, and is the only one left to reap it (PT-53). */

import { FrameTable } from "@memkit/frame-meta";
import { reap } from "@memkit/frame-meta/agents";
import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { pageProperty, READ, USER, userConfig, x86Format } from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { describe, expect, test } from "vitest";

const RO = pageProperty(READ | USER);
const FIRST = 0x40_0000;

/** A table with two leaf tables, and a cursor on pages of one of them whose agent will not come back. */
function abandoned(onWait: (frames: FrameTable, calls: number) => void) {
  const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
  const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const allocator = createBuddy(frames);
  const waits = { calls: 0 };
  shareTables(frames, {
    onWait: () => {
      waits.calls += 1;
      onWait(frames, waits.calls);
    },
  });
  const config = userConfig(x86Format());
  const table = PageTable.create(frames, config);
  table.mapRange(FIRST, 1024, 0, RO, 1);
  const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1 });
  attachBuddy(there, { buffer: allocator.buffer });
  shareTables(there);
  const dead = attachTable(there, config, table.rootPfn);
  dead.cursorMut(FIRST + 512 * 4096, 16);
  return { frames, table, waits };
}

const ranges = [
  ["of the same node", FIRST + 512 * 4096, 16],
  ["of nodes above it and below", FIRST, 1024],
] as const;

describe.each(ranges)("a cursor %s", (_, va, pages) => {
  test("is opened when onWait has reaped the dead agent", () => {
    const { table, waits } = abandoned((mine, calls) => {
      if (calls === 3) expect(reap(mine, [1]).error).toBeUndefined();
    });
    expect(table.unmapRange(va, pages)).toBe(pages);
    expect(waits.calls).toBe(3);
    expect(checkInvariants(table)).toEqual([]);
    table.mapRange(va, pages, 0, RO, 1);
    expect(table.unmapRange(va, pages)).toBe(pages);
    expect(waits.calls).toBe(3);
  });

  test("is given up where onWait throws: nothing is locked then", () => {
    const { frames, table } = abandoned(() => {
      throw new Error("no longer");
    });
    expect(() => table.unmapRange(va, pages)).toThrow("no longer");
    expect(table.translate(va)?.level).toBe(1);
    // All that is locked still is the dead agent's.
    expect(table.unmapRange(FIRST, 512)).toBe(512);
    reap(frames, [1]);
    expect(table.unmapRange(FIRST + 512 * 4096, 512)).toBe(512);
    expect(checkInvariants(table)).toEqual([]);
  });
});
