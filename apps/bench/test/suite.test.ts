import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shuffledPositions, xorshift32 } from "../src/positions.js";
import { cellsOf, garbage, keysOf, mistakesIn, type Row, ratio, type Suite } from "../src/suite.js";

const row = (name: string, over: Partial<Row> = {}): Row => ({
  name,
  role: "ours",
  what: "nothing",
  make: () => () => 0,
  ...over,
});

const suite = (rows: Row[], checks: Suite["checks"] = []): Suite => ({ title: "t", rows, checks });

describe("cells", () => {
  it("are one a row, or one a size", () => {
    const s = suite([row("D"), row("ours", { n: [0, 8], nFull: [64] })]);
    expect(cellsOf(s, false).map((cell) => cell.key)).toEqual(["D", "ours@0", "ours@8"]);
    expect(cellsOf(s, true).map((cell) => cell.key)).toEqual(["D", "ours@0", "ours@8", "ours@64"]);
  });

  it("are none by default for a row that only --full runs", () => {
    expect(cellsOf(suite([row("big", { nFull: [9] })]), false)).toEqual([]);
  });
});

describe("formulas", () => {
  const readings = { ns: (key: string) => key.length, bytes: () => 40 };

  it("divide times and subtract garbage", () => {
    expect(ratio("four", "to").value(readings)).toBe(2);
    expect(garbage("a").value(readings)).toBe(40);
    expect(garbage("a", "b").value(readings)).toBe(0);
  });

  it("tell which rows they read", () => {
    const check = { id: "p.t.c", ...ratio("a", "b"), atMost: 1, unit: "x" } as const;
    expect([...keysOf(check)].sort()).toEqual(["a", "b"]);
  });
});

describe("mistakes in a declaration", () => {
  it("are none in a good one, also for rows of --full", () => {
    const s = suite(
      [row("a", { nFull: [1] }), row("b")],
      [{ id: "p.t.c", ...ratio("a@1", "b"), atMost: 1, unit: "x" }],
    );
    expect(mistakesIn("p.t", s)).toEqual([]);
  });

  it("are named: foreign ids, absent rows, names used twice", () => {
    const check = { id: "p.u.c", ...ratio("a", "c"), atMost: 1, unit: "x" } as const;
    expect(mistakesIn("p.t", suite([row("a"), row("a")], [check, check]))).toEqual([
      "p.t: two rows are called a",
      "p.t: two checks are called p.u.c",
      "p.t: check p.u.c must start with p.t.",
      "p.t: check p.u.c reads row c, which is not there",
      "p.t: check p.u.c must start with p.t.",
      "p.t: check p.u.c reads row c, which is not there",
    ]);
  });
});

describe("shuffled positions", () => {
  it("are every multiple once, the same for the same seed, and not in order", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 64 }),
        (count, stride) => {
          const table = shuffledPositions(count, stride);
          expect(shuffledPositions(count, stride)).toEqual(table);
          expect([...table].sort((a, b) => a - b)).toEqual(
            Array.from({ length: count }, (_, i) => i * stride),
          );
        },
      ),
    );
    const steps = [...shuffledPositions(1024, 1)].filter(
      (p, i, all) => p === (all[i - 1] ?? 0) + 1,
    );
    expect(steps.length).toBeLessThan(10);
  });

  it("come from a generator that does not stand still", () => {
    for (const seed of [0, 1, 0xffff_ffff]) {
      const next = xorshift32(seed);
      const seen = new Set(Array.from({ length: 1000 }, next));
      expect(seen.size).toBe(1000);
    }
  });
});
