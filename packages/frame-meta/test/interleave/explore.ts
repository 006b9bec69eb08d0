/**
 * `npm run explore`: explores all scenarios and writes test/INTERLEAVINGS.md.
 *
 *     --suite          explores those of the suite only, and keeps the rows of the others
 *     --only <text>    explores those whose name has it, and writes nothing
 */

import { readFileSync, writeFileSync } from "node:fs";
import { explore, formatReport } from "@memkit/interleave";
import { entries } from "./scenarios.js";
import { documentOf, rowIn, rowOf } from "./table.js";
import { shipped } from "./world.js";

const file = new URL("../INTERLEAVINGS.md", import.meta.url);
const [, , option, text = ""] = process.argv;
const rows: string[] = [];
for (const entry of entries) {
  const { name, form, build } = entry;
  if (option === "--suite" && form !== "suite") {
    const kept = rowIn(readFileSync(file, "utf8"), entry);
    if (kept !== undefined) rows.push(kept);
    continue;
  }
  if (option === "--only" && !name.includes(text)) continue;
  const start = performance.now();
  const report = explore(build(shipped));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${seconds.padStart(6)} s  ${form}  ${name}: ${formatReport(report)}`);
  if (!report.complete) process.exitCode = 1;
  rows.push(rowOf(entry, report));
}
if (option !== "--only") writeFileSync(file, documentOf(rows));
