import { explore, type Operation, type Scenario, verify } from "@memkit/interleave";
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

  describe("in the middle of an operation, with a model", () => {
    interface Sum {
      total: number;
      half?: boolean;
    }
    /** Adds 1 to both words, which are equal but in between. */
    const addToBoth: Operation<Int32Array, Sum> = {
      name: "add to both",
      run: (shared) => {
        Atomics.add(shared, 0, 1);
        Atomics.add(shared, 1, 1);
      },
      model: (sum) => {
        sum.total += 1;
      },
    };
    const halfway = (sum: Sum): void => {
      sum.half = true;
    };
    /** Takes back what was half done. */
    const repair: Operation<Int32Array, Sum> = {
      name: "repair",
      run: (shared) => {
        const [a, b] = [Atomics.load(shared, 0), Atomics.load(shared, 1)];
        Atomics.store(shared, 0, b);
        return a !== b;
      },
      model: (sum) => {
        const half = sum.half === true;
        delete sum.half;
        return half;
      },
    };
    const look: Operation<Int32Array, Sum> = {
      name: "look",
      run: (shared) => Atomics.load(shared, 1),
      model: ({ total }) => total,
    };
    const scenario = (
      after: number,
      first: readonly Operation<Int32Array, Sum>[],
      ...others: Operation<Int32Array, Sum>[]
    ): Scenario<Int32Array, Int32Array, Sum> => ({
      setup: words(0, 0),
      threads: [first, ...others.map((one) => [one])],
      model: {
        initial: () => ({ total: 0 }),
        observe: (shared) => ({
          total: shared[1]!,
          ...(shared[0] !== shared[1] && { half: true }),
        }),
      },
      death: { thread: 0, after, heirs: [1] },
    });
    const adding = { ...addToBoth, halfway };
    const failure = (of: Scenario<Int32Array, Int32Array, Sum>) => explore(of).failure?.kind;

    it("has done it, or half of it, or nothing", () => {
      for (let after = 0; after <= 5; after += 1) {
        expect(verify(scenario(after, [adding, adding], repair, look)).complete).toBe(true);
      }
    });

    it("has done no half of what has none", () => {
      const kinds = [0, 1, 2, 3, 4].map((after) => failure(scenario(after, [addToBoth], repair)));
      expect(kinds).toEqual([undefined, "not-linearizable", undefined, undefined, undefined]);
    });

    it("does not do it once an heir has seen that it had not", () => {
      /** Sees a sum that it makes itself: as if the dead one had added after it had looked. */
      const lookAndAdd = {
        ...look,
        run: (shared: Int32Array): number => {
          Atomics.add(shared, 0, 1);
          return Atomics.add(shared, 1, 1);
        },
      };
      const late = {
        ...addToBoth,
        run: (shared: Int32Array): void => {
          Atomics.load(shared, 0);
          addToBoth.run(shared);
        },
      };
      const told = scenario(1, [late], lookAndAdd);
      expect(failure(told)).toBe("not-linearizable");
      expect(failure({ ...told, death: { thread: 0, after: 1, heirs: [] } })).toBe(undefined);
    });

    it("has done for good what it had completed", () => {
      const undo = { ...repair, run: (shared: Int32Array): boolean => shared.fill(0).length === 0 };
      expect(failure(scenario(2, [adding], undo))).toBe("not-linearizable");
    });
  });
});
