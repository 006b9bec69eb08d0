/** PT-59: what a processor sets in a page's entry while a cursor unmaps one page after the other is not lost: the quick way of `unmapNext`. */

import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import {
  ACCESSED,
  DIRTY,
  pageProperty,
  READ,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { Mmu } from "@memkit/page-table/walk";
import { expect, it } from "vitest";
import { interrupted } from "../support/interrupted.js";

const VA = 0x40_0000;
const BITS = ACCESSED | DIRTY;

/** The second page of two is unmapped; the processor writes to it before the nth access. @returns whether there is one */
function unmapWrittenBefore(nth: number): boolean {
  const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
  const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  createBuddy(frames);
  const format = x86Format();
  shareTables(frames);
  const table = PageTable.create(frames, userConfig(format, "untracked"));
  table.mapRange(VA, 2, 8, pageProperty(READ | WRITE | USER));
  const settings = { accessedDirty: "update" } as const;
  const mmu = new Mmu({ format, memory: frames.memory, root: table.rootPfn, settings });
  const cursor = table.cursorMut(VA, 2);
  cursor.unmapNext();
  let wrote = false;
  const write = (): void => {
    wrote = mmu.access(VA + 4096, 4, { kind: "write", mode: "user" }).kind === "memory";
  };
  const more = interrupted(nth, write, () => cursor.unmapNext());
  cursor.close();
  expect([cursor.pfn, cursor.prop & BITS]).toEqual([9, wrote ? BITS : 0]);
  return more && wrote;
}

it("what it says of a page is what was in the entry at the last", () => {
  let written = 0;
  while (unmapWrittenBefore(written)) written += 1;
  expect(written).toBeGreaterThan(0);
});
