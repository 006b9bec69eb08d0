/**
 * The table of engines in the README of mmap-region, in Markdown, from a report:
 *
 *     node --import tsx src/main.ts --only snapshot.re --full --json FILE
 *     node --import tsx src/snapshot-table.ts FILE
 *
 * Each cell has microseconds, and behind them the share of what `TypedArray.set` of the whole image takes.
 *
 * @module
 */

import { type RowReport, readReport } from "./report.js";
import { figure } from "./table.js";

const SIZES = [1, 16, 64, 256] as const;
const ENGINES = ["auto", "scan+undo", "discard", "copy"] as const;
/** Of which suite, and the row's name behind that of the engine. */
const COLUMNS = [
  ["1 page", "snapshot.reset", "1"],
  ["64 pages", "snapshot.reset", "64"],
  ["all read, reset", "snapshot.read", "reset"],
  ["all read, both", "snapshot.read", "request"],
] as const;

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("which report?");
const report = readReport(file);
if ("refused" in report) throw new Error(report.refused);
const { suites, machine } = report;

function rowOf(suite: string, name: string, mebibytes: number): RowReport | undefined {
  const rows = suites.find(({ id }) => id === suite)?.rows ?? [];
  return rows.find((row) => row.name === name && row.n === mebibytes);
}

/** A report without a row has "-" there: `--full` measures all. */
function cell(suite: string, name: string, mebibytes: number): string {
  const row = rowOf(suite, name, mebibytes);
  const set = rowOf(suite, "set", mebibytes);
  if (row === undefined) return "-";
  const share = set === undefined ? "" : `, ${figure(row.ns / set.ns)}`;
  return `${figure(row.ns / 1000)}${share}`;
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
let text = line(["image", "engine", ...COLUMNS.map(([title]) => title)]);
text += line(["---", "---", ...COLUMNS.map(() => "---")]);
for (const mebibytes of SIZES) {
  for (const engine of ENGINES) {
    const cells = COLUMNS.map(([, suite, name]) => cell(suite, `${engine} ${name}`, mebibytes));
    text += line([engine === "auto" ? `${mebibytes} MiB` : "", `\`${engine}\``, ...cells]);
  }
}
process.stdout.write(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}\n\n${text}`);
