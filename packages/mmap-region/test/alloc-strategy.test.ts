import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AllocStrategy, customRandom, linear, random } from "../src/alloc-strategy.js";
import { SlotPool } from "../src/slot-pool.js";
import { refusal } from "./expect-error.js";

describe("AllocStrategy", () => {
  test.each([
    ["linear", linear],
    ["random", random],
    ["customRandom", customRandom(() => 0)],
  ])("%s refuses an empty list", (_name, strategy) => {
    refusal(() => strategy.next(0, 7), "region-full", { capacity: 7 });
  });

  test("customRandom does not ask its source when nothing is free", () => {
    let asked = 0;
    const counting = customRandom(() => {
      asked += 1;
      return 0;
    });
    refusal(() => counting.next(0, 1), "region-full");
    expect(asked).toBe(0);
  });

  test("customRandom covers every position, the edges too", () => {
    const at = (drawn: number): number => customRandom(() => drawn).next(4, 4);
    expect([0, 0.25, 0.5, 0.75, 1 - 2 ** -53].map(at)).toEqual([0, 1, 2, 3, 3]);
  });

  test.each([1, -0.1, Number.NaN, Number.POSITIVE_INFINITY])("customRandom refuses %d", (drawn) => {
    refusal(() => customRandom(() => drawn).next(4, 4), "invalid-argument", { argument: "rng()" });
  });

  test("random is uniform enough to reach every one of 8 slots in 1000 draws", () => {
    const seen = new Set(Array.from({ length: 1000 }, () => random.next(8, 8)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe("SlotPool", () => {
  const take = (pool: SlotPool<string>): number => {
    const position = pool.choose(linear);
    const number = pool.numberAt(position);
    pool.take(position);
    return number;
  };

  test("linear: last created first, last dropped first", () => {
    const pool = new SlotPool<string>(3);
    expect([take(pool), take(pool)]).toEqual([2, 1]);
    pool.putLast(2);
    expect([take(pool), take(pool)]).toEqual([2, 0]);
  });

  test("every number is free or in use, never both (MR-2)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6 }),
        fc.array(
          fc.record({
            take: fc.boolean(),
            pick: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
          }),
        ),
        (capacity, steps) => {
          const pool = new SlotPool<string>(capacity);
          const free = Array.from({ length: capacity }, (_, n) => n); // lucet's freelist as a plain array
          const used: number[] = [];
          for (const step of steps) {
            if (step.take && free.length > 0) {
              const position = pool.choose(customRandom(() => step.pick));
              expect(position).toBe(Math.floor(step.pick * free.length));
              expect(pool.numberAt(position)).toBe(free[position]);
              used.push(pool.numberAt(position));
              pool.take(position);
              const last = free.pop()!;
              if (position < free.length) free[position] = last;
            } else if (!step.take && used.length > 0) {
              const [number] = used.splice(Math.floor(step.pick * used.length), 1);
              pool.putLast(number!);
              free.push(number!);
            }
            expect(pool.free).toBe(free.length);
            expect([...free, ...used].sort()).toEqual(
              Array.from({ length: capacity }, (_, n) => n),
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([-1, 0.5, 2 ** 32, Number.NaN])("refuses a capacity of %d", (capacity) => {
    refusal(() => new SlotPool(capacity), "invalid-argument", { argument: "capacity" });
  });

  test("refuses a strategy's position that is not free, and changes nothing", () => {
    const pool = new SlotPool<string>(2);
    for (const position of [2, -1, 0.5, Number.NaN]) {
      refusal(() => pool.choose({ next: () => position }), "invalid-argument");
    }
    expect(pool.free).toBe(2);
  });

  test("a strategy that takes slots itself does not make one slot two", () => {
    const pool = new SlotPool<string>(1);
    const greedy: AllocStrategy = {
      next(free) {
        take(pool);
        return free - 1;
      },
    };
    refusal(() => pool.choose(greedy), "region-full", { capacity: 1 });
    expect(pool.free).toBe(0);
  });

  test("what a tenant left is there until the slot is taken or the pool closed", () => {
    const pool = new SlotPool<string>(1);
    const number = take(pool);
    pool.putLast(number, "left");
    expect(pool.leftoverOf(number)).toBe("left");
    take(pool);
    expect(pool.leftoverOf(number)).toBeUndefined();
    pool.putLast(number, "left");
    pool.close();
    expect(pool.leftoverOf(number)).toBeUndefined();
    pool.putLast(number, "late");
    expect(pool.leftoverOf(number)).toBeUndefined();
    refusal(() => pool.choose(linear), "region-closed");
    refusal(() => pool.close(), "region-closed");
  });
});
