/** PT-60: a processor's memory unit over a table that others change faults nowhere but where an entry says so. */

import { FrameTable } from "@memkit/frame-meta";
import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { explore, formatReport } from "@memkit/interleave"; // before the code under test
import {
  aarch64Format,
  DIRTY,
  EXECUTE,
  kernelConfig,
  pageProperty,
  READ,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { dump, explain } from "@memkit/page-table/inspect";
import { mmuOf } from "@memkit/page-table/mmu";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { Mmu, UR, UW, UX } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";
import { makeExecutable, take } from "../interleave/operations.js";
import { type Op, scenarioOf, shipped } from "../interleave/world.js";
import { interrupted } from "../support/interrupted.js";
import { formats, MODES, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const VA = 0x40_0000;

describe.each(MODES)("%s", (mode) => {
  test.each(formats)("%s: answers as the table does, and sets bits", (_, format) => {
    const space = new Space(64, { mode });
    const table = space.user(format);
    const cursor = table.cursorMut(VA, 4);
    cursor.map(space.frame(), RW);
    cursor.map(space.frame(), pageProperty(READ | USER));
    cursor.close();
    const mmu = mmuOf(table, { settings: { accessedDirty: "update" } });
    const answer = mmu.access(VA + 4092, 8, { kind: "read", mode: "user" });
    const pfns = [0, 1].map((page) => table.translate(VA + page * 4096)?.pfn);
    expect(answer.kind === "memory" && answer.parts.map(({ pfn }) => pfn)).toEqual(pfns);
    expect(mmu.access(VA, 4, { kind: "write", mode: "user" }).kind).toBe("memory");
    if (format.dirty !== 0) expect(table.translate(VA)!.prop & DIRTY).toBe(DIRTY);
    expect(mmu.access(VA + 4096, 4, { kind: "write", mode: "user" }).kind).toBe("fault");
    expect(mmu.access(VA + 8192, 4, { kind: "read", mode: "user" }).kind).toBe("fault");
    expect(mmu.steps(0, VA).length).toBe(format.paging.levels);
    space.check(table);
    table.drop();
    space.end();
  });
});

test.each(MODES)("%s: it ends with its table, or another's half", (mode) => {
  const space = new Space(640, { mode });
  const format = aarch64Format();
  const high = space.table(kernelConfig(format, "untracked"));
  const tables = [space.user(format), space.user(format), space.user(format)] as const;
  for (const table of tables) table.mapRange(VA, 1, 9, RW);
  const [alone, both, moved] = [mmuOf(tables[0]), mmuOf(tables[1], { high }), mmuOf(tables[2])];
  moved.setRoot(tables[1].rootPfn);
  const again = attachTable(space.frames, tables[0].config, tables[0].rootPfn);
  for (const dropped of [tables[0], tables[2], high]) dropped.drop();
  for (const mmu of [alone, both]) {
    for (const walk of [
      () => mmu.translate(VA),
      () => mmu.walk(0, VA),
      () => mmu.access(VA, 1, { kind: "read" }),
      () => mmu.touch(0, VA, 1, 0, mmu.status),
      () => mmu.steps(0, VA),
      () => explain(mmu, VA),
      () => dump(mmu),
    ]) {
      expect(walk).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    }
  }
  for (const make of [() => mmuOf(tables[0]), () => mmuOf(tables[1], { high })]) {
    expect(make).toThrow(expect.objectContaining({ code: "used-after-drop" }));
  }
  // Another table of the root is another matter, and so is who was given another root.
  for (const mmu of [moved, mmuOf(again)]) expect(mmu.translate(VA) && mmu.pfn).toBe(9);
  for (const table of [again, tables[1]]) table.drop();
  space.end();
});

test.each(["single", "shared"] as const)("%s: AArch64's upper half is another table", (mode) => {
  const space = new Space(640, { mode });
  const format = aarch64Format();
  const kernel = space.table(kernelConfig(format, "untracked"));
  const high = 0xffff_8000_0000_0000n;
  kernel.mapRange(high, 1, 9, pageProperty(READ | WRITE));
  const table = space.user(format);
  expect(mmuOf(table).translate(high)).toBe(false);
  const mmu = mmuOf(table, { high: kernel });
  expect([mmu.translate(high + 5n), mmu.pfn, mmu.offset]).toEqual([true, 9, 5]);
  const alone = mmuOf(kernel, { settings: { accessedDirty: "ignore" } });
  expect([alone.translate(high), alone.pfn, alone.translate(0)]).toEqual([true, 9, false]);
  expect(alone.access(0, 4, { kind: "read" }).kind).toBe("fault");
  const elsewhere = new Space(640, { mode }).table(kernelConfig(format, "untracked"));
  for (const [low, wrong] of [
    [table, table],
    [kernel, kernel],
    [table, elsewhere],
  ] as const) {
    expect(() => mmuOf(low, { high: wrong })).toThrow(
      expect.objectContaining({ code: "invalid-setting", setting: "high" }),
    );
  }
});

test("a forged entry is an answer, not an error", () => {
  const space = new Space(64, { mode: "shared" });
  const table = space.user();
  table.mapRange(VA, 1, 9, RW);
  space.words[table.rootPfn * 1024] = (20 << 12) | 7; // frame 20 is no node
  const mmu = mmuOf(table);
  expect(mmu.access(VA, 4, { kind: "read", mode: "user" }).kind).toBe("fault");
  space.words[table.rootPfn * 1024] = (0xfffff << 12) | 7; // and this one no memory
  expect(mmu.access(VA, 4, { kind: "read", mode: "user" }).kind).toBe("outside");
});

/** What another agent does at once, at any of the processor's accesses. */
const CHANGES: Record<string, (table: PageTable) => void> = {
  "a protection of both words": (table) => void table.protectRange(VA, 1, EXECUTE, WRITE),
  "a split": (table) => void table.protectRange(VA + 4096, 1, 0, WRITE),
  "an unmapping of what is around": (table) => void table.unmapRange(0, 2 ** 18),
  "another page in its place": (table) => {
    table.unmapRange(VA, 512);
    table.mapRange(VA, 8, 1, pageProperty(READ | USER | EXECUTE));
  },
};

describe("in the middle of an access", () => {
  test.each(Object.entries(CHANGES))(
    "%s: the bits go to the page that is written",
    (_what, change) => {
      for (let nth = 0; ; nth += 1) {
        const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
        const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
        const allocator = createBuddy(frames);
        const config = userConfig(x86Format(), "untracked");
        shareTables(frames);
        const table = PageTable.create(frames, config);
        table.mapRange(VA, 512, 0, RW);
        const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1 });
        attachBuddy(there, { buffer: allocator.buffer });
        shareTables(there);
        const same = attachTable(there, config, table.rootPfn);
        const mmu = mmuOf(same, { settings: { accessedDirty: "update" } });
        let kind = "";
        const more = interrupted(
          nth,
          () => change(table),
          () => {
            ({ kind } = mmu.access(VA + 8, 4, { kind: "write", mode: "user" }));
          },
        );
        const after = table.translate(VA);
        // What was allowed before the change, or refused after it.
        if (kind === "memory") expect([nth, mmu.pfn]).toEqual([nth, 0]);
        else expect([nth, kind, (after?.prop ?? 0) & WRITE]).toEqual([nth, "fault", 0]);
        if (kind === "memory" && after?.pfn === 0) {
          expect([nth, after.prop & DIRTY]).toEqual([nth, DIRTY]);
        }
        if (!more) break;
        expect(nth).toBeLessThan(200);
      }
    },
  );
});

