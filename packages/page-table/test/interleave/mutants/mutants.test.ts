/** PT-50 PT-51 PT-52 PT-55 PT-56: a mistake in each step of the protocol, and what finds it; all others are in MUTANTS.md. */

// Before copies of the package are loaded: it replaces globals that they must find replaced.
import "@memkit/interleave";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { explore, replay, type Scenario, stepInWorkers } from "@memkit/interleave";
import { afterAll, expect, it } from "vitest";
import { entries } from "../scenarios.js";
import { EQUIVALENT } from "./equivalent.js";
import { cleanUp, copyOf, generate, load, type Mutant } from "./generate.js";
import { judge } from "./judge.js";
import { libIn } from "./lib-in.js";

const mutants = generate();
afterAll(cleanUp);

const mutant = (where: string, kind: string, what: string): Mutant =>
  mutants.find((one) => one.where === where && one.kind === kind && one.what.startsWith(what))!;

it.each([
  ["tryCover", "blind store", "frames.slots.swap", "map, map: one table", "race"],
  ["adopt", "dropped statement", "cursor.locked.add", "map, map: one page", "deadlock"],
  ["wait", "plain access", "slots.load(lock)", "map, map: one page", "race"],
  [
    "lower",
    "dropped statement",
    "this.frames.slots.store",
    "map, map: one page",
    "at-end: PT-52 PT-55",
  ],
  [
    "read",
    "dropped check",
    "whole",
    "translate, unmap of a plain page, map anew",
    "not-linearizable",
  ],
] as const)(
  '%s, %s of %s: found in "%s" by %s',
  async (where, kind, what, scenario, oracle) => {
    const { kill } = judge(await load(mutant(where, kind, what)), undefined, [scenario]);
    expect(kill).toEqual({ scenario, oracle });
  },
  120_000,
);

it("IL-7: a failing trace fails again in the same way, and gives the same results in workers", async () => {
  const name = "translate, protect of both words";
  const copy = copyOf(
    mutant("read", "dropped check", "slots.load(meta + VERSION_WORD) === version"),
  );
  const lib = await libIn(copy);
  const [scenario] = entries.find((entry) => entry.name === name)!.build(lib) as unknown as [
    Scenario<unknown>,
  ];
  const { failure } = explore({ ...scenario, shorten: false });
  const trace = JSON.parse(JSON.stringify(failure!.trace));
  expect(failure!.kind).toBe("not-linearizable");
  expect(replay(scenario, trace)).toMatchObject({ failure, trace });
  const spawn = (): Worker =>
    new Worker(new URL("./step-worker.mjs", import.meta.url), {
      workerData: { copy, name },
      execArgv: ["--conditions=@memkit/source"],
    });
  const replayed = await stepInWorkers(scenario, trace, spawn);
  expect(replayed).toEqual({ reproduced: true, differences: [] });
}, 120_000);

const document = readFileSync(new URL("../../MUTANTS.md", import.meta.url), "utf8");
const rows = document.split("\n").filter((line) => /^\| [a-z]+-\d+ \|/.test(line));

it("MUTANTS.md says of each who killed it, why it is none, or that it is open", () => {
  expect(rows.map((row) => row.split(" | ")[0]?.slice(2))).toEqual(mutants.map(({ id }) => id));
});

it("each argument why a mutant is none is about some mutant", () => {
  for (const { matches, reason } of EQUIVALENT) expect(mutants.some(matches), reason).toBe(true);
});
