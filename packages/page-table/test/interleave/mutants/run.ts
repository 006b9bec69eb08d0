/**
 * `npm run mutants:interleavings -w packages/page-table`: runs all mutants through the scenarios of the suite, and writes test/MUTANTS.md.
 *
 *     --only <text>       those whose whole id the expression matches, and writes nothing
 */

// Before copies of the package are loaded: it replaces globals that they must find replaced.
import "@memkit/interleave";
import { writeFileSync } from "node:fs";
import { explore, type Scenario } from "@memkit/interleave";
import { entries } from "../scenarios.js";
import type { Lib } from "../world.js";
import { EQUIVALENT } from "./equivalent.js";
import { cleanUp, generate, load, type Mutant } from "./generate.js";

const [, , option, text = ""] = process.argv;
/** More than any of the scenarios needs that mutants run through. */
const limits = { steps: 180, states: 12_000 };
/** The one of the long form in which a table is freed beside a cursor that is on its way down, without a lock. */
const FREED = "query, unmap of all around it";
const scenarios = entries.filter(
  ({ form, name }) => (form === "suite" && !name.startsWith("reap")) || name === FREED,
);

function killedBy(lib: Lib): string | undefined {
  for (const { name, build } of scenarios) {
    for (const scenario of build(lib) as unknown as readonly Scenario<unknown>[]) {
      try {
        const { failure, cut } = explore({ ...scenario, limits });
        if (failure !== undefined) return `${failure.kind} in "${name}"`;
        if (cut?.includes("may be spinning") === true) return `endless loop in "${name}"`;
      } catch (error) {
        const { code, name: kind } = error as { readonly code?: string; readonly name: string };
        return `error ${code ?? kind} in "${name}"`;
      }
    }
  }
  return undefined;
}

const reasonOf = (mutant: Mutant): string | undefined =>
  EQUIVALENT.find(({ matches }) => matches(mutant))?.reason;
const cell = (of: string): string => of.replaceAll("|", "\\|");

const rows: string[] = [];
let killed = 0;
for (const mutant of generate()) {
  if (option === "--only" && !new RegExp(`^(${text})$`).test(mutant.id)) continue;
  const { id, kind, where, what } = mutant;
  const kill = killedBy(await load(mutant));
  if (kill !== undefined) killed += 1;
  const verdict = kill ?? reasonOf(mutant) ?? "**survives**";
  console.log(`${id}  ${kind}  ${where}: ${what}\n      ${verdict}`);
  if (verdict === "**survives**") process.exitCode = 1;
  rows.push(`| ${[id, kind, `\`${where}\`: \`${what}\``, verdict].map(cell).join(" | ")} |`);
}
cleanUp();
if (option !== "--only") {
  writeFileSync(
    new URL("../../MUTANTS.md", import.meta.url),
    `# Mutants

Written by \`npm run mutants:interleavings -w packages/page-table\`. For each step of the locking protocol, mistakes are made by a script in the functions that
make it: a statement or a check is left out, an atomic access becomes plain, a swap a store, two statements change places. Each runs through the
scenarios of the suite in a copy of the package.

${rows.length} mutants, ${killed} killed. The others are no mistakes, or of no schedule, for the reason given.

| id | kind | where | killed by, or why not |
| --- | --- | --- | --- |
${rows.join("\n")}
`,
  );
}
