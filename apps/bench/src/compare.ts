/**
 * Two reports beside each other: every figure of the new one as a multiple of the old.
 *
 * Checks are ratios formed within one run and may be compared across runs; nanoseconds only where machine and load were
 * the same, which the text says when they were not.
 *
 * @module
 */

import type { Machine, Report } from "./report.js";
import { figure, table } from "./table.js";

/** A figure that both reports have. */
export interface Change {
  readonly id: string;
  readonly old: number;
  readonly new: number;
  /** new / old. */
  readonly ratio: number;
}

function pair(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): Change[] {
  return [...now].flatMap(([id, value]): Change[] => {
    const old = before.get(id);
    return old === undefined ? [] : [{ id, old, new: value, ratio: value / old }];
  });
}

const rowsOf = (report: Report): Map<string, number> =>
  new Map(
    report.suites.flatMap((suite) =>
      suite.rows.map((row): [string, number] => [
        `${suite.id} ${row.name}${row.n === null ? "" : `@${row.n}`}`,
        row.ns,
      ]),
    ),
  );

const checksOf = (report: Report): Map<string, number> =>
  new Map(report.checks.map((check) => [check.id, check.value]));

export function compareReports(
  now: Report,
  before: Report,
): { readonly rows: Change[]; readonly checks: Change[] } {
  return {
    rows: pair(rowsOf(now), rowsOf(before)),
    checks: pair(checksOf(now), checksOf(before)),
  };
}

function differences(now: Machine, before: Machine): string {
  const names = (["cpu", "cores", "platform", "node"] as const).filter(
    (name) => now[name] !== before[name],
  );
  return names.map((name) => `${name} ${before[name]} then, ${now[name]} now`).join("; ");
}

const changeTable = (header: string, changes: readonly Change[]): string =>
  changes.length === 0
    ? ""
    : table(
        [header, "old", "new", "new/old"],
        changes.map((c) => [c.id, figure(c.old), figure(c.new), figure(c.ratio)]),
      );

export function compareText(now: Report, before: Report): string {
  const { rows, checks } = compareReports(now, before);
  const differs = differences(now.machine, before.machine);
  return [
    `Compared with ${before.date}, commit ${before.commit ?? "unknown"}\n`,
    differs === "" ? "" : `Not the same conditions, so compare the checks alone: ${differs}\n`,
    changeTable("row, ns/op", rows),
    changeTable("check", checks),
    rows.length + checks.length === 0 ? "The two reports have no figure in common.\n" : "",
  ].join("");
}
