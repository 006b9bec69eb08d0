/** Who may lend top tables: PT-39 holds of borrowed entries only while what they lead to stays, and there is nothing more to come. */

import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import {
  aarch64Format,
  type PageTableConfig,
  pageProperty,
  pageTableConfig,
  READ,
  userConfig,
  x86Format,
} from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { attachTable } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { describe, expect, test } from "vitest";

const R = pageProperty(READ);
const x86 = x86Format();

function machine(size = 600) {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(size * 4096) } });
  const allocator = createBuddy(frames);
  return { frames, taken: () => allocator.stats().taken };
}

/** Some of the root's entries. */
const part = (first: number, last: number, stays: boolean, format = x86): PageTableConfig =>
  pageTableConfig({
    name: `${first} to ${last}`,
    format,
    topLevelIndexRange: [first, last],
    topLevelCanUnmap: !stays,
    upperRoot: false,
    items: "untracked",
  });

const invalid = expect.objectContaining({ code: "invalid-argument", argument: "kernel's table" });

describe("a table lends its top tables", () => {
  test("not if they may go: who had borrowed them would go on to whatever is there then", () => {
    const { frames, taken } = machine();
    const lender = PageTable.create(frames, userConfig(x86, "untracked"));
    lender.mapRange(0x1000, 1, 9, R);
    const before = taken();
    expect(() => lender.createUser(part(256, 511, false))).toThrow(invalid);
    expect(() => lender.createUser(part(256, 511, false))).toThrow(/topLevelCanUnmap is false/);
    expect(taken()).toBe(before);
    lender.drop();
    expect(taken()).toBe(0);
  });

  test("nor if some of its entries are another's", () => {
    const { frames, taken } = machine();
    const kernel = PageTable.create(frames, part(256, 259, true));
    const user = kernel.createUser(part(0, 3, true));
    const before = taken();
    expect(() => user.createUser(part(4, 7, false))).toThrow(invalid);
    expect(taken()).toBe(before);
    for (const table of [user, kernel]) table.drop();
    expect(taken()).toBe(0);
  });

  test("but to a table with a root of its own, which borrows nothing", () => {
    const { frames } = machine();
    const format = aarch64Format();
    const upper = pageTableConfig({ ...part(0, 511, false, format), upperRoot: true });
    const user = PageTable.create(frames, upper).createUser(userConfig(format));
    expect(checkInvariants(user)).toEqual([]);
  });

  test("not to a table that is attached, either", () => {
    const { frames } = machine();
    const lender = PageTable.create(frames, part(0, 255, false));
    const other = part(256, 511, false);
    const { rootPfn } = PageTable.create(frames, other); // neither has anything yet
    expect(() => attachTable(frames, other, rootPfn, lender)).toThrow(
      expect.objectContaining({ code: "not-a-table" }),
    );
  });
});

test("whose top tables stay has all of them, whoever made it", () => {
  const { frames, taken } = machine();
  const kernel = PageTable.create(frames, part(256, 259, true));
  const user = kernel.createUser(part(0, 3, true));
  const before = taken();
  user.mapRange(3n << 39n, 1, 9, R); // the tables below the top one, which is there
  expect(taken()).toBe(before + 2);
  expect(checkInvariants(user)).toEqual([]);
  for (const table of [user, kernel]) table.drop();
  expect(taken()).toBe(0);
});

test.each([6, 7, 8])(
  "of %i frames a user with top tables of its own does not come about",
  (size) => {
    const { frames, taken } = machine(size);
    const kernel = PageTable.create(frames, part(256, 259, true)); // a root, four tables
    const before = taken();
    expect(() => kernel.createUser(part(0, 3, true))).toThrow(
      expect.objectContaining({ code: "no-memory" }),
    );
    expect(taken()).toBe(before);
    expect(kernel.root().referenceCount).toBe(2);
  },
);
