/** Two agents, one of which dies with a cursor open: the other waits for it, and is the only one left to reap it (PT-53). */

import { FrameTable } from "@memkit/frame-meta";
import { pinnedAgents, reap } from "@memkit/frame-meta/agents";
import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import {
  ACCESSED,
  EXECUTE,
  pageProperty,
  READ,
  USER,
  userConfig,
  x86Format,
} from "@memkit/page-table/format";
import { mmuOf } from "@memkit/page-table/mmu";
import { checkInvariants } from "@memkit/page-table/model";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { describe, expect, test, vi } from "vitest";

const RO = pageProperty(READ | USER);
const FIRST = 0x40_0000;

/** A table with two leaf tables, and a cursor on pages of one of them whose agent will not come back. */
function abandoned(onWait: (frames: FrameTable, calls: number) => void) {
  const memory = { buffer: new SharedArrayBuffer(1024 * 4096) };
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
  const cursor = dead.cursorMut(FIRST + 512 * 4096, 16);
  return { frames, table, waits, cursor };
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

const CHANGED = FIRST + 512 * 4096;

/** {@link abandoned}, by an agent that died while it changed the first page of its range: the version of the node is odd. */
function halfDone(onWait: (frames: FrameTable, calls: number) => void) {
  const rig = abandoned(onWait);
  const exchange = vi.spyOn(Atomics, "compareExchange").mockImplementation(() => {
    throw new Error("here it dies");
  });
  try {
    expect(() => rig.cursor.protectNext(1, EXECUTE, 0)).toThrow("here it dies");
  } finally {
    exchange.mockRestore();
  }
  return rig;
}

const looks: Readonly<Record<string, (table: PageTable) => unknown>> = {
  translate: (table) => table.translate(CHANGED)?.pfn,
  "translate of a page beside it": (table) => (table.translate(CHANGED + 4096)?.pfn ?? 0) - 1,
  "mmuOf, translating": (table) => {
    const mmu = mmuOf(table);
    return mmu.translate(CHANGED) && mmu.pfn;
  },
  "mmuOf, for an access": (table) => {
    const access = mmuOf(table).access(CHANGED, 4, { kind: "read", mode: "user" });
    return access.kind === "memory" && access.parts[0]?.pfn;
  },
  "mmuOf, for an access to two pages": (table) => {
    const access = mmuOf(table).access(CHANGED - 2, 4, { kind: "read", mode: "user" });
    expect((table.translate(CHANGED - 1)?.prop ?? 0) & ACCESSED).toBe(ACCESSED);
    return access.kind === "memory" && access.parts[1]?.pfn;
  },
  "mmuOf, step by step": (table) => {
    const steps = mmuOf(table).steps(0, CHANGED);
    expect(steps.map(({ level }) => level)).toEqual([4, 3, 2, 1]);
    return (steps[3]?.lo ?? 0) >>> 12;
  },
};

describe.each(Object.entries(looks))(
  "%s, which meets a change that will not be done",
  (_, look) => {
    test("goes on when onWait has reaped the dead agent", () => {
      const { frames, table, waits } = halfDone((mine, calls) => {
        if (calls === 3) expect(reap(mine, [1]).error).toBeUndefined();
      });
      expect(look(table)).toBe(512);
      expect(waits.calls).toBe(3);
      expect(look(table)).toBe(512);
      expect([waits.calls, pinnedAgents(frames.slots)]).toEqual([3, []]);
      expect(checkInvariants(table)).toEqual([]);
    });

    test("is given up where onWait throws: nobody waits for this agent then", () => {
      const { frames, table, waits } = halfDone(() => {
        throw new Error("no longer");
      });
      for (let i = 1; i <= 2; i += 1) {
        expect(() => look(table)).toThrow("no longer");
        expect([waits.calls, pinnedAgents(frames.slots)]).toEqual([i, []]);
      }
      reap(frames, [1]);
      expect(look(table)).toBe(512);
    });

    test("is not pinned while onWait is called", () => {
      let pinned: unknown;
      const { table } = halfDone((mine) => {
        pinned = pinnedAgents(mine.slots);
        reap(mine, [1]);
      });
      expect(look(table)).toBe(512);
      expect(pinned).toEqual([]);
    });
  },
);

test("a unit of mmuOf that waits does not walk for onWait: it is not pinned", () => {
  const pinned: unknown[] = [];
  const { frames, table } = halfDone((mine) => {
    expect(() => mmu.walk(0, FIRST)).toThrow(expect.objectContaining({ code: "walker-busy" }));
    expect(() => mmu.steps(0, FIRST)).toThrow(expect.objectContaining({ code: "walker-busy" }));
    pinned.push(pinnedAgents(mine.slots)); // another reader is pinned by itself
    expect(table.translate(FIRST)?.pfn).toBe(0);
    reap(mine, [1]);
  });
  const mmu = mmuOf(table);
  expect(mmu.translate(CHANGED)).toBe(true);
  expect([pinned, pinnedAgents(frames.slots)]).toEqual([[[]], []]);
});
