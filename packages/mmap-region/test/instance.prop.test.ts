/** Random histories of an instance against a table of its states. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Slot } from "../src/index.js";
import { RegionError } from "../src/index.js";
import { type Instance, type InstanceState, Module, newInstanceBuilder } from "../src/instance.js";
import { backends, bytesOf } from "./contract/backends.js";

type Action = "returns" | "traps" | "throws" | "promises" | "start" | "reset" | "drop";

const RUNS: readonly Action[] = ["returns", "traps", "throws", "promises"];
const AFTER: Readonly<Record<string, readonly [InstanceState, string | undefined]>> = {
  returns: ["ready", undefined],
  traps: ["faulted", "runtime-fault"],
  throws: ["terminated", "runtime-terminated"],
  promises: ["poisoned", "invalid-argument"],
};

/** The state after an action and the code of what it throws: lucet's rules, in a table's words. */
function expected(
  state: InstanceState,
  action: Action,
  starts: boolean,
): readonly [InstanceState, string | undefined] {
  if (state === "dropped") return [state, "instance-not-ready"];
  if (action === "drop") return ["dropped", undefined];
  if (state === "poisoned") return [state, "instance-not-ready"];
  if (action === "reset") return [starts ? "not-started" : "ready", undefined];
  if (action === "start") {
    if (!starts) return [state, undefined];
    return state === "not-started" ? ["ready", undefined] : [state, "start-already-run"];
  }
  if (state === "not-started") return [state, "instance-needs-start"];
  return state === "terminated" ? [state, "instance-not-ready"] : AFTER[action]!;
}

/** A stack that is too deep, without the depth. */
const overflow = (): never => {
  throw new RangeError("Maximum call stack size exceeded");
};

/** The heap's first byte counts the runs, so that a run that should not have been is seen. */
const count = ({ slot }: Instance<Slot>): void => {
  bytesOf(slot)[0]! += 1;
};

describe.each(backends.slice(0, 3))("on %s", (_name, create) => {
  test("MR-14, MR-15: each action is allowed when it should be, and leaves the state it should", () => {
    const functions = {
      returns: count,
      traps: (instance: Instance<Slot>) => {
        count(instance);
        overflow();
      },
      throws: (instance: Instance<Slot>) => {
        count(instance);
        throw new Error("x");
      },
      promises: async (instance: Instance<Slot>) => count(instance),
    };
    const action = fc.constantFrom<Action>(...RUNS, "start", "reset", "reset", "returns", "drop");
    const histories = fc.tuple(fc.boolean(), fc.array(action, { maxLength: 12 }));
    fc.assert(
      fc.property(histories, ([starts, actions]) => {
        const region = create(1);
        const heap = { initialSize: 65536 };
        const module = new Module({ heap, functions, start: starts ? count : undefined });
        const instance = newInstanceBuilder(region, module).build();
        let state: InstanceState = starts ? "not-started" : "ready";
        let runs = 0;
        for (const name of actions) {
          const [after, code] = expected(state, name, starts);
          let thrown: unknown;
          try {
            if (name === "start") instance.runStart();
            else if (name === "reset") instance.reset();
            else if (name === "drop") instance.drop();
            else instance.run(name);
          } catch (error) {
            thrown = error;
          }
          expect(thrown instanceof RegionError ? thrown.code : thrown).toBe(code);
          const entered = name === "start" ? state === "not-started" : RUNS.includes(name);
          const refused = code === "instance-not-ready" || code === "instance-needs-start";
          if (entered && !refused && code !== "start-already-run") runs += 1;
          if (name === "reset" && code === undefined) runs = 0;
          expect(instance.state).toBe(after);
          state = after;
          if (state !== "dropped") expect(bytesOf(instance.slot)[0]).toBe(runs);
        }
        instance[Symbol.dispose]();
        expect(region.freeSlots).toBe(1);
        region.close();
      }),
      { numRuns: 100 },
    );
  });
});
