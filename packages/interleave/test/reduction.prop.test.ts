import { explore, type Reduction, replay } from "@memkit/interleave";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atomicCode, mixedCode, modelOf, naively, scenarioOf } from "./support/random-programs.js";

const REDUCTIONS: readonly Reduction[] = ["none", "sleep", "states", "both", "private"];

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

  it("break an invariant exactly where a state of some schedule does", () => {
    const looks = fc.record({ first: fc.nat({ max: 1 }), is: fc.nat({ max: 3 }), not: fc.nat(4) });
    fc.assert(
      fc.property(atomicCode, looks, (code, { first, is, not }) => {
        // It looks at one word in most states, and at the other in few.
        const never = (words: Int32Array): boolean =>
          words[first] !== is || words[1 - first] !== not;
        const scenario = { ...scenarioOf(code), invariants: { never } };
        const { failure } = explore({ ...scenario, reduction });
        const expected = explore({ ...scenario, reduction: "none" }).failure;
        expect(failure?.kind).toBe(expected?.kind);
      }),
      { numRuns: 150 },
    );
  });

  it("reach the final states of a death, and of its heir", () => {
    fc.assert(
      fc.property(atomicCode, fc.nat({ max: 4 }), (code, after) => {
        const death = { thread: 0, after, heirs: [1] };
        const finalsOf = (by: Reduction): string[] => {
          const finals = new Set<string>();
          expect(explore({ ...scenarioOf(code, finals), death, reduction: by }).complete).toBe(
            true,
          );
          return [...finals].sort();
        };
        expect(finalsOf(reduction)).toEqual(finalsOf("none"));
      }),
      { numRuns: 100 },
    );
  });

  it("reach the final states of threads that wait for words", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 2 }), { maxLength: 4 }),
        fc.nat({ max: 2 }),
        (stores, is) => {
          const finalsOf = (by: Reduction): string[] => {
            const finals = new Set<string>();
            const report = explore({
              setup: () => new Int32Array(new SharedArrayBuffer(16)),
              threads: [
                (words) => {
                  for (const value of stores) Atomics.store(words, 0, value);
                  Atomics.store(words, 0, 3);
                  return Atomics.load(words, 1);
                },
                (words) => {
                  Atomics.store(words, 2, 1);
                  while (Atomics.load(words, 0) !== is && Atomics.load(words, 0) !== 3) {
                    Atomics.add(words, 1, 1);
                    Atomics.wait(words, 0, Atomics.load(words, 0), 100);
                  }
                  return Atomics.load(words, 2);
                },
                (words) => Atomics.add(words, 3, Atomics.load(words, 0)),
              ],
              atEnd: {
                collect: (words, outcomes) =>
                  void finals.add(JSON.stringify([[...words], outcomes])),
              },
              reduction: by,
            });
            return report.failure === undefined ? [...finals].sort() : [report.failure.kind];
          };
          expect(finalsOf(reduction)).toEqual(finalsOf("none"));
        },
      ),
      { numRuns: 20 },
    );
  });
});
