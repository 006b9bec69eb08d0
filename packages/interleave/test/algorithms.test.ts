/** Algorithms whose verdicts are known, right and with a known mistake. */

import { explore, type FailureKind, type Scenario, verify } from "@memkit/interleave";
import { describe, expect, it } from "vitest";
import { park, pause, words } from "./support/words.js";

type Lock = (shared: Int32Array, me: number) => void;

/** Word 7 is counted up in plain steps: two threads inside at once race for it. */
const COUNTER = 7;

function exclusion(enter: Lock, leave: Lock, rounds = 1, threads = 2): Scenario<Int32Array> {
  const run =
    (me: number) =>
    (shared: Int32Array): void => {
      for (let i = 0; i < rounds; i += 1) {
        enter(shared, me);
        shared[COUNTER]! += 1;
        leave(shared, me);
      }
    };
  return {
    setup: words(0, 0, 0, 0, 0, 0, 0, 0),
    threads: Array.from({ length: threads }, (_, me) => run(me)),
    atEnd: { "nobody is lost": (shared) => shared[COUNTER] === threads * rounds },
  };
}

// Words 0 and 1: the flags of the two threads. Word 2: whose turn it is.
const TURN = 2;
const raise: Lock = (shared, me) => void Atomics.store(shared, me, 1);
const lower: Lock = (shared, me) => void Atomics.store(shared, me, 0);
const yieldTurn: Lock = (shared, me) => void Atomics.store(shared, TURN, 1 - me);

/** @see Peterson, "Myths About the Mutual Exclusion Problem", 1981 */
const awaitTurn: Lock = (shared, me) => {
  while (Atomics.load(shared, 1 - me) === 1 && Atomics.load(shared, TURN) === 1 - me) pause();
};

describe("Peterson's lock", () => {
  it("keeps threads apart", () => {
    const enter: Lock = (shared, me) => {
      raise(shared, me);
      yieldTurn(shared, me);
      awaitTurn(shared, me);
    };
    expect(verify(exclusion(enter, lower, 2)).complete).toBe(true);
  });
  it("does not when the turn is given away before the flag is raised", () => {
    const enter: Lock = (shared, me) => {
      yieldTurn(shared, me);
      raise(shared, me);
      awaitTurn(shared, me);
    };
    expect(explore(exclusion(enter, lower)).failure?.kind).toBe("race");
  });
  it("is stuck without a turn", () => {
    const enter: Lock = (shared, me) => {
      raise(shared, me);
      while (Atomics.load(shared, 1 - me) === 1) pause();
    };
    expect(explore(exclusion(enter, lower)).failure?.kind).toBe("deadlock");
  });
});

describe("Dekker's lock", () => {
  /** @see Dijkstra, "Cooperating sequential processes", 1965 */
  const dekker =
    (giveWay: boolean): Lock =>
    (shared, me) => {
      raise(shared, me);
      while (Atomics.load(shared, 1 - me) === 1) {
        if (Atomics.load(shared, TURN) === me) {
          pause();
          continue;
        }
        if (giveWay) lower(shared, me);
        park(shared, TURN, 1 - me);
        raise(shared, me);
      }
    };
  const leave: Lock = (shared, me) => {
    yieldTurn(shared, me);
    lower(shared, me);
  };
  it("keeps threads apart", () => {
    expect(verify(exclusion(dekker(true), leave, 2)).complete).toBe(true);
  });
  it("is stuck when who waits for its turn keeps the flag up", () => {
    expect(explore(exclusion(dekker(false), leave)).failure?.kind).toBe("deadlock");
  });
});

describe("a ticket lock", () => {
  const [NEXT, SERVING] = [0, 1];
  const draw: Lock = (shared) => {
    const ticket = Atomics.add(shared, NEXT, 1);
    for (;;) {
      const serving = Atomics.load(shared, SERVING);
      if (serving === ticket) return;
      park(shared, SERVING, serving);
    }
  };
  const serve: Lock = (shared) => void Atomics.add(shared, SERVING, 1);
  it("keeps three threads apart", () => {
    expect(verify(exclusion(draw, serve, 2, 3)).complete).toBe(true);
  });
  it("does not when the ticket is taken in two steps", () => {
    const drawn: Lock = (shared) => {
      const ticket = Atomics.load(shared, NEXT);
      Atomics.store(shared, NEXT, ticket + 1);
      while (Atomics.load(shared, SERVING) < ticket) pause();
    };
    expect(explore(exclusion(drawn, serve)).failure?.kind).toBe("race");
  });
});

