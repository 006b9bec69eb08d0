/** PT-50 at the edges of a range: what lies behind its end is another agent's, or nothing at all. */

import { FrameTable } from "@memkit/frame-meta";
import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import {
  EXECUTE,
  kernelConfig,
  pageProperty,
  pageTableConfig,
  READ,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { expect, test } from "vitest";
import { interrupted } from "../support/interrupted.js";
import { formats, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE);
const PAGE = 4096;
const GIB = 2 ** 30;

test.each(formats)("%s: the last pages that there are, over the root's last entry", (_, format) => {
  const space = new Space(64, { ledger: false });
  const config = pageTableConfig({
    ...kernelConfig(format, "untracked"),
    name: "last",
    topLevelIndexRange: [511, 511],
    topLevelCanUnmap: true,
  });
  const table = space.table(config);
  const last = 2n ** 64n - 512n * 4096n;
  table.mapRange(last, 512, 512, RW);
  // What is in the frame behind the root's is no entry of the root.
  const behind = (table.rootPfn + 1) * 1024;
  const entry = space.words.slice(behind, behind + 2);
  space.words.fill(-1, behind, behind + 2);
  expect(table.protectRange(last + 4096n, 511, EXECUTE, WRITE)).toBe(511);
  expect(table.translate(last)?.prop).toBe(RW);
  expect(table.translate(last + 511n * 4096n)?.prop).toBe(pageProperty(READ | EXECUTE));
  expect(table.unmapRange(last, 512)).toBe(512);
  space.words.set(entry, behind);
  expect(checkInvariants(table)).toEqual([]);
  table.drop();
});

test.each<readonly [string, (table: PageTable) => unknown]>([
  ["unmapRange", (table) => table.unmapRange(0, GIB / PAGE)],
  ["protectRange", (table) => table.protectRange(0, GIB / PAGE, 0, WRITE)],
  ["cleanUp", (table) => table.cleanUp(0, GIB / PAGE)],
])("%s reads no table behind the range, which another agent frees", (_, change) => {
  for (let nth = 0; ; nth += 1) {
    const memory = { buffer: new SharedArrayBuffer(64 * PAGE) };
    const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
    const allocator = createBuddy(frames);
    const config = userConfig(x86Format(), "untracked");
    shareTables(frames);
    const table = PageTable.create(frames, config);
    const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1 });
    attachBuddy(there, { buffer: allocator.buffer });
    shareTables(there);
    const same = attachTable(there, config, table.rootPfn);
    table.mapRange(0, 1, 7, RW | USER);
    table.mapRange(GIB, 1, 7, RW | USER);
    const more = interrupted(
      nth,
      () => expect(same.unmapRange(GIB, 512)).toBe(1),
      () => change(table),
    );
    expect(checkInvariants(table)).toEqual([]);
    if (!more) break;
    expect(nth).toBeLessThan(400);
  }
});
