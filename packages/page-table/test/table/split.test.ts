/** PT-56: a page of a huge one is mapped all the time, while another agent splits it: who walks finds it, wherever the split falls. */

import { FrameTable } from "@memkit/frame-meta";
import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { pageProperty, READ, USER, userConfig, x86Format } from "@memkit/page-table/format";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { expect, test } from "vitest";
import { interrupted } from "../support/interrupted.js";

const config = userConfig(x86Format(), "untracked");

test("translate of another page, at each of its accesses", () => {
  const memory = { buffer: new SharedArrayBuffer(128 * 4096) };
  const mine = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const allocator = createBuddy(mine);
  const theirs = FrameTable.attach({ memory, buffer: mine.buffer }, { agent: 1 });
  attachBuddy(theirs, { buffer: allocator.buffer });
  for (const frames of [mine, theirs]) shareTables(frames);
  const table = PageTable.create(mine, config);
  const same = attachTable(theirs, config, table.rootPfn);
  for (let nth = 0; ; nth += 1) {
    const va = nth * 2 ** 21;
    table.mapRange(va, 512, 512, pageProperty(READ | USER));
    let found: number | undefined;
    const split = (): void => void same.unmapRange(va + 3 * 4096, 1);
    const more = interrupted(nth, split, () => {
      found = table.translate(va + 5 * 4096)?.pfn;
    });
    expect([nth, found]).toEqual([nth, 517]);
    if (!more) break;
    expect(nth).toBeLessThan(64);
  }
});