/** What the user may do, as flags of a property. */
const accessOf = (rights: number): number =>
  ((rights & UR) !== 0 ? READ : 0) |
  ((rights & UW) !== 0 ? WRITE : 0) |
  ((rights & UX) !== 0 ? EXECUTE : 0);

/** What an access comes to, without a bit set: writing them is no race, but the cursor reads its own entries plainly. */
const access = (page: number): Op => ({
  name: `access ${page}`,
  run: ({ table }) => {
    const mmu = mmuOf(table, { settings: { accessedDirty: "ignore" } });
    const answer = mmu.access(page * 4096, 4, { kind: "read", mode: "user" });
    // The scenario's pages are of no memory.
    return answer.kind === "outside" ? [answer.pfn, accessOf(mmu.rights)] : "nothing";
  },
  model: ({ pages }) => pages[page] ?? "nothing",
});

describe("on every interleaving an access finds what was so at one moment:", () => {
  test.each<readonly [string, readonly Op[]]>([
    ["a protection of both words", [makeExecutable(3)]],
    ["its table taken out", [take(0, 1024)]],
  ])("%s", (_, other) => {
    const report = explore(scenarioOf(shipped, { mapped: [3] }, [[access(3)], other]));
    expect(report.failure === undefined, formatReport(report)).toBe(true);
    expect(report.complete).toBe(true);
  });

  test("and a unit that knows the memory alone does not", () => {
    const alone = (page: number): Op => ({
      ...access(page),
      run: ({ table }) => {
        const { frames, rootPfn, config } = table;
        const settings = { accessedDirty: "ignore" } as const;
        const init = { format: config.format, memory: frames.memory, root: rootPfn, settings };
        return new Mmu(init).access(page * 4096, 4, { kind: "read", mode: "user" }).kind;
      },
    });
    const report = explore(scenarioOf(shipped, { mapped: [3] }, [[alone(3)], [makeExecutable(3)]]));
    expect(report.failure?.kind).toBe("race");
  });
});
