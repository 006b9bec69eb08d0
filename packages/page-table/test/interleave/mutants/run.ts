/**
 * `npm run mutants:interleavings --prefix packages/page-table`: runs all mutants through the scenarios, and writes test/MUTANTS.md.
 *
 * It goes on where the last run has stopped: what is known of a mutant is kept in temp/mutants.json, by the text of its function, and
 * forgotten of scenarios that have other rows in INTERLEAVINGS.md by now.
 *
 *     --fresh             forgets what is known
 *     --document          writes MUTANTS.md of what is known
 *     --only <text>       those whose whole id the expression matches, anew, and writes nothing
 */

// Before copies of the package are loaded: it replaces globals that they must find replaced.
import "@memkit/interleave";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cleanUp, generate, load, type Mutant } from "./generate.js";
import { type Findings, judge, likelyFor, ROWS } from "./judge.js";
import { documentOf, reasonOf } from "./table.js";

// The explorer and the code under test throw as a matter of course: collecting stacks would take a third of the time.
Error.stackTraceLimit = 0;

const [, , option, text = ""] = process.argv;
const temp = new URL("../../../temp/", import.meta.url);
const file = new URL("mutants.json", temp);

const keyOf = ({ body, kind, where, what }: Mutant): string =>
  createHash("sha256").update([kind, where, what, body].join("\0")).digest("hex").slice(0, 24);

const goesOn = existsSync(file) && option !== "--fresh" && option !== "--only";
interface Kept {
  readonly rows: Readonly<Record<string, string>>;
  readonly known: Record<string, Findings>;
}
const kept: Kept = goesOn ? JSON.parse(readFileSync(file, "utf8")) : { rows: {}, known: {} };
const same = (name: string): boolean => kept.rows[name] === ROWS[name];
const known = Object.fromEntries(
  Object.entries(kept.known).map(([key, { kill, passed, cut }]): [string, Findings] => {
    const still = { passed: passed.filter(same), cut: cut.filter(same) };
    return [key, kill !== undefined && same(kill.scenario) ? { kill, ...still } : still];
  }),
);
const all = generate();
const asked =
  option === "--only" ? all.filter(({ id }) => new RegExp(`^(${text})$`).test(id)) : all;
const settled = (mutant: Mutant): boolean =>
  known[keyOf(mutant)]?.kill !== undefined || reasonOf(mutant) !== undefined;

function keep(): void {
  if (option === "--only") return;
  mkdirSync(temp, { recursive: true });
  writeFileSync(file, JSON.stringify({ rows: ROWS, known } satisfies Kept));
}

// What likely and small scenarios find is known of all before one of the large ones is asked.
const phases = ["likely", 1500, 5000, 20_000, Number.POSITIVE_INFINITY] as const;
for (const phase of option === "--document" ? [] : phases) {
  for (const mutant of asked) {
    if (settled(mutant)) continue;
    const { id, kind, where, what } = mutant;
    const before = known[keyOf(mutant)];
    const found = judge(await load(mutant), before, phase === "likely" ? likelyFor(where) : phase);
    known[keyOf(mutant)] = found;
    keep();
    const { kill, passed, cut } = found;
    const verdict = kill
      ? `${kill.oracle} in "${kill.scenario}"`
      : `through ${passed.length} scenarios${cut.length > 0 ? `, cut in ${cut}` : ""}`;
    console.log(`${id}  ${kind}  ${where}: ${what}\n      ${verdict}`);
  }
}
cleanUp();
const none: Findings = { passed: [], cut: [] };
const verdicts = all.map((mutant) => [mutant, known[keyOf(mutant)] ?? none] as const);
if (!asked.every(settled)) process.exitCode = 1;
if (option !== "--only") {
  writeFileSync(new URL("../../MUTANTS.md", import.meta.url), documentOf(verdicts));
}
