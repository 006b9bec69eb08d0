/** FM-3 FM-5 FM-6: a handful of mistakes, of every kind, and what finds them; all others are in MUTANTS.md. */

// Before copies of the package are loaded: it replaces globals that they must find replaced.
import "@memkit/interleave";
import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { entries } from "../scenarios.js";
import { EQUIVALENT } from "./equivalent.js";
import { cleanUp, generate, load } from "./generate.js";
import { judge } from "./judge.js";

const mutants = generate();
afterAll(cleanUp);

const BY_STATE = "invariant: S1, S3-S6, R1-R4, F4";

it.each([
  ["load+store", "claimAt", "raw: claim and release, twice", "race"],
  ["load+store", "tryDecShared", "raw: claim, inc, last dec", BY_STATE],
  ["add, then look", "tryIncShared", "raw: claim, inc, last dec", BY_STATE],
  ["early publish", "publishAt", "raw: claim and release, twice", BY_STATE],
  ["late write", "releaseAt", "raw: claim and release, twice", BY_STATE],
  ["late write", "#release", "last drop, alloc, fromInUse", "not-linearizable"],
])("%s in %s is found in %s: %s", async (kind, where, name, oracle) => {
  const mutant = mutants.find((one) => one.kind === kind && one.where === where)!;
  const scenarios = entries.filter((entry) => entry.name === name);
  expect(judge(scenarios, await load(mutant))).toEqual({ scenario: name, oracle });
});

it("are at least 40 of the transitions, and MUTANTS.md says of each why it is none or who killed it", () => {
  const document = readFileSync(new URL("../../MUTANTS.md", import.meta.url), "utf8");
  const rows = document.split("\n").filter((line) => /^\| [a-z-]+-\d+ \|/.test(line));
  expect(mutants.length).toBeGreaterThanOrEqual(40);
  expect(rows.map((row) => row.split(" | ")[0]?.slice(2))).toEqual(mutants.map(({ id }) => id));
  expect(rows.filter((row) => row.includes("**survives**"))).toEqual([]);
  const onlyByOrder = rows.filter((row) => row.endsWith("| not-linearizable |"));
  expect(onlyByOrder.length).toBeGreaterThanOrEqual(3);
});

it("each argument why a mutant is none is about some mutant", () => {
  for (const { matches, reason } of EQUIVALENT) expect(mutants.some(matches), reason).toBe(true);
});
