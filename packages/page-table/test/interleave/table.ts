/**
 * test/INTERLEAVINGS.md: what was explored, as a table.
 *
 * @module
 */

import { explore, type Report } from "@memkit/interleave";

import type { Entry } from "./scenarios.js";
import type { Lib } from "./world.js";

/** All of a scenario, up to its first failure. */
export function exploreAll({ build }: Entry, lib: Lib): Report {
  const reports: Report[] = [];
  for (const scenario of build(lib)) {
    reports.push(explore(scenario));
    if (!reports.at(-1)!.complete) break;
  }
  const sum = (of: (report: Report) => number): number => reports.reduce((n, r) => n + of(r), 0);
  return {
    ...reports.at(-1)!,
    schedules: sum(({ schedules }) => schedules),
    states: sum(({ states }) => states),
    steps: sum(({ steps }) => steps),
    localStates: sum(({ localStates }) => localStates),
    longestTrace: Math.max(...reports.map(({ longestTrace }) => longestTrace)),
  };
}

/** One scenario's row. */
export function rowOf({ name, form }: Entry, report: Report): string {
  const { complete, schedules, states, longestTrace } = report;
  const cells = [name, form, complete ? "yes" : "NO", schedules, states, longestTrace];
  return `| ${cells.join(" | ")} |`;
}

const HEAD = `# Interleavings

Written by \`npm run explore -w packages/page-table\`, which takes minutes; \`-- --suite\` renews the rows of the suite alone.

Each scenario is explored over all orders of all accesses to shared memory, plain ones too, by \`@memkit/interleave\`; schedules and states are those
that are left by its reductions. In each state an entry leads to a node that is held and not stray; at the end \`checkInvariants\` finds nothing; results and final
state are those of the operations in some order on the model; no two accesses race, and no schedule gets stuck. A row that is not
complete would be no evidence.

| scenario | form | complete | schedules | states | longest trace |
| --- | --- | --- | ---: | ---: | ---: |
`;

/** The whole file. */
export const documentOf = (rows: readonly string[]): string => `${HEAD}${rows.join("\n")}\n`;

/** The row of a scenario in the file, if it has one. */
export function rowIn(document: string, { name, form }: Entry): string | undefined {
  return document.split("\n").find((line) => line.startsWith(`| ${name} | ${form} |`));
}
