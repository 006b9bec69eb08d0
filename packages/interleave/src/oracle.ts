/**
 * What is wrong with a state, if anything.
 *
 * @module
 */

import { accessText } from "./access.js";
import { canonical } from "./canonical.js";
import type { Futures } from "./futures.js";
import { historyText, linearize } from "./linearize.js";
import type { Machine, Verdict } from "./machine.js";
import type { Failure, FailureKind } from "./report.js";
import type { Check } from "./scenario.js";
import { traceOf } from "./trace.js";

/** A failure of the schedule of a machine so far. */
function failureOf(
  machine: Machine,
  kind: FailureKind,
  name: string | undefined,
  message: string,
): Failure {
  return { kind, name, message, trace: traceOf(machine) };
}

/** Step `first` of the schedule and its last step race. */
export function raceOf(machine: Machine, first: number): Failure {
  const [a, b] = [machine.steps[first]!, machine.steps[machine.depth - 1]!];
  const text = `nothing orders "${accessText(a.access)}" of thread ${a.thread} (step ${first}) and "${accessText(b.access)}" of thread ${b.thread} (step ${machine.depth - 1})`;
  return failureOf(machine, "race", undefined, text);
}

/** The first check that does not hold, with what it says. */
function broken(
  machine: Machine,
  checks: readonly (readonly [string, Check<unknown>])[],
  futures?: Futures,
): Verdict | undefined {
  if (checks.length === 0) return undefined;
  const { outcomes } = machine;
  return machine.program.observe((shared) => {
    for (const [name, check] of checks) {
      const said = verdict(() => check(shared, outcomes));
      if (said !== undefined) return [name, said];
    }
    return undefined;
  }, futures);
}

/** The same of checks that look at memory alone: asked once for each state of it. */
function brokenByMemory(
  machine: Machine,
  checks: readonly (readonly [string, Check<unknown>])[],
): Verdict | undefined {
  if (checks.length === 0) return undefined;
  const { verdicts } = machine;
  const key = machine.memoryKey();
  if (!verdicts.has(key)) verdicts.set(key, broken(machine, checks, machine.program.futures));
  return verdicts.get(key);
}

function verdict(check: () => unknown): string | undefined {
  let said: unknown;
  try {
    said = check();
  } catch (error) {
    return error instanceof Error ? error.message : canonical(error);
  }
  if (said === false) return "does not hold";
  return typeof said === "string" ? said : undefined;
}

/** An operation that threw, where no model allows it. */
function thrown({ at, plan }: Machine): Verdict | undefined {
  if (plan.model !== undefined) return undefined;
  for (const [thread, { outcomes }] of at.entries()) {
    const i = outcomes.findIndex(({ threw }) => threw !== undefined);
    if (i >= 0)
      return [plan.threads[thread]![i]!.name, `thread ${thread} threw ${outcomes[i]!.threw}`];
  }
  return undefined;
}

/** What is wrong with the state of the machine, whatever comes next. */
export function judgeState(machine: Machine): Failure | undefined {
  const bad = thrown(machine);
  if (bad !== undefined) return failureOf(machine, "threw", ...bad);
  const { ofMemory, ofAll } = machine.plan;
  const invariant = brokenByMemory(machine, ofMemory) ?? broken(machine, ofAll);
  return invariant && failureOf(machine, "invariant", ...invariant);
}

/** What is wrong with a state that no step leads on from. */
export function judgeEnd(machine: Machine): Failure | undefined {
  const { plan, at } = machine;
  if (at.some(({ access }) => access !== undefined)) {
    return failureOf(machine, "deadlock", undefined, machine.blocked());
  }
  const check = broken(machine, plan.atEnd);
  if (check !== undefined) return failureOf(machine, "at-end", ...check);
  if (plan.model === undefined) return undefined;
  const { observe } = plan.model;
  const final = observe && machine.program.observe((shared) => canonical(observe(shared)));
  const { outcomes, begun } = machine;
  const { threads, death } = plan;
  if (linearize(plan.model, { threads, outcomes, begun, death }, final) !== undefined)
    return undefined;
  const end = final === undefined ? "" : `; at the end ${final}`;
  const text = `no order of the operations gives ${historyText({ threads, outcomes })}${end}`;
  return failureOf(machine, "not-linearizable", undefined, text);
}
