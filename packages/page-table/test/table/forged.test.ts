/** Tables that somebody has written to, and cursors that are not where they say: each is found out, in time, and ends in a typed error. */

import { MemkitError } from "@memkit/core";
import { FrameTable } from "@memkit/frame-meta";
import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import {
  AVAIL1,
  encodeLeaf,
  kernelConfig,
  type PteFormat,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { Walker } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";
import { formats, Space } from "../support/space.js";

const RO = pageProperty(READ | USER);
const PAGE = 4096;
/** The junk entry's place in its node. */
const INDEX = 5;

const ids = (table: PageTable): string[] => [
  ...new Set(checkInvariants(table).map(({ id }) => id)),
];

/** A table with one page, and the node of `level` above that page. */
function above(format: PteFormat, level: number, items: "tracked" | "untracked" = "tracked") {
  const space = new Space(64, { ledger: false });
  const table = space.user(format, items);
  const cursor = table.cursorMut(0, 1);
  if (items === "tracked") cursor.map(space.frame(), RO);
  else cursor.mapPfn(9, RO);
  cursor.close();
  let node: number = table.rootPfn;
  for (let l = format.paging.levels; l > level; l -= 1) {
    node = space.words[node * 1024]! >>> format.pfnShift;
  }
  /** Makes an entry of the node, and counts it. */
  const forge = ({ lo, hi }: { lo: number; hi: number }): void => {
    space.words.set([lo, hi], node * 1024 + 2 * INDEX);
    const { slots } = space.frames;
    slots.words[slots.wordOf(slots.geometry.slotOf(node), 0)]! += 1;
  };
  return { space, table, node, forge, va: INDEX * 2 ** (12 + 9 * (level - 1)) };
}

describe.each(formats)("%s: a junk leaf of the largest page", (_, format) => {
  const top = format.paging.highestTranslationLevel;
  const size = 2 ** (9 * top - 9);
  const leaf = (pfn: number) => encodeLeaf(format, pfn, top, RO | AVAIL1);

  test("over frames that are memory is found out, once for all of a kind", () => {
    const { table, forge } = above(format, top);
    forge(leaf(0));
    const wrong = checkInvariants(table);
    expect(new Set(wrong.map(({ id }) => id))).toEqual(new Set(["E3"]));
    const kinds = wrong.map(({ what }) => what.replace(/, and so are.*/, ""));
    expect(new Set(kinds)).toEqual(
      new Set([
        "a page-table node is mapped as an item",
        "mapped 2 times and counted 1",
        "mapped 1 times and counted -1",
        "a tracked frame that is no memory",
      ]),
    );
    expect(wrong.length).toBeLessThan(6);
    expect(wrong.at(-1)?.what).toContain(`and so are the next ${size - 64 - 1}`);
  });

  test("over none ends in typed errors: a check, an unmap and a drop", () => {
    const { table, forge, va } = above(format, top);
    forge(leaf(size));
    expect(checkInvariants(table)).toEqual([
      {
        id: "E3",
        va: BigInt(va),
        pfn: size,
        what: `a tracked frame that is no memory, and so are the next ${size - 1}`,
      },
    ]);
    expect(() => table.unmapRange(va, size)).toThrow(
      expect.objectContaining({ code: "release-failed", failed: 1 }),
    );
    expect(checkInvariants(table)).toEqual([]);
    forge(leaf(size));
    let thrown: unknown;
    try {
      table.drop();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(MemkitError);
    expect(thrown).toMatchObject({ code: "drop-failed" });
    expect(JSON.stringify(codesIn(thrown))).toContain("release-failed");
  });
});

/** The codes of an error and of what caused it. */
function codesIn(error: unknown): unknown[] {
  const { code, cause, errors } = error as { code?: string; cause?: unknown; errors?: unknown[] };
  return [code, ...[...(errors ?? []), ...(cause === undefined ? [] : [cause])].map(codesIn)];
}

test("E3: a frame that is mapped more often than it is counted is told from its neighbours", () => {
  const space = new Space(64, { ledger: false });
  const table = space.user();
  const cursor = table.cursorMut(0, 8);
  const held = [0, 1, 2, 3].map(() => space.frame());
  const pfns = held.map(({ paddr }) => paddr / PAGE);
  for (const frame of held) cursor.map(frame, RO);
  for (const frame of [pfns[1]!, pfns[2]!]) cursor.mapPfn(frame, RO);
  cursor.close();
  expect(checkInvariants(table)).toEqual([]);
  // The pages that were not counted say that they are.
  const leaf = space.words.findIndex((word) => word >>> 12 === pfns[0] && (word & 1) === 1);
  for (const at of [leaf + 8, leaf + 10]) space.words[at]! |= 0x400;
  expect(checkInvariants(table).map(({ id, pfn, what }) => [id, pfn, what])).toEqual([
    ["E3", pfns[1], "mapped 2 times and counted 1, and so are the next 1"],
  ]);
});

describe("what a processor calls malformed", () => {
  const svpbmt = riscvFormat({ sv: 48, svpbmt: true });
  const cases: [string, PteFormat, number, bigint, string][] = [
    ["a page of 2 MiB that is not aligned", x86Format(), 2, 0x2081n, "E2"],
    ["a page of 512 GiB, its upper word", riscvFormat({ sv: 48 }), 4, 0x1_0000_0043n, "E2"],
    ["a page of 256 TiB, its upper word", riscvFormat({ sv: 57 }), 5, 0x2000_0000_0043n, "E2"],
    ["bit 57 of a page", riscvFormat(), 1, (1n << 57n) | 0x43n, "E2"],
    ["N of a page", riscvFormat(), 1, (1n << 63n) | 0x43n, "E2"],
    ["a memory type without Svpbmt", riscvFormat({ sv: 48 }), 1, (1n << 61n) | 0x43n, "E2"],
    ["a memory type that there is not", svpbmt, 1, (3n << 61n) | 0x43n, "E1"],
    ["write without read", riscvFormat(), 1, 0x45n, "E1"],
    ["bit 60 of a table", riscvFormat(), 2, (1n << 60n) | 1n, "E1"],
    ["an accessed table", riscvFormat(), 2, 0x41n, "E1"],
  ];

  test.each(cases)("%s is found out", (_, format, level, word, id) => {
    const { space, table, node, forge, va } = above(format, level, "untracked");
    const table2 = id === "E1" && level === 2;
    // A table entry leads somewhere that is a table: a second way to the page's own.
    const child = table2 ? BigInt(space.words[node * 1024]! >>> 10) << 10n : 0n;
    const entry = word | child;
    forge({ lo: Number(entry & 0xffff_ffffn) | 0, hi: Number(entry >> 32n) | 0 });
    const { memory } = space.frames;
    const walker = new Walker({ format, memory, root: table.rootPfn });
    expect(walker.translate(va)).toBe(false);
    expect(checkInvariants(table).map((wrong) => [wrong.id, wrong.va])).toContainEqual([
      id,
      BigInt(va),
    ]);
  });

  test.each(formats)(
    "%s: a page that nobody may use is well formed at every level",
    (_, format) => {
      for (let level = 1; level <= format.paging.highestTranslationLevel; level += 1) {
        const space = new Space(64, { ledger: false });
        const table = space.user(format, "untracked");
        const size = 2 ** (9 * level - 9);
        for (const prop of [USER, RO]) {
          if (!format.supports(prop, level)) continue;
          table.mapRange(0, size, size, pageProperty(prop));
          expect(checkInvariants(table)).toEqual([]);
          table.unmapRange(0, size);
        }
      }
    },
  );
});

describe("E4: a kernel's half", () => {
  function pair() {
    const space = new Space(600, { ledger: false });
    const kernel = space.table(kernelConfig(x86Format()));
    const user = kernel.createUser(userConfig(x86Format()));
    const at = (index: number) => user.rootPfn * 1024 + 2 * index;
    return { space, user, at, kernel };
  }

  test("that lacks a table is found out", () => {
    const { space, user, at, kernel } = pair();
    expect(checkInvariants(user)).toEqual([]);
    const missing = space.words[at(300)]! >>> 12;
    space.words.fill(0, at(300), at(301));
    const va = 0xffff_0000_0000_0000n + (300n << 39n);
    expect(checkInvariants(user)).toEqual([
      { id: "E4", va, pfn: missing, what: "a table of the shared root is missing" },
    ]);
    expect(checkInvariants(kernel)).toEqual([]);
  });

  test("that another table stands in, or that is the user's to read, is found out", () => {
    const { space, user, at } = pair();
    space.words.copyWithin(at(400), at(401), at(402));
    space.words[at(402)]! &= ~4;
    space.words[at(403)]! |= 0x20; // a processor went through
    const tables = [400n, 402n].map((index) => 0xffff_0000_0000_0000n + (index << 39n));
    expect(checkInvariants(user).map(({ id, va }) => [id, va])).toEqual(
      tables.map((va) => ["E4", va]),
    );
  });

  test("of a root that is none any more is no raw error", () => {
    const { space, user } = pair();
    const { slots } = space.frames;
    slots.words[slots.wordOf(slots.geometry.slotOf(user.rootPfn), 11)] = 1;
    expect(ids(user)).toEqual(["E1"]);
  });
});

describe("C1: a cursor", () => {
  function opened(mode: "single" | "shared") {
    const memory = {
      buffer: new (mode === "single" ? ArrayBuffer : SharedArrayBuffer)(64 * PAGE),
    };
    const frames =
      mode === "single"
        ? FrameTable.create({ memory })
        : FrameTable.create({ memory, mode }, { agent: 0 });
    const allocator = createBuddy(frames);
    shareTables(frames);
    const config = userConfig(x86Format(), "untracked");
    const table = PageTable.create(frames, config);
    table.mapRange(0, 600, 7, RO);
    const cursor = table.cursorMut(0, 600);
    const other = table.cursorMut(2 ** 31, 8);
    cursor.jump(0x20_0000);
    expect(cursor.query()).toBe(1);
    expect(checkInvariants(table)).toEqual([]);
    const { slots } = frames;
    const lockOf = (pfn: number) => slots.wordOf(slots.geometry.slotOf(pfn), 1);
    return { memory, frames, allocator, config, table, cursor, other, words: slots.words, lockOf };
  }
  const said = (table: PageTable) =>
    checkInvariants(table).map(({ id, what }) => {
      expect(id).toBe("C1");
      return what;
    });

  test.each(["single", "shared"] as const)("%s: that has no lock is found out", (mode) => {
    const { table, cursor, words, lockOf } = opened(mode);
    words[lockOf(cursor.guardPfn)] = 0;
    expect(said(table)).toContain("the node that covers a cursor is not locked");
  });

  test("whose node was taken out by somebody is found out", () => {
    const { table, cursor, words, lockOf } = opened("single");
    words[lockOf(cursor.guardPfn)] = -1;
    expect(said(table)).toEqual(["the node that covers a cursor is not locked"]);
  });

  test("whose nodes are another agent's is found out", () => {
    const { frames, memory, allocator, config, table, cursor, words, lockOf } = opened("shared");
    const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1 });
    attachBuddy(there, { buffer: allocator.buffer });
    shareTables(there);
    const theirs = attachTable(there, config, table.rootPfn).cursorMut(2 ** 32, 8);
    const mark = words[lockOf(theirs.guardPfn)]!;
    expect(mark).toBeGreaterThan(0);
    const below = [...cursor.locked].find((pfn) => pfn !== cursor.guardPfn)!;
    words[lockOf(below)] = mark;
    const what = "a node that a cursor has locked is another agent's";
    expect(said(table)).toEqual([what]);
    words[lockOf(cursor.guardPfn)] = mark;
    expect(said(table)).toEqual([what, what]);
    words[lockOf(cursor.guardPfn)] = words[lockOf(below)] = 1;
    cursor.locked.delete(cursor.guardPfn);
    expect(said(table)).toEqual(["a cursor has not locked the node that covers it"]);
  });

  test("below another node is found out", () => {
    const { table, cursor, other } = opened("shared");
    const { guardPfn, guardLevel } = cursor;
    cursor.guardPfn = other.guardPfn;
    cursor.guardLevel = other.guardLevel;
    expect(said(table)).toEqual(["the node that covers a cursor is not the one above its range"]);
    cursor.guardPfn = guardPfn;
    cursor.guardLevel = guardLevel;
    expect(said(table)).toEqual([]);
  });

  test("below a node that does not cover its range is found out", () => {
    const { table, cursor, words, lockOf } = opened("single");
    // The leaf table of its first page: the range goes on behind it.
    const upper = words.length > 0 ? cursor.guardPfn : 0;
    const first = table.frames.memory.banks[0]!.views.liveU8;
    const entry = new Int32Array(first.buffer)[upper * 1024]!;
    cursor.guardPfn = entry >>> 12;
    cursor.guardLevel = 1;
    words[lockOf(cursor.guardPfn)] = 1;
    expect(said(table)).toEqual(["the node that covers a cursor is not the one above its range"]);
  });

  test("in a table that has been exchanged for another is found out", () => {
    const { table, cursor, memory } = opened("single");
    const words = new Int32Array(memory.buffer);
    const upper = cursor.guardPfn * 1024;
    // Its two leaf tables change places.
    const [first, second] = [words[upper]!, words[upper + 2]!];
    words[upper] = second;
    words[upper + 2] = first;
    expect(said(table)).toContain("a cursor is in a node that is not on the way to its page");
  });

  test("above the node that covers it is found out", () => {
    const { table, cursor } = opened("single");
    Object.defineProperty(cursor, "atHand", { value: { level: 3, meta: 0 } });
    expect(said(table)).toEqual(["a cursor is in a node above the one that covers it"]);
  });

  test("that has a page of another's, or is out of its range, is found out", () => {
    const { table, cursor, other } = opened("single");
    Object.assign(other, { startPage: 599 });
    expect(said(table)).toContain("two cursors overlap");
    Object.assign(other, { startPage: 2 ** 19 });
    Object.assign(cursor, { startPage: 513 });
    expect(said(table)).toContain("a cursor is outside of its range");
  });
});

/** What the rights of a page say has nothing to do with where it is. */
test("a table whose pages are all kinds of things has nothing wrong", () => {
  const space = new Space(64, { ledger: false });
  const table = space.user(x86Format(), "untracked");
  table.mapRange(0, 600, 0, pageProperty(READ | WRITE, "uncacheable"));
  table.mapRange(2 ** 30, 2 ** 18, 0, pageProperty(READ));
  expect(checkInvariants(table)).toEqual([]);
});
