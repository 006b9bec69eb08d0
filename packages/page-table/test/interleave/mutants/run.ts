/**
 * `npm run mutants:interleavings --prefix packages/page-table`: runs all mutants through the scenarios, and writes test/MUTANTS.md.
 *
 * It goes on where the last run has stopped: what is known of a mutant is kept in temp/mutants.json, by the text of its function, and
 * forgotten of scenarios that have other rows in INTERLEAVINGS.md by now.
 *
 *     --fresh             forgets what is known
 *     --document          writes MUTANTS.md of what is known
 *     --only <text>       those whose whole id the expression matches, anew, and writes nothing
 *     --argued            those that are argued to be none, through the small scenarios, and writes nothing: one that is found out
 *                         has a wrong argument
 */

// Before copies of the package are loaded: it replaces globals that they must find replaced.
import "@memkit/interleave";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { ENDLESS } from "./equivalent.js";
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

const writes = option !== "--only" && option !== "--argued";
const goesOn = existsSync(file) && option !== "--fresh" && writes;
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
const argued = (mutant: Mutant): boolean => reasonOf(mutant) !== undefined;
const some: Readonly<Record<string, () => Mutant[]>> = {
  "--only": () => all.filter(({ id }) => new RegExp(`^(${text})$`).test(id)),
  "--argued": () => all.filter((mutant) => argued(mutant) && reasonOf(mutant) !== ENDLESS),
};
const asked = some[option ?? ""]?.() ?? all;
const settled = (mutant: Mutant): boolean =>
  known[keyOf(mutant)]?.kill !== undefined || (option !== "--argued" && argued(mutant));

function keep(): void {
  if (!writes) return;
  mkdirSync(temp, { recursive: true });
  writeFileSync(file, JSON.stringify({ rows: ROWS, known } satisfies Kept));
}

// What likely and small scenarios find is known of all before one of the large ones is asked.
const ALL_PHASES = ["likely", 1500, 5000, 20_000, Number.POSITIVE_INFINITY] as const;
const PHASES = { "--document": [], "--argued": ["likely", 1500] } as const;
for (const phase of PHASES[option as keyof typeof PHASES] ?? ALL_PHASES) {
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
const wrong = option === "--argued" ? asked.some(settled) : !asked.every(settled);
if (wrong) process.exitCode = 1;
if (writes) {
  writeFileSync(new URL("../../MUTANTS.md", import.meta.url), documentOf(verdicts));
}
