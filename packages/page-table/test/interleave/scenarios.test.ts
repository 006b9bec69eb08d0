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

it("INTERLEAVINGS.md has a complete row for each scenario of the long form", () => {
  for (const entry of entries) {
    expect(rowIn(document, entry), entry.name).toContain(" | yes | ");
  }
});
