import { explore, type Reduction, type Report } from "@memkit/interleave";
import { describe, expect, it } from "vitest";
import { choose, words } from "./support/words.js";

/** `threads` threads with `steps` stores each; thread t stores to word `word(t)`. */
function stores(
  threads: number,
  steps: number,
  word: (thread: number) => number,
  reduction: Reduction,
): Report {
  return explore({
    setup: words(0, 0, 0),
    attach: (shared, thread) => ({ shared, at: word(thread) }),
    threads: new Array<(agent: { shared: Int32Array; at: number }) => void>(threads).fill(
      ({ shared, at }) => {
        for (let i = 0; i < steps; i += 1) Atomics.store(shared, at, i);
      },
    ),
    reduction,
  });
}

const same = (): number => 0;
const own = (thread: number): number => thread;

describe("closed forms", () => {
  it.each([1, 2, 3, 5, 8])("2 threads x %i steps: C(2k, k) schedules", (k) => {
    const report = stores(2, k, same, "none");
    expect(report.schedules).toBe(choose(2 * k, k));
    expect(report.longestTrace).toBe(2 * k);
    // The steps are the edges of the tree of schedules: one into each of its nodes but the root.
    expect(report.steps).toBe(report.states - 1);
    expect(report.states).toBe(choose(2 * k + 2, k + 1) - 1);
    // Each thread has one local state for every number of steps.
    expect(report.localStates).toBe(2 * (k + 1));
  });

  it.each([1, 2, 3])("3 threads x %i steps: (3k)! / k!^3 schedules", (k) => {
    expect(stores(3, k, same, "none").schedules).toBe(choose(3 * k, k) * choose(2 * k, k));
  });

  it("sleep sets follow one schedule of those that differ in independent steps", () => {
    expect(stores(3, 4, own, "sleep").schedules).toBe(1);
    // All orders of stores to one word differ.
    expect(stores(2, 4, same, "sleep").schedules).toBe(choose(8, 4));
    // Loads of one word do not.
    const load = (shared: Int32Array): void => {
      for (let i = 0; i < 4; i += 1) Atomics.load(shared, 0);
    };
    const report = explore({ setup: words(0), threads: [load, load, load], reduction: "sleep" });
    expect(report.schedules).toBe(1);
  });

  it("states: every combination of positions once", () => {
    expect(stores(3, 4, own, "states").states).toBe(5 ** 3);
    expect(stores(3, 4, own, "states").schedules).toBe(1);
  });

  it("a lost update: 6 schedules, of which 4 lose", () => {
    const sums: number[] = [];
    const bump = (shared: Int32Array): number =>
      Atomics.store(shared, 0, Atomics.load(shared, 0) + 1);
    const report = explore({
      setup: words(0),
      threads: [bump, bump],
      atEnd: { collect: (shared) => void sums.push(shared[0]!) },
      reduction: "none",
    });
    expect(report.schedules).toBe(6);
    expect(sums.sort()).toEqual([1, 1, 1, 1, 2, 2]);
  });
});

describe("re-execution", () => {
  it("runs a thread to its end at once and a second time to compare, however many schedules there are", () => {
    let runs = 0;
    const count = (shared: Int32Array): void => {
      runs += 1;
      for (let i = 0; i < 8; i += 1) Atomics.store(shared, 0, i);
    };
    const report = explore({ setup: words(0), threads: [count, count], reduction: "none" });
    expect(report).toMatchObject({ schedules: choose(16, 8), localStates: 18 });
    expect(runs).toBe(2 * (1 + 2)); // up to its first access, then ahead of it, then IL-3
  });

  it("runs it again only where it is told something else", () => {
    let runs = 0;
    const copy = (shared: Int32Array): void => {
      runs += 1;
      for (let i = 0; i < 8; i += 1) Atomics.load(shared, 0);
    };
    const store = (shared: Int32Array): number => Atomics.store(shared, 0, 1);
    const report = explore({ setup: words(0), threads: [copy, store], reduction: "none" });
    expect(report).toMatchObject({ schedules: 9, localStates: 36 + 1 + 2 });
    // From each of the loads on 1 can be seen: a branch that leaves the one of zeros there.
    expect(runs).toBe(1 + 2 + 7 * 2 + 1);
  });

  it("IL-3: what is done ahead is done again, and must be the same", () => {
    let runs = 0;
    const fickle = (shared: Int32Array): void => {
      runs += 1;
      for (let i = 0; i < 8; i += 1) Atomics.load(shared, runs > 2 && i === 5 ? 1 : 0);
    };
    expect(() => explore({ setup: words(0, 0), threads: [fickle] })).toThrow(/as access 5/);
  });
});

describe("IL-6: what a limit has cut is not complete", () => {
  it.each([
    ["schedules", { schedules: 69 }, "69 schedules"],
    ["states", { states: 100 }, "100 states"],
    ["steps", { steps: 3 }, "3 steps of thread 0"],
  ] as const)("%s", (_name, limits, cut) => {
    const step = (shared: Int32Array): void => {
      for (let i = 0; i < 4; i += 1) Atomics.store(shared, 0, i);
    };
    const scenario = { setup: words(0), threads: [step, step], reduction: "none" as const };
    expect(explore(scenario)).toMatchObject({ complete: true, schedules: 70, states: 251 });
    const report = explore({ ...scenario, limits });
    expect(report).toMatchObject({ complete: false, failure: undefined });
    expect(report.cut).toContain(cut);
  });

  it("limits that are just enough cut nothing", () => {
    const step = (shared: Int32Array): void => {
      for (let i = 0; i < 4; i += 1) Atomics.store(shared, 0, i);
    };
    const limits = { schedules: 70, states: 251, steps: 4 };
    const report = explore({
      setup: words(0),
      threads: [step, step],
      reduction: "none",
      limits,
    });
    expect(report).toMatchObject({ complete: true, cut: undefined });
  });
});
