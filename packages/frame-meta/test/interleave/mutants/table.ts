/**
 * test/MUTANTS.md: what became of each mutant.
 *
 * @module
 */

import type { Mutant } from "./generate.js";
import type { Kill } from "./judge.js";

export interface Verdict {
  readonly mutant: Mutant;
  readonly kill: Kill | undefined;
  /** Why it is no mistake, if it is none. */
  readonly reason: string | undefined;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

function rowOf({ mutant, kill, reason }: Verdict): string {
  const { id, transition, kind, where, what } = mutant;
  const by = kill === undefined ? (reason ?? "**survives**") : kill.scenario;
  const cells = [id, transition, kind, `\`${where}\`: \`${what}\``, by, kill?.oracle ?? ""];
  return `| ${cells.map(cell).join(" | ")} |`;
}

/** The whole file. */
export function documentOf(verdicts: readonly Verdict[]): string {
  const killed = verdicts.filter(({ kill }) => kill !== undefined);
  const only = killed.filter(({ kill }) => kill?.oracle === "not-linearizable");
  return `# Mutants

Written by \`npm run mutants:interleavings --prefix packages/frame-meta\`. For each transition of a slot, mistakes are made by a script in the functions that make
it: a swap becomes a load and a store, or a store; a state becomes its neighbour; an atomic access becomes plain; a check or a statement is
left out; a write comes too late, or the publication too early; an add is looked at afterwards. Each runs through the scenarios of the
suite in a copy of the package; what \`reap\` does to slots, through seven of its own, an agent's death at each moment.

${verdicts.length} mutants, ${killed.length} killed, ${only.length} of them by linearizability alone: races, deadlocks and invariants find nothing in any scenario. The others are
no mistakes, for the reason given.

| id | transition | kind | where | killed in, or why not | by |
| --- | --- | --- | --- | --- | --- |
${verdicts.map(rowOf).join("\n")}
`;
}
