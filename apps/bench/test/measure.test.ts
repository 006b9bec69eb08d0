import { describe, expect, it } from "vitest";
import { garbageOf } from "../src/garbage.js";
import { measureCells } from "../src/measure.js";
import { type Block, type Cell, DEFAULT_OPS, type Row } from "../src/suite.js";

const cell = (name: string, make: Row["make"], ops = DEFAULT_OPS): Cell => ({
  key: name,
  n: null,
  row: { name, role: "ours", what: "a test", ops, make },
});

const plan = { rounds: 3, budgetMs: 100, statistic: "median" } as const;
const quiet = (): void => undefined;

/** Reads every element of a table through a bounds check: about the cheapest work there is. */
const sumOfTable = (): Block => {
  const table = Uint32Array.from({ length: DEFAULT_OPS }, (_, i) => i * 7);
  const order = Uint32Array.from(table, (_, i) => (i * 37) % DEFAULT_OPS);
  return () => {
    let sum = 0;
    for (let i = 0; i < DEFAULT_OPS; i++) sum += table[order[i]!]!;
    return sum;
  };
};

/** These measure time, in three rounds of milliseconds: a machine that does something else meanwhile gets another try. */
const TIMING = { retry: 3 };

describe("measuring", () => {
  it("detects rows whose work the compiler can remove, and only those", TIMING, async () => {
    const { rows } = await measureCells(
      [
        cell("gone", () => () => 0),
        cell("there", sumOfTable),
        cell("gone-single", () => () => 0, 1),
      ],
      { ...plan, budgetMs: 600 },
      quiet,
    );
    expect(rows.map((row) => [row.key, row.eliminated])).toEqual([
      ["gone", true],
      ["there", false],
      ["gone-single", true],
    ]);
  });

  it("hands out one set of readings a round, without the first, and their median", async () => {
    let turn = 0;
    const { rows, rounds } = await measureCells(
      [cell("given", () => ({ nsPerOp: async () => [1000, 1, 3, 2][turn++]! }))],
      plan,
      quiet,
    );
    expect(rounds.map((turns) => turns.map((turn) => turn.ns("given")))).toEqual([[1], [3], [2]]);
    expect(rows[0]).toMatchObject({
      ns: 2,
      spread: 1,
      bytes: null,
      eliminated: false,
      operations: 3,
    });
    expect(rounds[0]?.[0]?.ns("unknown")).toBeNaN();
    expect(rounds[0]?.[0]?.bytes("given")).toBeNaN();
  });

  it("lets rows take turns, so that a machine that changes its speed changes it for both", async () => {
    // The fiftieth of its visits makes this machine three times as slow, the hundredth restores it, and so on.
    let visits = 0;
    const speed = (): number => (Math.floor(visits++ / 50) % 2 === 0 ? 1 : 3);
    const { rows, rounds } = await measureCells(
      [
        cell("one", () => ({ nsPerOp: () => speed() })),
        cell("two", () => ({ nsPerOp: () => 2 * speed() })),
      ],
      { ...plan, inTurns: true },
      quiet,
    );
    expect(rounds).toHaveLength(3);
    for (const turns of rounds) {
      expect(turns).toHaveLength(11);
      const ratios = turns.map((turn) => turn.ns("two") / turn.ns("one"));
      expect(ratios.filter((ratio) => ratio === 2).length).toBeGreaterThanOrEqual(10);
    }
    expect(rows.map((row) => row.operations)).toEqual([33, 33]);
  });

  it("detects rows without work in turns too", TIMING, async () => {
    const { rows } = await measureCells(
      [cell("gone", () => () => 0), cell("there", sumOfTable)],
      { ...plan, inTurns: true },
      quiet,
    );
    expect(rows.map((row) => row.eliminated)).toEqual([true, false]);
  });

  it("divides by the operations of a block", TIMING, async () => {
    const make = (turns: number) => (): Block => {
      const once = sumOfTable();
      return () => {
        let sum = 0;
        for (let i = 0; i < turns; i++) sum += once();
        return sum;
      };
    };
    const { rows } = await measureCells(
      [cell("short", make(1)), cell("long", make(16), 16 * DEFAULT_OPS)],
      { ...plan, rounds: 5, budgetMs: 600 },
      quiet,
    );
    const ratio = rows[1]!.ns / rows[0]!.ns;
    expect(ratio).toBeGreaterThan(0.3);
    expect(ratio).toBeLessThan(3);
  });

  it("reports its progress up to the last round", async () => {
    const seen: number[] = [];
    await measureCells([cell("given", () => ({ nsPerOp: () => 1 }))], plan, (done, total) => {
      expect(total).toBe(4);
      seen.push(done);
    });
    expect(seen).toEqual([0, 1, 2, 3]);
  });
});

describe("garbage", () => {
  it("is 0 for a block that allocates nothing", async () => {
    expect(await garbageOf(sumOfTable(), DEFAULT_OPS, 64)).toBeLessThan(0.1);
  });

  it("is at least the payload of what each operation allocates, and not twice that", async () => {
    const kept: Float64Array[] = [];
    const bytes = await garbageOf(
      () => {
        for (let i = 0; i < 16; i++) kept[i] = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
        return kept.length;
      },
      16,
      8,
    );
    // 64 bytes of payload on the heap beside a header of some words.
    expect(bytes).toBeGreaterThan(64);
    expect(bytes).toBeLessThan(512);
  });
});
