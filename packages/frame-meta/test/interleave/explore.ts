/**
 * `npm run explore`: explores all scenarios and writes test/INTERLEAVINGS.md.
 *
 *     --suite          explores those of the suite only, and keeps the rows that others have
 *     --only <text>    explores those whose name has it, and writes nothing
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { formatReport } from "@memkit/interleave";
import { entries } from "./scenarios.js";
import { documentOf, exploreAll, rowIn, rowOf } from "./table.js";
import { shipped } from "./world.js";

const file = new URL("../INTERLEAVINGS.md", import.meta.url);
const [, , option, text = ""] = process.argv;
const before = existsSync(file) ? readFileSync(file, "utf8") : "";
const rows: string[] = [];
for (const entry of entries) {
  const { name, form } = entry;
  const kept = option === "--suite" && form !== "suite" ? rowIn(before, entry) : undefined;
  if (kept !== undefined) {
    rows.push(kept);
    continue;
  }
  if (option === "--only" && !name.includes(text)) continue;
  const start = performance.now();
  const report = exploreAll(entry, shipped);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${seconds.padStart(6)} s  ${form}  ${name}: ${formatReport(report)}`);
  if (!report.complete) process.exitCode = 1;
  rows.push(rowOf(entry, report));
}
if (option !== "--only") writeFileSync(file, documentOf(rows));
