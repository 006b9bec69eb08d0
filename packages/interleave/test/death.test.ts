import { explore, InterleaveError, type Scenario, verify } from "@memkit/interleave";
import { describe, expect, it } from "vitest";
import { park, words } from "./support/words.js";

/** Word 0: a lock. Word 1: what it is there for. */
const bump = (shared: Int32Array): void => {
  while (Atomics.compareExchange(shared, 0, 0, 1) !== 0) park(shared, 0, 1);
  try {
    shared[1]! += 1;
  } finally {
    Atomics.store(shared, 0, 0);
  }
};
const breakLock = (shared: Int32Array): void => void Atomics.store(shared, 0, 0);

const dying = (after: number, ...others: ((shared: Int32Array) => void)[]) =>
  ({
    setup: words(0, 0),
    threads: [bump, ...others],
    death: { thread: 0, after, heirs: [1] },
  }) satisfies Scenario<Int32Array>;

describe("a thread that dies", () => {
  it("keeps the lock that it has, whatever its finally says", () => {
    const stuck = (after: number) => explore(dying(after, bump)).failure?.kind;
    expect([0, 1, 2, 3, 4, 5].map(stuck)).toEqual([
      undefined,
      "deadlock",
      "deadlock",
      "deadlock",
      undefined, // it has given it back, and lives
      undefined,
    ]);
  });

  it("is given up by its heirs, who start when it is dead", () => {
    for (let after = 0; after < 6; after += 1) {
      const report = verify({
        ...dying(after, breakLock, bump),
        atEnd: {
          "one or two": (shared) => shared[1]! >= 1 && shared[1]! <= 2 && shared[0] === 0,
          "one step after the other": (_, [victim, heir]) =>
            victim!.length <= 1 && heir!.length === 1,
        },
      });
      expect(report.complete).toBe(true);
    }
  });

  it("has done all that it did before its heirs start, but not before others do", () => {
    const look = (shared: Int32Array): number => shared[1]!;
    expect(explore(dying(3, look)).failure).toBe(undefined);
    expect(
      explore({ ...dying(3, look), death: { thread: 0, after: 3, heirs: [] } }).failure?.kind,
    ).toBe("race");
  });

  it.each([
    [{ thread: 2, after: 0, heirs: [] }],
    [{ thread: 0, after: -1, heirs: [] }],
    [{ thread: 0, after: 0, heirs: [0] }],
    [{ thread: 0, after: 0, heirs: [2] }],
  ])("is refused: %j", (death) => {
    const scenario = { ...dying(0, bump), death };
    expect(() => explore(scenario)).toThrow(
      expect.objectContaining({ code: "bad-death", thread: death.thread }),
    );
  });

  it("has no place in a model", () => {
    const model = { initial: () => 0 };
    expect(() => explore({ ...dying(0, bump), model })).toThrow(InterleaveError);
  });
});
