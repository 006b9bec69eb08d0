/**
 * `npm run explore`: explores all scenarios and writes test/INTERLEAVINGS.md.
 *
 *     --suite          explores those of the suite only, and keeps the rows that others have
 *     --only <text>    explores those whose name has it, and writes nothing
 *     --renew <text>   explores those whose name has it, and keeps the rows that others have
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
  const asked =
    option === "--only" || option === "--renew"
      ? name.includes(text)
      : option !== "--suite" || form === "suite";
  const kept = asked ? undefined : rowIn(before, entry);
  if (kept !== undefined) rows.push(kept);
  if (!asked) continue;
  const start = performance.now();
  const report = exploreAll(entry, shipped);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${seconds.padStart(6)} s  ${form}  ${name}: ${formatReport(report)}`);
  if (!report.complete) process.exitCode = 1;
  rows.push(rowOf(entry, report));
}
if (option !== "--only") writeFileSync(file, documentOf(rows));
