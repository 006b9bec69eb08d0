import { explore, type Reduction, replay } from "@memkit/interleave";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atomicCode, mixedCode, modelOf, naively, scenarioOf } from "./support/random-programs.js";

const REDUCTIONS: readonly Reduction[] = ["none", "sleep", "states", "both"];

describe.each(REDUCTIONS)("IL-5: random programs, reduction %s", (reduction) => {
  it("reach exactly the final states that brute force reaches", () => {
    fc.assert(
      fc.property(atomicCode, (code) => {
        const finals = new Set<string>();
        const report = explore({ ...scenarioOf(code, finals), reduction });
        const { finals: expected, schedules } = naively(code);
        expect(report).toMatchObject({ complete: true, failure: undefined });
        expect([...finals].sort()).toEqual([...expected].sort());
        if (reduction === "none") expect(report.schedules).toBe(schedules);
        else expect(report.schedules).toBeLessThanOrEqual(schedules);
      }),
      { numRuns: 150 },
    );
  });

  it("IL-4: race exactly where happens-before as a graph says so", () => {
    fc.assert(
      fc.property(mixedCode, (code) => {
        const scenario = { ...scenarioOf(code), reduction };
        const { failure } = explore(scenario);
        const { race } = naively(code);
        expect(failure?.kind).toBe(race ? "race" : undefined);
        if (failure) expect(replay(scenario, failure.trace).failure).toEqual(failure);
      }),
      { numRuns: 150 },
    );
  });

  it("are linearizable exactly where brute force finds an order for every schedule", () => {
    fc.assert(
      fc.property(atomicCode, (code) => {
        const scenario = { ...scenarioOf(code), model: modelOf(code), reduction };
        const { failure } = explore(scenario);
        const { linearizable } = naively(code);
        expect(failure?.kind).toBe(linearizable ? undefined : "not-linearizable");
        if (failure) expect(replay(scenario, failure.trace).failure).toEqual(failure);
      }),
      { numRuns: 200 },
    );
  });
});
