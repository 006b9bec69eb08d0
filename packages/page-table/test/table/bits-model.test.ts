/** PT-59 against a model: processors set accessed and dirty bits between a cursor's operations, and every page says so, splits included. */

import {
  ACCESSED,
  DIRTY,
  EXECUTE,
  type PteFormat,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { mmuOf } from "@memkit/page-table/mmu";
import { checkInvariants } from "@memkit/page-table/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Space } from "../support/space.js";

const PAGE = 4096;
const VA = 0x4000_0000;
const PAGES = 1024;

/** A leaf: what it says, and which pages it is for. */
interface Leaf {
  readonly first: number;
  readonly pages: number;
  readonly pfn: number;
  prop: number;
}

/** A table as one leaf for each of its pages; a huge leaf is the same for 512 of them. */
class Model {
  readonly leaves: (Leaf | undefined)[] = Array(PAGES).fill(undefined);

  map(first: number, pages: number, pfn: number, prop: number): void {
    this.leaves.fill({ first, pages, pfn, prop }, first, first + pages);
  }

  /** Makes pages of leaves, all or the first, that are not in the range as a whole. */
  split(start: number, end: number, leaves = this.within(start, end)): void {
    for (const leaf of leaves) {
      if (leaf.first >= start && leaf.first + leaf.pages <= end) continue;
      for (let i = 0; i < leaf.pages; i += 1) {
        this.leaves[leaf.first + i] = {
          ...leaf,
          first: leaf.first + i,
          pages: 1,
          pfn: leaf.pfn + i,
        };
      }
    }
  }

  /** The leaves of a range, and how many pages they are for. */
  within(start: number, end: number): Leaf[] {
    const all = new Set(this.leaves.slice(start, end));
    return [...all].filter((leaf) => leaf !== undefined);
  }
}

const page = fc.nat(PAGES - 1);
const some = fc.oneof(fc.nat(PAGES - 1), fc.constantFrom(0, 1, 511, 512, 513));
const op = fc.oneof(
  fc.record({
    op: fc.constant("map" as const),
    page: some,
    huge: fc.boolean(),
    write: fc.boolean(),
  }),
  fc.record({
    op: fc.constant("unmap" as const),
    page: some,
    pages: fc.integer({ min: 1, max: 600 }),
  }),
  fc.record({
    op: fc.constant("protect" as const),
    page: some,
    pages: fc.integer({ min: 1, max: 600 }),
    set: fc.constantFrom(0, WRITE, EXECUTE),
    clear: fc.constantFrom(0, WRITE, DIRTY, ACCESSED | DIRTY),
  }),
  fc.record({ op: fc.constant("take" as const), page: some, pages: fc.constantFrom(1, 3, 512) }),
  fc.record({ op: fc.constant("touch" as const), page, kind: fc.constantFrom("read", "write") }),
);

test.each<readonly [string, "single" | "shared", PteFormat]>([
  ["x86-64, single", "single", x86Format()],
  ["Sv39, shared", "shared", riscvFormat({ sv: 39 })],
])("%s", (_, mode, format) => {
  fc.assert(
    fc.property(fc.array(op, { maxLength: 30 }), (ops) => {
      const space = new Space(PAGES + 8, { mode, ledger: false });
      const table = space.user(format, "untracked");
      const mmu = mmuOf(table, { settings: { accessedDirty: "update" } });
      const model = new Model();
      const at = (n: number): number => VA + n * PAGE;
      for (const step of ops) {
        const end = Math.min(step.page + ("pages" in step ? step.pages : 1), PAGES);
        if (step.op === "map") {
          const first = step.huge ? step.page - (step.page % 512) : step.page;
          const pages = step.huge ? 512 : 1;
          if (model.within(first, first + pages).length > 0) continue;
          const prop = pageProperty(READ | USER | (step.write ? WRITE : 0));
          table.mapRange(at(first), pages, first, prop);
          model.map(first, pages, first, prop);
        } else if (step.op === "unmap") {
          model.split(step.page, end);
          const pages = model.leaves.slice(step.page, end).filter(Boolean).length;
          expect(table.unmapRange(at(step.page), end - step.page)).toBe(pages);
          model.leaves.fill(undefined, step.page, end);
        } else if (step.op === "protect") {
          model.split(step.page, end);
          const { set, clear } = step;
          table.protectRange(at(step.page), end - step.page, set, clear);
          for (const leaf of model.within(step.page, end)) leaf.prop = (leaf.prop & ~clear) | set;
        } else if (step.op === "take") {
          const cursor = table.cursorMut(at(step.page), end - step.page);
          const taken = cursor.takeNext(end - step.page);
          cursor.close();
          const first = model.leaves.findIndex((leaf, n) => n >= step.page && n < end && leaf);
          if (first < 0) expect(taken).toBeUndefined();
          else if (taken?.kind === "stray") {
            expect([taken.va, taken.pages]).toEqual([BigInt(at(first - (first % 512))), 512]);
            taken.drop();
            model.leaves.fill(undefined, first - (first % 512), first - (first % 512) + 512);
          } else {
            model.split(first, end, [model.leaves[first]!]);
            const leaf = model.leaves[first]!;
            expect([taken?.prop, taken?.pages, taken?.pfn]).toEqual([
              leaf.prop,
              leaf.pages,
              leaf.pfn,
            ]);
            model.leaves.fill(undefined, first, first + leaf.pages);
          }
        } else {
          const leaf = model.leaves[step.page];
          const write = step.kind === "write";
          const may = leaf !== undefined && (!write || (leaf.prop & WRITE) !== 0);
          const access = { kind: write ? "write" : "read", mode: "user" } as const;
          expect(mmu.access(at(step.page) + 8, 4, access).kind).toBe(may ? "memory" : "fault");
          if (may) leaf.prop |= write ? ACCESSED | DIRTY : ACCESSED;
        }
        for (const n of [step.page, end - 1, 0, 511, 512, PAGES - 1]) {
          const leaf = model.leaves[n];
          const found = table.translate(at(n));
          const want = leaf && [leaf.pfn + n - leaf.first, leaf.pages, leaf.prop];
          expect(found && [found.pfn, 512 ** (found.level - 1), found.prop]).toEqual(want);
        }
      }
      expect(checkInvariants(table)).toEqual([]);
      table.drop();
    }),
    { numRuns: 15 },
  );
});
