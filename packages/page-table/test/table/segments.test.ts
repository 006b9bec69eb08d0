/** PT-31 of huge pages: what is taken out is a segment, whoever has mapped it; what nobody has mapped is none. */

import { FrameTable } from "@memkit/frame-meta";
import { allocSegment, attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { openTable, saveTable } from "@memkit/frame-meta/save";
import { Segment } from "@memkit/frame-meta/segment";
import {
  AVAIL1,
  encodeLeaf,
  pageProperty,
  READ,
  USER,
  userConfig,
  x86Format,
} from "@memkit/page-table/format";
import { adoptTable, attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { expect, test } from "vitest";
import { pageMeta, Space } from "../support/space.js";

const FRAMES = 2048;
const HUGE = 512;
const RO = pageProperty(READ | USER);
const config = userConfig(x86Format());

function mapHuge(table: PageTable): void {
  const metaOf = () => ({});
  const segment = allocSegment(table.frames, HUGE, pageMeta, metaOf, { align: HUGE * 4096 });
  table.mapSegment(0, segment, RO);
}

/** Takes the huge page out, and gives its frames back. */
function takeHuge(table: PageTable): void {
  const cursor = table.cursorMut(0, HUGE);
  const taken = cursor.takeNext(HUGE);
  cursor.close();
  if (taken?.kind !== "mapped") throw new Error("no mapping");
  expect(taken.item).toBeInstanceOf(Segment);
  expect((taken.item as Segment).frames).toBe(HUGE);
  taken.item?.drop();
}

test("one that another agent has mapped, which this one never has", () => {
  const memory = { buffer: new SharedArrayBuffer(FRAMES * 4096) };
  const here = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const allocator = createBuddy(here);
  const there = FrameTable.attach({ memory, buffer: here.buffer }, { agent: 1 });
  attachBuddy(there, { buffer: allocator.buffer });
  for (const frames of [here, there]) {
    frames.bind(pageMeta);
    shareTables(frames);
  }
  const table = PageTable.create(here, config);
  mapHuge(attachTable(there, config, table.rootPfn));
  takeHuge(table);
});

test.each([
  ["adopted", adoptTable],
  ["attached", attachTable],
])("one of a table that was saved, opened and %s", (_, open) => {
  const memory = { buffer: new ArrayBuffer(FRAMES * 4096) };
  const before = FrameTable.create({ memory });
  createBuddy(before);
  const { rootPfn } = PageTable.create(before, config);
  mapHuge(attachTable(before, config, rootPfn));
  const frames = openTable(saveTable(before), { memory: { buffer: memory.buffer.slice(0) } });
  frames.bind(pageMeta);
  createBuddy(frames);
  takeHuge(open(frames, config, rootPfn));
});

test("a huge page that is marked as counted, and that nobody has mapped, stays where it is", () => {
  const space = new Space(FRAMES);
  const table = space.user();
  table.mapRange(0, HUGE, HUGE, RO);
  const [plain, counted] = [RO, RO | AVAIL1].map(
    (prop) => encodeLeaf(x86Format(), HUGE, 2, prop).lo,
  );
  const at = space.words.indexOf(plain!);
  space.words[at] = counted!;
  const cursor = table.cursorMut(0, HUGE);
  expect(() => cursor.takeNext(HUGE)).toThrow(expect.objectContaining({ code: "unfit-item" }));
  expect(cursor.query()).toBe(2);
  cursor.close();
  expect(space.words[at]).toBe(counted);
});
