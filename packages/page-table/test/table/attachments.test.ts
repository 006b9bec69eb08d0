/** One root, several tables of it in one agent: what each may do to the others, and what is no table of that root. */

import { MemkitError } from "@memkit/core";
import type { PageTableConfig } from "@memkit/page-table/format";
import { pageProperty, READ, USER, userConfig, WRITE, x86Format } from "@memkit/page-table/format";
import { PageTable } from "@memkit/page-table/table";
import { describe, expect, test } from "vitest";
import { MODES, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const VA = 0x4000_0000;
const config: PageTableConfig = userConfig(x86Format());

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MemkitError) return error.code;
    throw error;
  }
  return "nothing";
}

describe.each(MODES)("in mode %s", (mode) => {
  const attached = (pages = 64) => {
    const space = new Space(pages, { mode });
    const table = PageTable.create(space.frames, config);
    return { space, table, again: PageTable.attach(space.frames, config, table.rootPfn) };
  };

  test("a cursor on one table keeps those on the others away", () => {
    const { space, table, again } = attached();
    const cursor = table.cursorMut(VA, 512);
    cursor.mapPfn(7, RW);
    for (const overlapping of [
      () => again.cursor(VA + 0x1000, 1),
      () => again.cursorMut(VA - 0x1000, 2),
      () => again.unmapRange(VA, 512),
      () => again.cleanUp(),
    ]) {
      expect(code(overlapping)).toBe("cursor-deadlock");
    }
    again.cursorMut(2 * VA, 1).close();
    cursor.mapPfn(8, RW); // its leaf table is still there
    cursor.close();
    expect(again.unmapRange(VA, 512)).toBe(2);
    space.check(table, again);
    for (const one of [table, again]) one.drop();
    space.end();
  });

  test("a table may end while another has a cursor: the root is held for each of them", () => {
    const { space, table, again } = attached();
    const cursor = table.cursorMut(VA, 2);
    cursor.map(space.frame(), RW);
    again.drop();
    expect(code(() => table.drop())).toBe("cursor-deadlock");
    cursor.map(space.frame(), RW);
    cursor.close();
    space.check(table);
    expect(table.unmapRange(VA, 2)).toBe(2);
    table.drop();
    space.end();
  });

  test("a table of another root has the same pages to itself", () => {
    const { space, table, again } = attached();
    const other = PageTable.create(space.frames, config);
    const cursors = [table.cursorMut(VA, 1), other.cursorMut(VA, 1)];
    for (const cursor of cursors) cursor.mapPfn(5, RW);
    for (const cursor of cursors) cursor.close();
    for (const one of [table, again, other]) one.drop();
    space.end();
  });
});
