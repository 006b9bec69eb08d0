/**
 * The report as text.
 *
 * @module
 */

import type { CheckReport, Report, RowReport, SuiteReport } from "./report.js";
import type { Attempt } from "./verdict.js";

/** Columns as wide as their widest cell; the first and last are aligned left, the others right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const last = header.length - 1;
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 || column === last
          ? cell.padEnd(widths[column]!)
          : cell.padStart(widths[column]!),
      )
      .join("  ")
      .trimEnd();
  return [line(header), ...rows.map(line)].map((text) => `  ${text}\n`).join("");
}

/** Three significant digits, never an exponent. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}

const percent = (share: number): string =>
  Number.isFinite(share) ? `${Math.round(100 * share)}%` : "-";

const bytesText = (bytes: number | null): string =>
  bytes === null || Number.isNaN(bytes) ? "-" : bytes < 0.05 ? "0" : bytes.toFixed(1);

const rowCells = (row: RowReport): string[] => [
  `${row.name}${row.eliminated ? " !" : ""}`,
  row.n === null ? "" : String(row.n),
  figure(row.ns),
  percent(row.spread / row.ns),
  bytesText(row.bytes),
  row.perFloor === null ? "-" : figure(row.perFloor),
  `${row.role}: ${row.what}`,
];

export function suiteText(suite: SuiteReport): string {
  const eliminated = suite.rows.some((row) => row.eliminated);
  return [
    `${suite.id}: ${suite.title} (${suite.statistic}s of ${suite.rounds} rounds, ${suite.seconds.toFixed(1)} s)\n`,
    table(["row", "n", "ns/op", "spread", "B/op", "x floor", "what"], suite.rows.map(rowCells)),
    eliminated ? "  ! the compiler removed the work of this row: its figure means nothing\n" : "",
  ].join("");
}

const reasonOf = (attempt: Attempt): string => {
  if (attempt.ok) return "held";
  if (attempt.eliminated) return "optimised away";
  return attempt.noisy ? "noisy" : "missed";
};

function verdictText({ ok, attempts }: CheckReport): string {
  const tries = attempts.length === 1 ? "" : ` (${attempts.map(reasonOf).join(", ")})`;
  return `${ok ? "ok" : "FAILS"}${tries}`;
}

export function checksText(checks: readonly CheckReport[]): string {
  return table(
    ["check", "value", "bound", "unit", "spread", "verdict"],
    checks.map((check) => [
      check.id,
      figure(check.value),
      `${check.sense} ${check.bound}`,
      check.unit,
      percent(check.spread / check.bound),
      verdictText(check),
    ]),
  );
}

/** The whole report, with the definitions a reader of the tables needs. */
export function reportText(report: Report): string {
  const { machine } = report;
  return [
    `${machine.cpu}, ${machine.cores} cores, node ${machine.node}, load ${machine.load.toFixed(1)}, commit ${report.commit ?? "unknown"}\n\n`,
    ...report.suites.map((suite) => `${suiteText(suite)}\n`),
    report.suites.length > 0
      ? "Spread of a row: (p75 - p25) / median over the rounds. B/op: bytes of garbage an operation. x floor: against the\nnearest floor row above.\n\n"
      : "",
    report.checks.length > 0
      ? `${checksText(report.checks)}Spread of a check: (p75 - p25) over the rounds, as a share of the bound; above 30% it is noisy and fails.\n\n`
      : "",
    ...report.failures.map(({ suite, message }) => `${suite} could not be measured: ${message}\n`),
    `${report.checks.filter((check) => check.ok).length} of ${report.checks.length} checks hold\n`,
  ].join("");
}
