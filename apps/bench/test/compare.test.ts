import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compareReports, compareText } from "../src/compare.js";
import { type CheckReport, type Report, type RowReport, readReport } from "../src/report.js";
import { checksText, figure, suiteText, table } from "../src/table.js";

const dir = mkdtempSync(join(tmpdir(), "bench-compare-"));
afterAll(() => rmSync(dir, { recursive: true }));

const row = (name: string, n: number | null, ns: number): RowReport => ({
  name,
  role: "ours",
  what: "a test",
  n,
  ns,
  spread: 0.1,
  bytes: 0,
  perFloor: null,
  eliminated: false,
  operations: 1,
});

const check = (id: string, value: number, over: Partial<CheckReport> = {}): CheckReport => ({
  id,
  package: "p",
  value,
  bound: 2,
  sense: "<=",
  unit: "x D",
  ok: true,
  noisy: false,
  floor: null,
  spread: 0.2,
  attempts: [{ value, spread: 0.2, noisy: false, eliminated: false, ok: true }],
  ...over,
});

const report = (rows: RowReport[], checks: CheckReport[], node = "20.20.2"): Report => ({
  version: 1,
  date: "2026-01-01T00:00:00.000Z",
  commit: null,
  machine: { cpu: "c", cores: 2, memoryBytes: 1, platform: "linux-x64", node, v8: "v", load: 0 },
  mode: "default",
  only: null,
  suites: [
    { id: "p.t", package: "p", title: "t", statistic: "median", rounds: 9, seconds: 1, rows },
  ],
  checks,
  failures: [],
  ok: true,
});

describe("comparing", () => {
  it("pairs what both have, new over old", () => {
    const before = report(
      [row("a", 0, 10), row("a", 8, 20), row("gone", null, 1)],
      [check("p.t.c", 2)],
    );
    const now = report([row("a", 0, 5), row("a", 8, 30), row("new", null, 1)], [check("p.t.c", 1)]);
    expect(compareReports(now, before)).toEqual({
      rows: [
        { id: "p.t a@0", old: 10, new: 5, ratio: 0.5 },
        { id: "p.t a@8", old: 20, new: 30, ratio: 1.5 },
      ],
      checks: [{ id: "p.t.c", old: 2, new: 1, ratio: 0.5 }],
    });
  });

  it("says when the conditions differ, and when nothing is common", () => {
    const now = report([], [], "24.0.0");
    const text = compareText(now, report([], []));
    expect(text).toContain("node 20.20.2 then, 24.0.0 now");
    expect(text).toContain("no figure in common");
    expect(compareText(now, now)).not.toContain("conditions");
  });
});

describe("reading an earlier report", () => {
  const file = join(dir, "old.json");

  it("returns what was written", () => {
    const written = report([row("a", null, 1)], []);
    writeFileSync(file, JSON.stringify(written));
    expect(readReport(file)).toEqual(written);
  });

  it.each([["{"], ["3"], ["null"], ["{}"], ['{"version": 2, "suites": [], "checks": []}']])(
    "refuses %s",
    (text) => {
      writeFileSync(file, text);
      expect(readReport(file)).toEqual({ refused: expect.stringContaining("old.json") });
    },
  );

  it("refuses a file that is not there", () => {
    expect(readReport(join(dir, "none.json"))).toHaveProperty("refused");
  });
});

describe("tables", () => {
  it("align their columns", () => {
    expect(
      table(
        ["name", "n", "note"],
        [
          ["a", "10", "x"],
          ["bcdef", "9", "yz"],
        ],
      ),
    ).toBe("  name    n  note\n  a      10  x\n  bcdef   9  yz\n");
  });

  it.each([
    [0, "0"],
    [1.2345, "1.23"],
    [0.12345, "0.123"],
    [66.66, "66.7"],
    [123456.7, "123457"],
    [0.000001, "0.0000"],
    [Number.NaN, "-"],
  ])("write %d as %s", (value, text) => {
    expect(figure(value)).toBe(text);
  });

  it("mark what was optimised away, and say what went wrong in each attempt", () => {
    const [suite] = report([{ ...row("a", 8, 1), eliminated: true }], []).suites;
    expect(suiteText(suite!)).toMatch(/a ! +8/);
    expect(suiteText(suite!)).toContain("the compiler removed");
    const [good] = check("p.t.c", 1).attempts;
    const text = checksText([
      check("p.t.c", 3, {
        ok: false,
        attempts: [{ ...good!, ok: false }, { ...good!, ok: false, noisy: true }, good!],
      }),
    ]);
    expect(text).toContain("FAILS (missed, noisy, held)");
    expect(text).toContain("10%");
  });
});
