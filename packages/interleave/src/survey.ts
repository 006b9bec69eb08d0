/**
 * What was explored, as a table: a package's scenarios by name, and the rows of its INTERLEAVINGS.md.
 *
 * @module
 */

import { explore } from "./explore.js";
import { formatReport, type Report } from "./report.js";
import type { Scenario } from "./scenario.js";

/** A scenario by name, for any version of the code under test. */
export interface Entry<Lib> {
  readonly name: string;
  /** `suite` runs with the tests, `long` in the script alone. */
  readonly form: "suite" | "long";
  /** One, or one for each moment at which somebody dies. */
  readonly build: (lib: Lib) => readonly Scenario<never, never, never>[];
}

/** All of a scenario, up to its first failure. */
export function exploreAll<Lib>({ build }: Entry<Lib>, lib: Lib): Report {
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

type Named = Pick<Entry<never>, "name" | "form">;

/** One scenario's row. */
export function rowOf({ name, form }: Named, report: Report): string {
  const { complete, schedules, states, longestTrace } = report;
  const cells = [name, form, complete ? "yes" : "NO", schedules, states, longestTrace];
  return `| ${cells.join(" | ")} |`;
}

/** The row of a scenario in the file, if it has one. */
export function rowIn(document: string, { name, form }: Named): string | undefined {
  return document.split("\n").find((line) => line.startsWith(`| ${name} | ${form} |`));
}

/**
 * `npm run explore` of a package: explores its scenarios, with a line for each, and gives the rows of its table.
 *
 *     --suite          explores those of the suite only, and keeps the rows that others have
 *     --only <text>    explores those whose name has it; undefined, for the table is not to be written
 *     --renew <text>   explores those whose name has it, and keeps the rows that others have
 *
 * @param before - The table as it is
 */
export function survey<Lib>(
  entries: readonly Entry<Lib>[],
  lib: Lib,
  before: string,
  [option, text = ""]: readonly string[],
): { readonly rows: readonly string[] | undefined; readonly complete: boolean } {
  const rows: string[] = [];
  let complete = true;
  for (const entry of entries) {
    const { name, form } = entry;
    const asked =
      option === "--only" || option === "--renew"
        ? name.includes(text)
        : option !== "--suite" || form === "suite";
    const kept = asked ? undefined : rowIn(before, entry);
    if (kept !== undefined) rows.push(kept);
    if (!asked) continue;
    const start = performance.now();
    const report = exploreAll(entry, lib);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${seconds.padStart(6)} s  ${form}  ${name}: ${formatReport(report)}`);
    complete &&= report.complete;
    rows.push(rowOf(entry, report));
  }
  return { rows: option === "--only" ? undefined : rows, complete };
}
