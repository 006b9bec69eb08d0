import { FrameTable } from "@memkit/frame-meta";
import { type BuddyAllocator, createBuddy } from "@memkit/frame-meta/alloc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inMode } from "../slot/modes.js";
import { NaiveFrames } from "./model.js";
import { ALLOC_MODES, type Banks, memoryOf, pfnsOf, refusalOf } from "./support.js";

/** Banks of odd sizes at odd places: inside a word, across words, across a multiple of their size. Never side by side: blocks end with a bank. */
const banks = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 150 })), {
    minLength: 1,
    maxLength: 3,
  })
  .map((gaps): Banks => {
    let next = 0;
    return gaps.map(([gap, frames]) => {
      const first = next + gap;
      next = first + frames;
      return [first, frames];
    });
  });

type Op =
  | {
      readonly do: "alloc";
      readonly frames: number;
      readonly align: number;
      readonly below: number;
    }
  | { readonly do: "one" }
  | { readonly do: "add"; readonly which: number; readonly twice: boolean }
  | { readonly do: "takeAt"; readonly which: number };

const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({
    do: fc.constant("alloc" as const),
    frames: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 140 })),
    align: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 8 })),
    below: fc.oneof(fc.constant(-1), fc.nat(700)),
  }),
  fc.constant({ do: "one" as const }),
  fc.record({ do: fc.constant("add" as const), which: fc.nat(), twice: fc.boolean() }),
  fc.record({ do: fc.constant("takeAt" as const), which: fc.nat() }),
);

function run(
  allocator: BuddyAllocator,
  naive: NaiveFrames,
  all: readonly number[],
  ops: readonly Op[],
): void {
  const held: [number, number][] = [];
  const takes = (pfn: number, frames: number): void => {
    naive.take(pfn, frames);
    held.push([pfn, frames]);
  };
  for (const one of ops) {
    switch (one.do) {
      case "one": {
        const pfn = allocator.alloc();
        if (pfn >= 0) takes(pfn, 1);
        else expect(naive.free.size).toBe(0);
        break;
      }
      case "alloc": {
        const { frames } = one;
        const placement = {
          align: 4096 * 2 ** one.align,
          ...(one.below >= 0 && { below: one.below * 4096 + 17 }),
        };
        allocator.flush();
        const expected = naive.lowest(frames, placement);
        expect(allocator.alloc(frames, placement)).toBe(expected);
        if (expected >= 0) takes(expected, frames);
        break;
      }
      case "add": {
        if (held.length === 0) break;
        const [[pfn, frames]] = held.splice(one.which % held.length, 1) as [[number, number]];
        allocator.add(pfn, frames);
        naive.give(pfn, frames);
        if (one.twice) {
          const before = allocator.stats();
          expect(refusalOf(() => allocator.add(pfn, frames))).toEqual(
            expect.objectContaining({ code: "not-taken", pfn }),
          );
          expect(allocator.stats()).toEqual(before);
        }
        break;
      }
      default: {
        const pfn = all[one.which % all.length]!;
        const free = naive.free.has(pfn);
        expect(allocator.takeAt(pfn)).toBe(free);
        if (free) takes(pfn, 1);
      }
    }
    const stats = allocator.stats();
    expect([stats.free, stats.taken]).toEqual([naive.free.size, all.length - naive.free.size]);
  }
  for (const [pfn, frames] of held) allocator.add(pfn, frames);
}

describe.each(ALLOC_MODES)("%s", (mode) => {
  it("FM-23 FM-24: gives what a naive allocator would, for any banks, caches and steps", () => {
    fc.assert(
      fc.property(
        banks,
        fc.constantFrom(0, 1, 2, 32),
        fc.array(op, { maxLength: 60 }),
        (shape, cache, ops) => {
          const table = FrameTable.create(inMode(mode, { memory: memoryOf(shape) }));
          const allocator = createBuddy(table, { cache, agents: 2 });
          const all = [...pfnsOf(shape)];
          const fresh = allocator.stats();
          expect(fresh.largest).toBe(new NaiveFrames(all).largest());
          run(allocator, new NaiveFrames(all), all, ops);
          allocator.flush();
          // Whatever was split is whole again: block by block what it was.
          expect(allocator.stats()).toEqual(fresh);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("FM-24: counts blocks as a naive look does", () => {
    fc.assert(
      fc.property(banks, fc.array(fc.nat(), { maxLength: 80 }), (shape, picks) => {
        const table = FrameTable.create(inMode(mode, { memory: memoryOf(shape) }));
        const allocator = createBuddy(table, { cache: 0 });
        const all = [...pfnsOf(shape)];
        const naive = new NaiveFrames(all);
        for (const pick of picks) {
          const pfn = all[pick % all.length]!;
          if (allocator.takeAt(pfn)) naive.take(pfn);
        }
        const { blocks, largest, free } = allocator.stats();
        expect(largest).toBe(naive.largest());
        expect(blocks.reduce((sum, n, order) => sum + n * 2 ** order, 0)).toBe(free);
        const expected = blocks.map(() => 0);
        for (let order = blocks.length - 1; order >= 0; order -= 1) {
          for (const pfn of [...naive.free]) {
            const align = 2 ** order * 4096;
            if (!naive.fits(pfn, 2 ** order, { align })) continue;
            naive.take(pfn, 2 ** order);
            expected[order]! += 1;
          }
        }
        expect(blocks).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });
});
