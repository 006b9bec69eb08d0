import { explore, replay, verify } from "@memkit/interleave";
import { describe, expect, it } from "vitest";
import { park, pause, words } from "./support/words.js";

describe("Atomics.wait without a timeout", () => {
  const consumer = (shared: Int32Array): string => {
    while (Atomics.load(shared, 0) === 0) Atomics.wait(shared, 0, 0);
    return "got it";
  };
  it("is woken by a notify that comes after the store", () => {
    const producer = (shared: Int32Array): void => {
      Atomics.store(shared, 0, 1);
      Atomics.notify(shared, 0);
    };
    const report = verify({ setup: words(0), threads: [producer, consumer, consumer] });
    expect(report.complete).toBe(true);
  });
  it("sleeps for ever after a notify that came before the store", () => {
    const producer = (shared: Int32Array): void => {
      Atomics.notify(shared, 0);
      Atomics.store(shared, 0, 1);
    };
    const { failure } = explore({ setup: words(0), threads: [producer, consumer] });
    expect(failure).toMatchObject({ kind: "deadlock", message: "thread 1: wake at i32[0]" });
  });
  it("sleeps for ever when fewer are woken than sleep", () => {
    const producer = (shared: Int32Array): void => {
      Atomics.store(shared, 0, 1);
      Atomics.notify(shared, 0, 1);
    };
    const scenario = { setup: words(0), threads: [producer, consumer, consumer] };
    expect(explore(scenario).failure?.kind).toBe("deadlock");
  });
  it("wakes the longest asleep first, and says how many were woken", () => {
    const order: unknown[] = [];
    const sleeper = (shared: Int32Array): string => {
      const woken = Atomics.wait(shared, 0, 0);
      if (woken === "ok") Atomics.store(shared, 1, Atomics.load(shared, 1) + 1);
      return woken;
    };
    const waker = (shared: Int32Array): number => Atomics.notify(shared, 0, 1);
    const scenario = {
      setup: words(0, 0),
      threads: [sleeper, sleeper, waker],
      atEnd: { order: (_: unknown, outcomes: unknown) => void order.push(outcomes) },
    };
    expect(explore(scenario).failure?.kind).toBe("deadlock");
    const { outcomes } = replay(scenario, { schedule: [1, 0, 2, 1, 1, 1], steps: [] });
    expect(outcomes).toEqual([[], [{ value: "ok" }], [{ value: 1 }]]);
  });
  it("orders what came before the notify", () => {
    const producer = (shared: Int32Array): void => {
      shared[1] = 42;
      Atomics.notify(shared, 0);
    };
    const waiter = (shared: Int32Array): unknown =>
      Atomics.wait(shared, 0, 0) === "ok" ? shared[1] : undefined;
    const { failure } = explore({ setup: words(0, 0), threads: [producer, waiter] });
    expect(failure?.kind).toBe("deadlock"); // where the notify comes first; there is no race
  });
});

describe("Atomics.wait with a timeout, the wait of a loop", () => {
  it("goes on when the word differs, however it came to that", () => {
    const waiter = (shared: Int32Array): number => {
      let seen = Atomics.load(shared, 0);
      while (seen === 0) {
        park(shared, 0, 0);
        seen = Atomics.load(shared, 0);
      }
      return seen;
    };
    const report = verify({
      setup: words(0),
      threads: [waiter, (shared) => Atomics.store(shared, 0, 7)],
      atEnd: { "saw it": (_, outcomes) => outcomes[0]![0]!.value === 7 },
    });
    expect(report.longestTrace).toBe(4); // load, store, park, load
  });
  it("is a deadlock when nobody changes the word", () => {
    const waiter = (shared: Int32Array): void => {
      while (Atomics.load(shared, 0) === 0) park(shared, 0, 0);
    };
    const { failure } = explore({ setup: words(0), threads: [waiter] });
    expect(failure).toMatchObject({ kind: "deadlock" });
    expect(failure?.message).toBe("thread 0: park until i32[0] is not 0");
  });
  it("two locks taken in opposite orders are a deadlock", () => {
    const lock = (shared: Int32Array, at: number): void => {
      while (Atomics.compareExchange(shared, at, 0, 1) !== 0) park(shared, at, 1);
    };
    const unlock = (shared: Int32Array, at: number): void => void Atomics.store(shared, at, 0);
    const both = (first: number, second: number) => (shared: Int32Array) => {
      lock(shared, first);
      lock(shared, second);
      unlock(shared, second);
      unlock(shared, first);
    };
    const scenario = (order: readonly [number, number]) => ({
      setup: words(0, 0),
      threads: [both(0, 1), both(...order)],
    });
    expect(verify(scenario([0, 1])).complete).toBe(true);
    const { failure } = explore(scenario([1, 0]));
    expect(failure?.kind).toBe("deadlock");
    expect(failure?.trace.steps).toHaveLength(4);
  });
});

describe("Atomics.pause", () => {
  it("goes on when something that was looked at differs", () => {
    const report = verify({
      setup: words(0, 0),
      threads: [
        (shared) => {
          while (Atomics.load(shared, 0) === 0 && Atomics.load(shared, 1) === 0) pause();
        },
        (shared) => Atomics.store(shared, 1, 1),
      ],
    });
    expect(report.complete).toBe(true);
  });
  it("after a swap watches what the swap left", () => {
    const lock = (shared: Int32Array): void => {
      while (Atomics.exchange(shared, 0, 1) === 1) pause();
      Atomics.store(shared, 0, 0);
    };
    expect(verify({ setup: words(0), threads: [lock, lock] }).complete).toBe(true);
  });
  it("does nothing outside an exploration", () => {
    expect(pause()).toBeUndefined();
  });
});

describe("a bare spin loop", () => {
  it("IL-6: is cut, and said to be", () => {
    const report = explore({
      setup: words(0),
      threads: [
        (shared) => {
          while (Atomics.load(shared, 0) === 0);
        },
        (shared) => Atomics.store(shared, 0, 1),
      ],
      limits: { steps: 50 },
    });
    expect(report).toMatchObject({ complete: false, failure: undefined });
    expect(report.cut).toContain("50 steps of thread 0, which may be spinning");
  });
});
