/** Every way in which an exploration is refused, or ends without having shown anything. */

import {
  explore,
  InterleaveError,
  type InterleaveErrorDetail,
  replay,
  type Scenario,
  verify,
} from "@memkit/interleave";
import { describe, expect, it } from "vitest";
import { words } from "./support/words.js";

function errorOf(run: () => unknown): InterleaveErrorDetail {
  try {
    run();
  } catch (error) {
    if (error instanceof InterleaveError) return { ...error } as unknown as InterleaveErrorDetail;
    throw error;
  }
  throw new Error("did not throw");
}

/** One thread over two words. */
const alone = (run: (shared: Int32Array) => unknown): Scenario<Int32Array> => ({
  setup: words(0, 0),
  threads: [run],
});
const load = (shared: Int32Array): number => Atomics.load(shared, 0);

describe("a scenario is refused:", () => {
  it.each([0, 17])("%i threads", (got) => {
    const scenario = { setup: words(0), threads: new Array<typeof load>(got).fill(load) };
    expect(errorOf(() => explore(scenario))).toEqual({ code: "thread-count", got, max: 16 });
  });
  it.each([
    ["steps", 0],
    ["schedules", 1.5],
    ["states", -1],
    ["states", Number.NaN],
  ])("a limit of %s %d", (limit, got) => {
    const scenario = { ...alone(load), limits: { [limit]: got } };
    expect(errorOf(() => explore(scenario))).toEqual({ code: "bad-limit", limit, got });
  });
  it("a model that does not know an operation", () => {
    const scenario = { ...alone(load), model: { initial: () => ({}) } };
    expect(errorOf(() => explore(scenario))).toEqual({
      code: "operation-without-model",
      operation: "load",
    });
  });
  it("inside another one", () => {
    const scenario = { ...alone(load), atEnd: { again: () => explore(alone(load)) } };
    // An invariant's exception is its verdict.
    expect(explore(scenario).failure?.message).toContain("an exploration is running");
    expect(errorOf(() => explore(alone(() => explore(alone(load)))))).toEqual({
      code: "already-running",
    });
  });
});

describe("the code under test cannot be followed:", () => {
  it("asynchronous operations", () => {
    expect(errorOf(() => explore(alone(async (shared) => load(shared))))).toEqual({
      code: "unsupported",
      what: "an operation that is asynchronous",
    });
  });
  it.each<readonly [string, string, (shared: Int32Array) => unknown]>([
    ["waitAsync", "Atomics.waitAsync", (s) => Reflect.get(Atomics, "waitAsync")(s, 0, 0)],
    ["growing", "a SharedArrayBuffer that can grow", () => growable()],
    ["sorting", "sort of a typed array over shared memory", (s) => s.sort()],
  ])("%s", (_name, what, run) => {
    expect(errorOf(() => explore(alone(run)))).toEqual({ code: "unsupported", what });
  });
  it("a buffer from outside", () => {
    const outside = new SharedArrayBuffer(8);
    const { code } = errorOf(() => explore(alone(() => new Int32Array(outside))));
    expect(code).toBe("unsupported");
  });
  it("waiting before the threads start", () => {
    const setup = (): Int32Array => {
      const shared = new Int32Array(new SharedArrayBuffer(4));
      Atomics.wait(shared, 0, 0);
      return shared;
    };
    expect(errorOf(() => explore({ setup, threads: [load] })).code).toBe("unsupported");
  });
  it("a setup that never ends", () => {
    const setup = (): Int32Array => {
      const shared = new Int32Array(new SharedArrayBuffer(4));
      while (Atomics.load(shared, 0) === 0);
      return shared;
    };
    expect(errorOf(() => explore({ setup, threads: [load] }))).toEqual({
      code: "unsupported",
      what: "more than 200000 accesses before the threads start",
    });
  });
  it("IL-3: what depends on something besides shared memory", () => {
    let runs = 0;
    const fickle = (shared: Int32Array): void => {
      runs += 1;
      Atomics.load(shared, runs % 2);
      Atomics.load(shared, 0);
    };
    expect(errorOf(() => explore(alone(fickle)))).toEqual({
      code: "nondeterministic",
      thread: 0,
      step: 0,
      expected: "load i32[1]",
      got: "load i32[0]",
    });
  });
  it("IL-2: a loop that catches its own suspension", () => {
    let caught = 0;
    const greedy = (shared: Int32Array): void => {
      for (;;) {
        try {
          load(shared);
        } catch (error) {
          if (error instanceof InterleaveError) throw error;
          caught += 1;
        }
      }
    };
    const swallowed = { code: "suspension-swallowed", thread: 0, refused: 1000 };
    expect(errorOf(() => explore(alone(greedy)))).toEqual(swallowed);
    expect(caught).toBe(1000);
  });
  it("IL-2: what a suspended thread does on its way out changes nothing", () => {
    const tidy = (shared: Int32Array): void => {
      try {
        load(shared);
      } finally {
        Atomics.add(shared, 1, 1);
      }
    };
    const scenario = { ...alone(tidy), atEnd: { once: (shared: Int32Array) => shared[1] === 1 } };
    expect(verify(scenario)).toMatchObject({ schedules: 1, longestTrace: 2 });
  });
  it("a view that is used when the exploration is over", () => {
    const kept: Int32Array[] = [];
    explore({ ...alone(load), atEnd: { keep: (shared) => void kept.push(shared) } });
    expect(errorOf(() => kept[0]![0])).toEqual({ code: "not-running" });
  });
  it("an invariant that writes", () => {
    const scenario = {
      ...alone(load),
      invariants: { meddles: (shared: Int32Array) => Atomics.add(shared, 0, 1) },
    };
    expect(errorOf(() => explore(scenario))).toEqual({
      code: "observer-writes",
      access: "add i32[0] 1",
    });
  });
});

const growable = (): unknown =>
  Reflect.construct(SharedArrayBuffer, [4, { maxByteLength: 8 }]) as unknown;

describe("what was to be shown is not:", () => {
  const add = (shared: Int32Array): number => Atomics.add(shared, 0, 1);
  it("a trace of another scenario", () => {
    const { trace } = replay(alone(load), { schedule: [0], steps: [] });
    expect(errorOf(() => replay(alone(add), trace))).toEqual({
      code: "replay-diverged",
      step: 0,
      expected: "load i32[0]: 0",
      got: "add i32[0] 1: 0",
    });
    expect(errorOf(() => replay(alone(load), { schedule: [0, 0], steps: [] }))).toMatchObject({
      code: "replay-diverged",
      step: 1,
    });
    expect(errorOf(() => replay(alone(load), { schedule: [1], steps: [] }))).toMatchObject({
      expected: "a step of thread 1",
      got: "nothing: there are 1 threads",
    });
  });
  it("verify of what fails, and of what was cut", () => {
    const failing = { ...alone(add), atEnd: { "never mind": () => false } };
    expect(errorOf(() => verify(failing))).toMatchObject({
      code: "not-verified",
      why: "the scenario fails",
    });
    expect(errorOf(() => verify({ ...alone(add), limits: { states: 1 } }))).toMatchObject({
      code: "not-verified",
      why: "the exploration is not complete",
    });
  });
});
