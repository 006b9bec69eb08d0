/** What an agent that died in the middle of a change has left, where it matters to tracked frames (PT-57, PT-58). */

import { FrameTable } from "@memkit/frame-meta";
import { reap } from "@memkit/frame-meta/agents";
import { allocSegment, attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { pageProperty, READ, USER, userConfig, WRITE, x86Format } from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { type CursorMut, PageTable } from "@memkit/page-table/table";
import { expect, test } from "vitest";
import { pageMeta } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const PAGES = 512;

/** A huge page, and an agent that has a cursor on it. */
function mapped() {
  const memory = { buffer: new SharedArrayBuffer(3 * PAGES * 4096) };
  const mine = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const allocator = createBuddy(mine);
  const theirs = FrameTable.attach({ memory, buffer: mine.buffer }, { agent: 1 });
  attachBuddy(theirs, { buffer: allocator.buffer });
  mine.bind(pageMeta);
  theirs.bind(pageMeta);
  const config = userConfig(x86Format());
  for (const frames of [mine, theirs]) shareTables(frames);
  const table = PageTable.create(mine, config);
  const align = PAGES * 4096;
  table.mapSegment(
    0,
    allocSegment(mine, PAGES, pageMeta, () => ({}), { align }),
    RW,
  );
  const cursor = attachTable(theirs, config, table.rootPfn).cursorMut(0, PAGES);
  return { mine, table, cursor };
}

/** The agent stops where it calls `method` of its store. */
function dieAt(cursor: CursorMut, method: "relink" | "setChildren"): void {
  const { store } = cursor.table;
  Object.assign(store, {
    [method]: () => {
      throw new Error("here it dies");
    },
  });
  expect(() => cursor.unmapNext(1)).toThrow("here it dies");
}

test.each(["relink", "setChildren"] as const)(
  "who dies while it splits a huge page, at %s, lets go of no frame that is mapped",
  (method) => {
    const { mine, table, cursor } = mapped();
    dieAt(cursor, method);
    expect(reap(mine, [1]).error).toBeUndefined();
    expect(checkInvariants(table)).toEqual([]);
    const found = table.translate(0)!;
    expect(found.level).toBe(method === "relink" ? 2 : 1);
    for (let page = 0; page < PAGES; page += 1) {
      expect(mine.slots.countOf(found.pfn + page)).toBe(1);
    }
    expect(table.unmapRange(0, PAGES)).toBe(PAGES);
    expect(mine.slots.countOf(found.pfn)).toBe(-1);
  },
);
