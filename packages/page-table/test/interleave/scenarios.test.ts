/** PT-50 PT-51 PT-52 PT-53 PT-54 PT-55 PT-56: on every interleaving of the scenarios in the suite's form. */

import { readFileSync } from "node:fs";
import { exploreAll, formatReport, rowIn, rowOf } from "@memkit/interleave";
import { describe, expect, it } from "vitest";
import { entries } from "./scenarios.js";
import { shipped } from "./world.js";

const document = readFileSync(new URL("../INTERLEAVINGS.md", import.meta.url), "utf8");
const suite = entries.filter(({ form }) => form === "suite");

describe("holds on every interleaving, with the numbers of INTERLEAVINGS.md:", () => {
  it.each(suite.map((entry) => [entry.name, entry] as const))("%s", (_name, entry) => {
    const report = exploreAll(entry, shipped);
    expect(report.complete, formatReport(report)).toBe(true);
    const again = "npm run explore --prefix packages/page-table -- --suite renews the table";
    expect(rowOf(entry, report), again).toBe(rowIn(document, entry));
  });
});

/** Explored in part only, on a machine that was busy: `npm run explore` gives them their rows, and then they are no exceptions. */
const OPEN: readonly string[] = [
  "three levels: query, take of all",
  "three levels: map, unmap of all",
  "three levels: cleanUp, map",
  "translate, split of the huge page",
  "query, split of the huge page",
  "tracked: map, unmap of all",
  "tracked: fork, unmap",
  "tracked: fork, map",
  "tracked, three levels: queryFrame, unmap of all",
  "reap at each access, beside a map: map of a missing table",
  "reap at each access, beside a maker of tables: map",
  "reap at each access, beside a translate: unmap of all",
  "reap at each access: hide",
  "reap at each access: unmap of all",
  "reap at each access: map of an item",
  "reap at each access: unmap of all items",
  "reap at each access: queryFrame",
  "reap at each access, with a ledger: fork",
  "reap at each access: three levels, map of missing tables",
  "reap at each access: three levels, unmap of all",
  "reap at each access: three levels, cleanUp",
  "reap at each access, with a ledger: take of all",
  "reap of a mapper that has the lock, beside a map",
  "reap of a mapper, beside a map in another table",
  "reap at each access, beside a translate: protect",
  "reap at each access, beside a translate: map",
  "reap at each access: map of a huge page in a table's place",
  "reap at each access: three levels, map by a wide cursor",
];

it("INTERLEAVINGS.md has a complete row for each scenario of the long form that has been explored", () => {
  for (const entry of entries) {
    const row = rowIn(document, entry);
    if (OPEN.includes(entry.name)) expect(row, entry.name).toBeUndefined();
    else expect(row, entry.name).toContain(" | yes | ");
  }
});
