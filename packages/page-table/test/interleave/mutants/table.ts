/**
 * test/MUTANTS.md: what became of each mutant.
 *
 * @module
 */

import { EQUIVALENT } from "./equivalent.js";
import type { Mutant } from "./generate.js";
import type { Findings } from "./judge.js";

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** Why it is no mistake, if it is none. */
export const reasonOf = (mutant: Mutant): string | undefined =>
  EQUIVALENT.find(({ matches }) => matches(mutant))?.reason;

/** What is said of a mutant that is neither killed nor argued: which scenarios of how many it has come through. */
const openAfter = ({ passed, cut }: Findings): string =>
  `**open**, after ${passed.length} scenarios${cut.length > 0 ? ` and ${cut.length} cut short` : ""}`;

function rowOf(mutant: Mutant, findings: Findings): string {
  const { kill } = findings;
  const { id, kind, where, what } = mutant;
  const verdict = kill?.scenario ?? reasonOf(mutant) ?? openAfter(findings);
  const cells = [id, kind, `\`${where}\`: \`${what}\``, verdict, kill?.oracle ?? ""];
  return `| ${cells.map(cell).join(" | ")} |`;
}

/** The oracles, and how many mutants each has found first. */
function tally(findings: readonly Findings[]): string {
  const counts = new Map<string, number>();
  for (const { kill } of findings) {
    const oracle = kill?.oracle.split(":")[0];
    if (oracle !== undefined) counts.set(oracle, (counts.get(oracle) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([oracle, count]) => `${count} by ${oracle}`)
    .join(", ");
}

/** The whole file. */
export function documentOf(verdicts: readonly (readonly [Mutant, Findings])[]): string {
  const findings = verdicts.map(([, found]) => found);
  const killed = findings.filter(({ kill }) => kill !== undefined).length;
  const argued = verdicts.filter(
    ([mutant, { kill }]) => kill === undefined && reasonOf(mutant) !== undefined,
  ).length;
  const open = verdicts.length - killed - argued;
  return `# Mutants

Written by \`npm run mutants:interleavings --prefix packages/page-table\`. For each step of the locking protocol, mistakes are made by a script in the functions that
make it: a statement or a check is left out, an atomic access becomes plain, a swap a store, two statements change places. Each runs through the
scenarios of INTERLEAVINGS.md in a copy of the package, the quickest first, until one finds it out. That a scenario has not ended in time is no proof.

${verdicts.length} mutants, ${killed} killed: ${tally(findings)}. ${argued} are no mistakes, or of no schedule, for the reason given; they are not run.
${open} are open.

| id | kind | where | killed in, or why not | by |
| --- | --- | --- | --- | --- |
${verdicts.map(([mutant, found]) => rowOf(mutant, found)).join("\n")}
`;
}
