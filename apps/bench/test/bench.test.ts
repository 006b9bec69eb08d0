/** The harness as a whole, on suites whose times are given: exit codes, retries, the report. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { bench } from "../src/bench.js";
import type { CheckReport, Report } from "../src/report.js";

const dir = mkdtempSync(join(tmpdir(), "bench-"));
afterAll(() => rmSync(dir, { recursive: true }));

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly progress: readonly string[];
  readonly report: Report | null;
}

let runs = 0;

async function run(...args: string[]): Promise<Run> {
  const texts = { out: "", err: "" };
  const progress: string[] = [];
  const json = join(dir, `${runs++}.json`);
  const code = await bench([...args, "--json", json], {
    suitesDir: fileURLToPath(new URL("./fixtures", import.meta.url)),
    out: (text) => {
      texts.out += text;
    },
    err: (text) => {
      texts.err += text;
    },
    progress: (text) => progress.push(text),
  });
  const report = code === 2 ? null : (JSON.parse(readFileSync(json, "utf8")) as Report);
  return { code, ...texts, progress, report };
}

const TIMEOUT = 60_000;

describe("a run whose checks hold", { timeout: TIMEOUT }, () => {
  it("exits with 0 and writes a complete report", async () => {
    const { code, out, progress, report } = await run("--only", "steady");
    expect(code).toBe(0);
    expect(report).toEqual({
      version: 1,
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      commit: expect.stringMatching(/^[0-9a-f]{40}\+?$/),
      machine: {
        cpu: expect.any(String),
        cores: expect.any(Number),
        memoryBytes: expect.any(Number),
        platform: expect.stringContaining(process.platform),
        node: process.versions.node,
        v8: process.versions.v8,
        load: expect.any(Number),
      },
      mode: "default",
      only: "steady",
      suites: [
        {
          id: "steady.times",
          package: "steady",
          title: "given times",
          statistic: "median",
          rounds: 9,
          seconds: expect.any(Number),
          rows: expect.any(Array),
        },
      ],
      checks: expect.any(Array),
      failures: [],
      ok: true,
    });
    expect(report?.suites[0]?.rows.map((row) => [row.name, row.n, row.perFloor])).toEqual([
      ["floor", null, 1],
      ["ours", 1, 0.1],
      ["ours", 8, 0.8],
      ["block", null, expect.any(Number)],
    ]);
    expect(report?.checks[0]).toEqual({
      id: "steady.times.n1",
      package: "steady",
      value: 0.1,
      bound: 0.1,
      sense: "<=",
      unit: "x floor",
      ok: true,
      noisy: false,
      floor: { row: "floor", ns: 10 },
      spread: 0,
      attempts: [{ value: 0.1, spread: 0, noisy: false, eliminated: false, ok: true }],
    });
    expect(out).toContain("4 of 4 checks hold");
    expect(out).toContain("Only with --full: steady.times.n64");
    expect(progress.at(-1)).toBe("[1/1] steady.times: round 9 of 10");
  });

  it("measures only what a check given in full needs", async () => {
    const { code, report } = await run("--only", "steady.times.n1");
    expect(code).toBe(0);
    expect(report?.checks.map((check) => check.id)).toEqual(["steady.times.n1"]);
    expect(report?.suites[0]?.rows.map((row) => row.name)).toEqual(["floor", "ours"]);
  });

  it("takes every check that begins as asked, and all sizes with --full", async () => {
    const { code, report } = await run("--full", "--only", "steady.times.n");
    expect(code).toBe(0);
    expect(report?.mode).toBe("full");
    expect(report?.suites[0]?.rounds).toBe(21);
    expect(report?.checks.map((check) => check.id)).toEqual([
      "steady.times.n1",
      "steady.times.n8",
      "steady.times.n64",
      "steady.times.n12",
    ]);
  });

  it("compares with an earlier report without changing the exit code", async () => {
    const old = join(dir, "old.json");
    const first = await run("--only", "steady.times.n1");
    const checks = first.report!.checks.map((check) => ({ ...check, value: 2 * check.value }));
    writeFileSync(old, JSON.stringify({ ...first.report, checks }));
    const { code, out } = await run("--only", "steady.times.n1", "--compare", old);
    expect(code).toBe(0);
    expect(out).toMatch(/steady\.times\.n1 +0\.200 +0\.100 +0\.500/);
    expect(out).toMatch(/steady\.times ours@1 +1\.00 +1\.00 +1\.00/);
  });
});

describe("a run whose checks fail", { timeout: TIMEOUT }, () => {
  it("exits with 1 after three processes, and says why each check failed", async () => {
    const { code, out, report, progress } = await run("--only", "broken.missed");
    expect(code).toBe(1);
    expect(report?.ok).toBe(false);
    const seen: Record<string, CheckReport> = {};
    for (const check of report!.checks) seen[check.id.split(".")[2]!] = check;
    expect(seen.over).toMatchObject({ ok: false, noisy: false, value: 2, bound: 1.9 });
    expect(seen.noisy).toMatchObject({ ok: false, noisy: true });
    expect(seen.idle).toMatchObject({ ok: false });
    expect(seen["no-reading"]).toMatchObject({ ok: false, value: null });
    for (const check of report!.checks) expect(check.attempts).toHaveLength(3);
    expect(seen.idle?.attempts.every((attempt) => attempt.eliminated)).toBe(true);
    expect(out).toContain("FAILS (missed, missed, missed)");
    expect(out).toContain("FAILS (optimised away, optimised away, optimised away)");
    expect(out).toMatch(/idle ! /);
    expect(progress.some((text) => text.endsWith("4 failed, retry 2 of 2"))).toBe(true);
  });

  it.each([
    ["broken.throws", "this suite cannot be loaded"],
    ["broken.dies", "SIGKILL"],
    ["broken.mistaken", "reads row ours, which is not there"],
  ])("exits with 1 when %s cannot be measured", async (id, why) => {
    const { code, out, report } = await run("--only", id);
    expect(code).toBe(1);
    expect(report?.failures).toEqual([{ suite: id, message: expect.stringContaining(why) }]);
    expect(out).toContain(`${id} could not be measured`);
  });
});

describe("two of three", { timeout: TIMEOUT }, () => {
  afterEach(() => {
    delete process.env.FLAKY_LOG;
    delete process.env.FLAKY_SCRIPT;
  });

  it.each([
    ["x..", 0, 3],
    ["xx.", 1, 3],
    [".xx", 0, 1],
  ])("%s, where x fails: exit code %i after %i processes", async (script, expected, processes) => {
    const log = join(dir, `flaky-${script}`);
    writeFileSync(log, "");
    process.env.FLAKY_LOG = log;
    process.env.FLAKY_SCRIPT = script;
    const { code, report } = await run("--only", "flaky");
    expect(code).toBe(expected);
    expect(readFileSync(log, "utf8")).toHaveLength(processes);
    const attempts = report?.checks.map((check) => check.attempts.length);
    expect(attempts).toEqual([processes, 1]); // the other check held at once and is not run again
  });
});

describe("wrong arguments", () => {
  it.each([
    [["--fast"], "--fast"],
    [["--only", "nowhere"], "there is broken.dies, broken.missed"],
    [["--compare", "none.json"], "none.json"],
  ])("%j exit with 2 and a sentence, before anything is measured", async (args, said) => {
    const { code, err, progress } = await run(...args);
    expect(code).toBe(2);
    expect(err).toContain(said);
    expect(progress).toEqual([]);
  });

  it("exit with 2 when no check of the suite is called so", { timeout: TIMEOUT }, async () => {
    const { code, err } = await run("--only", "steady.times.n7");
    expect(code).toBe(2);
    expect(err).toContain("steady.times.n1, steady.times.n8");
  });

  it("are explained by --help, with 0", async () => {
    const said: string[] = [];
    const code = await bench(["--help"], {
      suitesDir: "/nowhere",
      out: (text) => said.push(text),
      err: () => undefined,
      progress: () => undefined,
    });
    expect(code).toBe(0);
    expect(said.join("")).toContain("--only ID");
  });
});
