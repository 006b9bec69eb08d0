// Pages of a leaf table that no other thread of the crew touches, of one page table: mapped and unmapped by a cursor each time.
import { FrameTable } from "@memkit/frame-meta";
import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { pageProperty, READ, USER, userConfig, WRITE, x86Format } from "@memkit/page-table/format";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";

const PAGES = 512;
export const ops = 2 * PAGES;

const config = userConfig(x86Format(), "untracked");

/** The table that all have, or without data one that nobody else has. */
const tableOf = (data, member) => {
  if (data === undefined) {
    const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
    const frames = FrameTable.create({ memory, mode: "shared" }, { agent: member });
    createBuddy(frames);
    shareTables(frames);
    return PageTable.create(frames, config);
  }
  const { buffer, memory, allocBuffer, root } = data;
  const frames = FrameTable.attach({ buffer, memory }, { agent: member });
  attachBuddy(frames, { buffer: allocBuffer });
  shareTables(frames);
  return attachTable(frames, config, root);
};

export const make = (data, member) => {
  const table = tableOf(data, member);
  const prop = pageProperty(READ | WRITE | USER);
  const start = 0x40_0000 + member * PAGES * 4096;
  return () => {
    const cursor = table.cursorMut(start, PAGES - 1); // a whole entry would be the node's above, which all share
    for (let i = 0; i < PAGES - 1; i += 1) cursor.mapPfn(i, prop);
    cursor.jump(start);
    let sum = 0;
    for (let i = 0; i < PAGES - 1; i += 1) sum += cursor.unmapNext();
    cursor.close();
    return sum;
  };
};
