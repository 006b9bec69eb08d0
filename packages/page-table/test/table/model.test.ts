/**
 * Cursors and ranges against a Map of pages, step by step: after each step every page is looked at, and every invariant
 * (PT-31, PT-32, PT-33, PT-34, PT-35, PT-36, PT-37, PT-38, PT-40).
 */

import { MemkitError } from "@memkit/core";
import type { Frame } from "@memkit/frame-meta";
import { fork, handleFault } from "@memkit/page-table/fork";
import {
  AVAIL2,
  aarch64Format,
  EXECUTE,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import type { CursorMut, PageTable } from "@memkit/page-table/table";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { madeUp } from "../support/made-up.js";
import { MODES, Space } from "../support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const RX = pageProperty(READ | EXECUTE | USER);

/** Pages that the histories play on: the middle of three leaf tables' worth. */
const FIRST = 256;
const PAGES = 1280;
const BASE = 0x4000_0000 / 4096;

interface Mapped {
  pfn: number;
  prop: number;
  tracked: boolean;
}
type Model = Map<number, Mapped>;

interface World {
  readonly space: Space;
  table: PageTable;
  model: Model;
}

const code = (run: () => unknown): string => {
  try {
    run();
    return "";
  } catch (error) {
    if (error instanceof MemkitError) return error.code;
    throw error;
  }
};

const vaOf = (page: number): number => (BASE + page) * 4096;

function anyIn(model: Model, page: number, pages: number): boolean {
  for (let i = page; i < page + pages; i += 1) if (model.has(i)) return true;
  return false;
}

/** What the table says, read by one cursor from end to end. */
function contents(table: PageTable): Model {
  const model: Model = new Map();
  const cursor = table.cursor(vaOf(0), 4 * 512);
  while (!cursor.atEnd && cursor.findNext(cursor.remaining) > 0) {
    const { pfn, prop, tracked } = cursor;
    const page = cursor.vpn - BASE;
    const into = pfn % cursor.foundPages;
    for (let i = 0; i < cursor.foundPages - into; i += 1) {
      model.set(page + i, { pfn: pfn + i, prop, tracked });
    }
    cursor.moveForward();
  }
  cursor.close();
  return model;
}

type Step = (world: World) => void;

const page = fc.integer({ min: FIRST, max: FIRST + PAGES - 1 });
const pages = fc.oneof(fc.constantFrom(1, 2, 511, 512, 513), fc.integer({ min: 1, max: 1024 }));
const prop = fc.constantFrom(RW, RX);

const clip = (at: number, count: number): number => Math.min(count, FIRST + PAGES - at);

function withCursor(
  table: PageTable,
  at: number,
  count: number,
  run: (c: CursorMut) => void,
): void {
  const cursor = table.cursorMut(vaOf(at), count);
  try {
    run(cursor);
  } finally {
    cursor.close();
  }
}

const mapFrame = fc.record({ at: page, prop }).map(
  ({ at, prop: p }): Step =>
    ({ space, table, model }) => {
      const frame: Frame = space.frame();
      const pfn = frame.paddr / 4096;
      withCursor(table, at, 1, (cursor) => {
        const got = code(() => cursor.map(frame, p));
        expect(got).toBe(model.has(at) ? "already-mapped" : "");
        expect(frame.dropped).toBe(got === "");
      });
      if (frame.dropped) model.set(at, { pfn, prop: p, tracked: true });
      else frame.drop();
    },
);

const mapRange = fc
  .record({
    at: page,
    count: pages,
    prop,
    pfn: fc.integer({ min: 0, max: 2 ** 21 }),
    aligned: fc.boolean(),
  })
  .map(
    ({ at, count, prop: p, pfn, aligned }): Step =>
      ({ table, model }) => {
        const many = clip(at, count);
        // Frames that lie as the pages do can be mapped with huge pages.
        const first = aligned ? pfn - (pfn % 512) + ((at + BASE) % 512) : pfn;
        const got = code(() => table.mapRange(vaOf(at), many, first, p));
        expect(got).toBe(anyIn(model, at, many) ? "already-mapped" : "");
        if (got !== "") return;
        for (let i = 0; i < many; i += 1) {
          model.set(at + i, { pfn: first + i, prop: p, tracked: false });
        }
      },
  );

const mapHuge = fc.record({ slot: fc.integer({ min: 1, max: 2 }), prop }).map(
  ({ slot, prop: p }): Step =>
    ({ space, table, model }) => {
      const at = slot * 512;
      const segment = space.segment(512);
      const pfn = segment.start / 4096;
      if (at + 512 > FIRST + PAGES) {
        segment.drop();
        return;
      }
      withCursor(table, at, 512, (cursor) => {
        const got = code(() => cursor.map(segment, p));
        expect(got).toBe(anyIn(model, at, 512) ? "already-mapped" : "");
        expect(segment.dropped).toBe(got === "");
      });
      if (!segment.dropped) segment.drop();
      else
        for (let i = 0; i < 512; i += 1)
          model.set(at + i, { pfn: pfn + i, prop: p, tracked: true });
    },
);

const unmapRange = fc.record({ at: page, count: pages }).map(
  ({ at, count }): Step =>
    ({ table, model }) => {
      const many = clip(at, count);
      let want = 0;
      for (let i = 0; i < many; i += 1) if (model.delete(at + i)) want += 1;
      expect(table.unmapRange(vaOf(at), many)).toBe(want);
    },
);

const protectRange = fc
  .record({
    at: page,
    count: pages,
    set: fc.constantFrom(0, WRITE, EXECUTE),
    clear: fc.constantFrom(0, WRITE, READ | WRITE | EXECUTE),
  })
  .map(
    ({ at, count, set, clear }): Step =>
      ({ table, model }) => {
        const many = clip(at, count);
        let want = 0;
        const next = new Map<number, Mapped>();
        let bad = false;
        for (let i = at; i < at + many; i += 1) {
          const old = model.get(i);
          if (old === undefined) continue;
          const changed = ((old.prop & ~clear) | set) >>> 0;
          const { format } = table.config;
          bad ||= !format.supports(changed, 1);
          // In a forked table a tracked page that is given the right to write gets the mark, for which the format may have no bit.
          const given = table.forked && old.tracked && (~old.prop & set & WRITE) !== 0;
          bad ||= given && !format.supports(changed | AVAIL2, 1);
          next.set(i, { ...old, prop: changed });
          want += 1;
        }
        if (bad) {
          expect(code(() => table.protectRange(vaOf(at), many, set, clear))).toBe(
            "unrepresentable",
          );
          return;
        }
        expect(table.protectRange(vaOf(at), many, set, clear)).toBe(want);
        for (const [i, mapped] of next) {
          model.set(i, mapped);
          // A page of a forked table has the mark until it is written to; nobody else has its frame here.
          const marked = table.forked && mapped.tracked && (set & WRITE) !== 0;
          if (marked) expect(handleFault(table, vaOf(i), "write")).toBe("resolved");
        }
      },
  );

const takeNext = fc.record({ at: page, count: pages }).map(
  ({ at, count }): Step =>
    ({ table, model }) => {
      const many = clip(at, count);
      withCursor(table, at, many, (cursor) => {
        const taken = cursor.takeNext(many);
        let first = at;
        while (first < at + many && !model.has(first)) first += 1;
        if (taken === undefined) {
          expect(first).toBe(at + many);
          expect(cursor.atEnd).toBe(true);
          return;
        }
        expect(checkInvariants(table)).toEqual([]);
        const start = Number(taken.va / 4096n) - BASE;
        expect(start).toBeLessThanOrEqual(first);
        let mapped = 0;
        for (let i = start; i < start + taken.pages; i += 1) if (model.delete(i)) mapped += 1;
        expect(mapped).toBe(taken.kind === "stray" ? taken.mapped : taken.pages);
        expect(mapped).toBeGreaterThan(0);
        expect(cursor.vpn - BASE).toBe(start + taken.pages);
        if (taken.kind === "stray") taken.drop();
        else taken.item?.drop();
      });
    },
);

const unmapNext = fc.record({ at: page, count: pages }).map(
  ({ at, count }): Step =>
    ({ table, model }) => {
      const many = clip(at, count);
      withCursor(table, at, many, (cursor) => {
        let first = at;
        while (first < at + many && !model.has(first)) first += 1;
        const level = cursor.unmapNext(many);
        if (first === at + many) {
          expect(level).toBe(0);
          return;
        }
        expect(cursor.pfn).toBe(model.get(first)!.pfn);
        const removed = level === 2 ? 512 : 1;
        for (let i = first; i < first + removed; i += 1) expect(model.delete(i)).toBe(true);
      });
    },
);

const clean: fc.Arbitrary<Step> = fc.constant(({ table }: World): void => {
  table.cleanUp();
});

/** Goes on with the child; writes to some of its pages, and then with the parent gone. */
const forkAndGo = fc.array(page, { maxLength: 4 }).map(
  (writes): Step =>
    (world) => {
      const { table, model } = world;
      const { format } = table.config;
      const marks = [...model.values()].some(({ prop, tracked }) => {
        return tracked && (prop & WRITE) !== 0 && !format.supports(prop | AVAIL2, 1);
      });
      if (marks) {
        // What would be copied on write has to be marked.
        expect(code(() => fork(table))).toBe("unrepresentable");
        return;
      }
      const child = fork(table);
      expect([...checkInvariants(table), ...checkInvariants(child)]).toEqual([]);
      for (const at of writes) {
        const mapped = model.get(at);
        const shared = mapped?.tracked === true && (mapped.prop & WRITE) !== 0;
        const got = handleFault(child, vaOf(at), "write");
        if (mapped === undefined) expect(got).toBe("not-mapped");
        else expect(got).toBe((mapped.prop & WRITE) !== 0 ? "resolved" : "denied");
        if (!shared) continue;
        const cursor = child.cursor(vaOf(at), 1);
        cursor.query();
        expect(cursor.prop).toBe(mapped.prop);
        mapped.pfn = cursor.pfn;
        cursor.close();
      }
      table.drop();
      // What still is marked as shared becomes writable again by a write.
      for (const [at, mapped] of model) {
        if (mapped.tracked && (mapped.prop & WRITE) !== 0) {
          expect(handleFault(child, vaOf(at), "write")).toBe("resolved");
        }
      }
      world.table = child;
    },
);

const step = fc.oneof(
  { weight: 5, arbitrary: mapFrame },
  { weight: 4, arbitrary: mapRange },
  { weight: 2, arbitrary: mapHuge },
  { weight: 3, arbitrary: unmapRange },
  { weight: 3, arbitrary: protectRange },
  { weight: 3, arbitrary: takeNext },
  { weight: 3, arbitrary: unmapNext },
  { weight: 1, arbitrary: clean },
  { weight: 1, arbitrary: forkAndGo },
);

describe.each(MODES)("in mode %s", (mode) => {
  const all = [
    ["x86-64", x86Format()],
    ["Sv39", riscvFormat({ sv: 39 })],
    ["AArch64", aarch64Format()],
    ["a made-up format", madeUp()],
  ] as const;
  describe.each(mode === "single" ? all : all.slice(0, 1))("%s", (_, format) => {
    test("does what a Map of pages does, and keeps its invariants", { timeout: 60_000 }, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
          const space = new Space(4096, { mode });
          const world: World = { space, table: space.user(format), model: new Map() };
          for (const run of steps) {
            run(world);
            expect(checkInvariants(world.table)).toEqual([]);
            const sorted = [...world.model].sort(([a], [b]) => a - b);
            expect([...contents(world.table)]).toEqual(sorted);
          }
          world.table.drop();
          space.end();
        }),
        { numRuns: Number(process.env.MEMKIT_RUNS ?? (mode === "single" ? 12 : 6)) },
      );
    });
  });
});
