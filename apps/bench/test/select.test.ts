import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findSuites, selectIds, selectionIn, selectSuites } from "../src/select.js";

const fixtures = findSuites(fileURLToPath(new URL("./fixtures", import.meta.url)));
const idsOf = (only: string): string[] => selectSuites(fixtures, only).map((suite) => suite.id);

describe("suites on disk", () => {
  it("are called by package and topic", () => {
    expect(fixtures.map((suite) => suite.id)).toEqual([
      "broken.dies",
      "broken.missed",
      "broken.mistaken",
      "broken.throws",
      "flaky.attempts",
      "steady.times",
    ]);
    expect(fixtures[4]?.package).toBe("flaky");
  });
});

describe("--only", () => {
  it("selects by the beginning of an id", () => {
    expect(selectIds(["a.b.n1", "a.b.n8", "a.c.n1"], "a.b")).toEqual(["a.b.n1", "a.b.n8"]);
    expect(selectIds(["a.b.n1"], "b")).toEqual([]);
  });

  it("selects an id given in full alone", () => {
    expect(selectIds(["a.b.n1", "a.b.n12"], "a.b.n1")).toEqual(["a.b.n1"]);
    expect(selectIds(["a.b.n1", "a.b.n12"], "a.b.n")).toEqual(["a.b.n1", "a.b.n12"]);
  });

  it("finds the suites of a package, of part of a name, and of a check", () => {
    expect(idsOf("broken")).toHaveLength(4);
    expect(idsOf("broken.mis")).toEqual(["broken.missed", "broken.mistaken"]);
    expect(idsOf("steady.times.n1")).toEqual(["steady.times"]);
    expect(idsOf("steady.time.n1")).toEqual([]);
    expect(idsOf("nowhere")).toEqual([]);
  });

  it("takes a whole suite or only what a check needs", () => {
    const [suite] = selectSuites(fixtures, "steady");
    expect(selectionIn(suite!, null)).toEqual({ kind: "all" });
    expect(selectionIn(suite!, "steady.times")).toEqual({ kind: "all" });
    expect(selectionIn(suite!, "steady.times.n")).toEqual({
      kind: "prefix",
      only: "steady.times.n",
    });
  });
});
