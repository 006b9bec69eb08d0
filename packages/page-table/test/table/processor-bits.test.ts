/**
 * PT-59: accessed and dirty bits that a processor sets while a cursor changes the entry are lost nowhere. The processor's access falls
 * at each of the cursor's atomic accesses in turn: that is wherever it can fall, for the cursor reads its own entries plainly.
 */

import type { Frame } from "@memkit/frame-meta";
import { FrameTable } from "@memkit/frame-meta";
import { allocFrame, attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { fork } from "@memkit/page-table/fork";
import {
  ACCESSED,
  aarch64Format,
  DIRTY,
  EXECUTE,
  type PteFormat,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { shareTables } from "@memkit/page-table/shared";
import { type CursorMut, PageTable } from "@memkit/page-table/table";
import { Mmu } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";
import { interrupted } from "../support/interrupted.js";
import { pageMeta } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const VA = 0x40_0000;
/** What a write sets. AArch64 has a dirty bit only in entries with DBM, which ours do not have. */
const bitsOf = (format: PteFormat): number => ACCESSED | (format.dirty === 0 ? 0 : DIRTY);

function world(format: PteFormat, level = 1) {
  const memory = { buffer: new SharedArrayBuffer((level > 1 ? 640 : 64) * 4096) };
  const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const allocator = createBuddy(frames);
  frames.bind(pageMeta);
  shareTables(frames);
  const table = PageTable.create(frames, userConfig(format));
  if (level > 1)
    table.mapRange(VA, 512, 0, RW); // nobody writes to the frames: what is asked is whether it may be
  else {
    const cursor = table.cursorMut(VA, 1);
    cursor.map(allocFrame(frames, pageMeta, {}), RW);
    cursor.close();
  }
  const { pfn } = table.translate(VA)!;
  const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1 });
  attachBuddy(there, { buffer: allocator.buffer });
  const mmu = new Mmu({
    format,
    memory: there.memory,
    root: table.rootPfn,
    settings: { accessedDirty: "update" },
  });
  /** A store of the program's. @returns whether it went to the frame that was mapped at first */
  const write = (): boolean => {
    const answer = mmu.access(VA + 8, 4, { kind: "write", mode: "user" });
    return answer.kind === "memory" && answer.parts[0]?.pfn === pfn;
  };
  return { frames, table, write, pfn };
}

/** What each way to change an entry says that the page was at last. */
const WAYS: Record<string, (cursor: CursorMut, table: PageTable, other: Frame) => number> = {
  "protectNext, one word": (cursor, table) => {
    cursor.protectNext(1, 0, WRITE);
    return table.translate(VA)!.prop;
  },
  "protectNext, both words": (cursor, table) => {
    cursor.protectNext(1, EXECUTE, WRITE);
    return table.translate(VA)!.prop;
  },
  protectRun: (cursor, table) => {
    cursor.protectRun(1, EXECUTE, WRITE);
    return table.translate(VA)!.prop;
  },
  takeNext: (cursor) => {
    const taken = cursor.takeNext(1);
    if (taken?.kind !== "mapped") throw new Error("a page");
    return taken.prop;
  },
  unmapNext: (cursor) => {
    cursor.unmapNext();
    return cursor.prop;
  },
  replace: (cursor, _, other) => cursor.replace(other, pageProperty(READ | USER)).prop,
};

describe.each([
  ["x86-64", x86Format()],
  ["Sv39", riscvFormat({ sv: 39 })],
  ["AArch64", aarch64Format()],
] as const)("%s", (_, format) => {
  const BITS = bitsOf(format);

  // What differs between formats is which bits they are: two of the ways show it.
  const all = format.name === "x86-64";
  const ways = Object.entries(WAYS).filter(
    ([way]) => all || ["takeNext", "protectRun"].includes(way),
  );

  test.each(ways)("%s", (_way, change) => {
    let dirty = 0;
    for (let nth = 0; ; nth += 1) {
      const { frames, table, write } = world(format);
      const cursor = table.cursorMut(VA, 1);
      const other = allocFrame(frames, pageMeta, {});
      let wrote = false;
      let prop = 0;
      const more = interrupted(
        nth,
        () => {
          wrote = write();
        },
        () => {
          prop = change(cursor, table, other);
        },
      );
      cursor.close();
      if (wrote) expect([nth, prop & BITS]).toEqual([nth, BITS]);
      if (wrote) dirty += 1;
      if (!more) break;
      expect(nth).toBeLessThan(200);
    }
    expect(dirty).toBeGreaterThan(0);
  });

  test("a split gives them to every piece", () => {
    let dirty = 0;
    for (let nth = 0; ; nth += 1) {
      const { table, write } = world(format, 2);
      const cursor = table.cursorMut(VA, 512);
      let wrote = false;
      const more = interrupted(
        nth,
        () => {
          wrote = write();
        },
        () => {
          cursor.jump(VA + 4096);
          cursor.protectNext(1, 0, WRITE);
        },
      );
      cursor.close();
      if (wrote) expect([nth, table.translate(VA)!.prop & BITS]).toEqual([nth, BITS]);
      if (wrote) dirty += 1;
      if (!more) break;
      expect(nth).toBeLessThan(2000);
    }
    expect(dirty).toBeGreaterThan(0);
  });

  if (!all) return;
  test("a fork leaves them with the parent", () => {
    let dirty = 0;
    const forked = (nth: number): boolean => {
      const { table } = world(format);
      return interrupted(
        nth,
        () => undefined,
        () => void fork(table),
      );
    };
    let accesses = 0;
    while (forked(accesses)) accesses += 16;
    // The parent's entries are among the last accesses.
    for (let nth = accesses - 48; ; nth += 1) {
      const { table, write } = world(format);
      let wrote = false;
      const more = interrupted(
        nth,
        () => {
          wrote = write();
        },
        () => void fork(table),
      );
      if (wrote) expect([nth, table.translate(VA)!.prop & BITS]).toEqual([nth, BITS]);
      if (wrote) dirty += 1;
      if (!more) break;
    }
    expect(dirty).toBeGreaterThan(0);
  });
});
