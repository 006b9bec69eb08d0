/**
 * The 46 functions as text: which are there, and what they take. What `--functions` prints and README.md shows.
 *
 * @module
 */

import { FUNCTIONS } from "./functions.js";

const HEAD = ["function", "parameters", "implemented"];

/** A Markdown table, its columns aligned, with a row for each function of preview1. */
export function functionTable(): string {
  const rows = FUNCTIONS.map(({ name, params, call }) => [
    `\`${name}\``,
    params.map(([param]) => param).join(", "),
    call === undefined ? "ENOSYS" : "yes",
  ]);
  const widths = HEAD.map((head, i) => Math.max(head.length, ...rows.map((row) => width(row, i))));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((columns, i) => (row[i] ?? "").padEnd(columns)).join(" | ")} |`;
  const rule = widths.map((columns) => "-".repeat(columns));
  return `${[HEAD, rule, ...rows].map(line).join("\n")}\n`;
}

function width(row: readonly string[], column: number): number {
  return row[column]?.length ?? 0;
}