describe("publishing", () => {
  const scenario = (publish: (shared: Int32Array) => void): Scenario<Int32Array> => ({
    setup: words(0, 0),
    threads: [
      publish,
      (shared) => {
        if (Atomics.load(shared, 0) === 1) return shared[1];
        return "nothing yet";
      },
    ],
  });
  it("after the data is written is right", () => {
    const report = verify(
      scenario((shared) => {
        shared[1] = 42;
        Atomics.store(shared, 0, 1);
      }),
    );
    expect(report.schedules).toBeGreaterThan(0);
  });
  it("before is a race", () => {
    const { failure } = explore(
      scenario((shared) => {
        Atomics.store(shared, 0, 1);
        shared[1] = 42;
      }),
    );
    expect(failure).toMatchObject({ kind: "race" });
    expect(failure?.message).toMatch(/"plain (read|write) i32\[1\]/);
  });
  it("with a plain store is a race", () => {
    const { failure } = explore(
      scenario((shared) => {
        shared[1] = 42;
        shared[0] = 1;
      }),
    );
    expect(failure?.kind).toBe("race");
  });
});

describe("a seqlock", () => {
  /** Word 0: odd while the two halves, words 1 and 2, are being written. @see Boehm, "Can Seqlocks Get Along", 2012 */
  const write = (shared: Int32Array): void => {
    Atomics.add(shared, 0, 1);
    Atomics.store(shared, 1, 7);
    Atomics.store(shared, 2, 7);
    Atomics.add(shared, 0, 1);
  };
  const reader = (checks: boolean) => (shared: Int32Array) => {
    for (;;) {
      const before = Atomics.load(shared, 0);
      const pair = [Atomics.load(shared, 1), Atomics.load(shared, 2)];
      if (before % 2 === 0 && (!checks || Atomics.load(shared, 0) === before)) return pair;
      pause();
    }
  };
  const scenario = (checks: boolean): Scenario<Int32Array> => ({
    setup: words(0, 0, 0),
    threads: [write, reader(checks), reader(checks)],
    atEnd: {
      "halves agree": (_, outcomes) =>
        outcomes.slice(1).every(([read]) => {
          const [a, b] = read!.value as number[];
          return a === b;
        }),
    },
  });
  it("gives halves that belong together", () => {
    expect(verify(scenario(true)).complete).toBe(true);
  });
  it("does not when the count is not looked at again", () => {
    expect(explore(scenario(false)).failure).toMatchObject({
      kind: "at-end",
      name: "halves agree",
    });
  });
});

describe("a stack of nodes linked by number", () => {
  // Word 0: the top. Word n: the node below node n; 0 is none. A tagged top counts changes in its upper half.
  const node = (top: number): number => top & 0xffff;
  const push = (shared: Int32Array, n: number, tag: number): void => {
    for (;;) {
      const top = Atomics.load(shared, 0);
      Atomics.store(shared, n, node(top));
      const to = n + (top - node(top)) + tag;
      if (Atomics.compareExchange(shared, 0, top, to) === top) return;
    }
  };
  const pop = (shared: Int32Array, tag: number): number => {
    for (;;) {
      const top = Atomics.load(shared, 0);
      if (node(top) === 0) return 0;
      const below = Atomics.load(shared, node(top));
      const to = below + (top - node(top)) + tag;
      if (Atomics.compareExchange(shared, 0, top, to) === top) return node(top);
    }
  };

  /** Starts with 1 above 2. One thread pops once, the other pops twice and puts the first one back. */
  const scenario = (tag: number, checked: boolean) => {
    type Agent = { readonly shared: Int32Array; held: number };
    const popping = {
      name: "pop",
      run: (agent: Agent) => {
        const got = pop(agent.shared, tag);
        agent.held ||= got;
        return got;
      },
      model: (stack: number[]) => stack.pop() ?? 0,
    };
    const pushBack = {
      name: "push what was popped first",
      run: (agent: Agent) => {
        if (agent.held !== 0) push(agent.shared, agent.held, tag);
        return agent.held;
      },
      // Which node that is the model takes from the result, and so checks elsewhere.
      model: (stack: number[], { value }: { readonly value?: unknown }) => {
        if (value !== 0) stack.push(value as number);
        return value;
      },
    };
    const observe = (shared: Int32Array): number[] => {
      const stack: number[] = [];
      for (let n = node(shared[0]!); n !== 0; n = shared[n]!) stack.unshift(n);
      return stack;
    };
    return {
      setup: words(1, 2, 0),
      attach: (shared: Int32Array): Agent => ({ shared, held: 0 }),
      ...(checked && { model: { initial: () => [2, 1], observe } }),
      threads: [[popping], [popping, popping, pushBack]],
      invariants: { "the links end": (shared: Int32Array) => observe(shared).length <= 2 },
    };
  };

  it("has ABA, which only linearizability finds", () => {
    expect(verify(scenario(0, false)).complete).toBe(true);
    const { failure } = explore(scenario(0, true));
    expect(failure?.kind).toBe<FailureKind>("not-linearizable");
    expect(failure?.message).toContain("thread 0: pop = 1; thread 1: pop = 1, pop = 2");
  });
  it("is right with a tag that every change counts up", () => {
    expect(verify(scenario(0x1_0000, true)).complete).toBe(true);
  });
});

describe("a change that guesses by a plain read, and exchanges the word if it has guessed right", () => {
  const add =
    (commit: (shared: Int32Array, seen: number) => boolean) =>
    (shared: Int32Array): void => {
      while (!commit(shared, shared[0]!));
    };
  const scenario = (racyReads: boolean, plainWrite = false): Scenario<Int32Array> => {
    const exchange = (shared: Int32Array, seen: number): boolean =>
      Atomics.compareExchange(shared, 0, seen, seen + 1) === seen;
    const write = (shared: Int32Array, seen: number): boolean => {
      shared[0] = seen + 1;
      return true;
    };
    return {
      setup: words(0),
      threads: [add(exchange), add(plainWrite ? write : exchange)],
      atEnd: { "both are counted": (shared: Int32Array) => shared[0] === 2 },
      racyReads,
    };
  };

  it("is a race", () => {
    expect(explore(scenario(false)).failure?.kind).toBe<FailureKind>("race");
  });
  it("is right where such races are allowed", () => {
    expect(verify(scenario(true)).complete).toBe(true);
  });
  it("is a race still where it writes plainly", () => {
    expect(explore(scenario(true, true)).failure?.kind).toBe<FailureKind>("race");
  });
});
