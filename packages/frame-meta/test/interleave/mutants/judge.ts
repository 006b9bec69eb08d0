/**
 * Runs a mutant through the scenarios until one fails.
 *
 * @module
 */

import { explore, type Operation, type Outcome, type Scenario } from "@memkit/interleave";
import type { Entry } from "../scenarios.js";
import type { Lib } from "../world.js";

/** Who found it out. */
export interface Kill {
  readonly scenario: string;
  /** A kind of failure, or what broke before the threads started. */
  readonly oracle: string;
}

type AnyScenario = Scenario<unknown, unknown, unknown>;

/** More than any of the scenarios needs that mutants run through. */
const limits = { steps: 400, states: 20_000 };

/** An operation that means whatever it has done: what is left are races, deadlocks and invariants. */
const follow = (_state: unknown, { value, threw }: Outcome): unknown => {
  if (threw !== undefined) throw Object.assign(new Error(threw), { code: threw });
  return value;
};

function withoutModel(scenario: AnyScenario): AnyScenario {
  const threads = scenario.threads.map((thread) =>
    (thread as readonly Operation<unknown>[]).map(({ name, run }) => ({
      name,
      run,
      model: follow,
    })),
  );
  return { ...scenario, threads, model: { initial: () => 0 } };
}

function oracleOf(scenario: AnyScenario): string | undefined {
  try {
    const { failure, cut } = explore({ ...scenario, limits });
    if (failure !== undefined) {
      const { kind, name } = failure;
      return name === undefined || kind === "threw" ? kind : `${kind}: ${name}`;
    }
    // The shipped code is done in fewer steps on every schedule.
    return cut?.includes("may be spinning") === true ? "endless loop" : undefined;
  } catch (error) {
    return `error: ${(error as { code?: string }).code ?? (error as Error).name}`;
  }
}

function killedBy(
  entries: readonly Entry[],
  lib: Lib,
  of: (scenario: AnyScenario) => AnyScenario,
): Kill | undefined {
  for (const { name, build } of entries) {
    for (const scenario of build(lib) as unknown as readonly AnyScenario[]) {
      const oracle = oracleOf(of(scenario));
      if (oracle !== undefined) return { scenario: name, oracle };
    }
  }
  return undefined;
}

/**
 * Who kills the mutant. Linearizability only where races, deadlocks and invariants find nothing in any scenario; undefined if it
 * survives.
 */
export function judge(entries: readonly Entry[], lib: Lib): Kill | undefined {
  const kill = killedBy(entries, lib, (scenario) => scenario);
  if (kill?.oracle !== "not-linearizable") return kill;
  return killedBy(entries, lib, withoutModel) ?? kill;
}
