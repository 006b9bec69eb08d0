/**
 * Looks for a schedule that fails in the same way with fewer changes of thread: those are what a reader has to understand.
 *
 * @module
 */

import type { Machine } from "./machine.js";
import { judgeEnd, judgeState, raceOf } from "./oracle.js";
import type { Failure } from "./report.js";

/** Steps after which the best trace so far has to do: about a second. */
const MAX_STEPS = 200_000;

/** How often the schedule goes on with another thread. */
const changes = (schedule: readonly number[]): number =>
  schedule.filter((thread, i) => i > 0 && thread !== schedule[i - 1]).length;

class BoundedSearch {
  readonly #machine: Machine;
  readonly #wanted: Failure;
  /** By state and running thread, the most changes that were left in a visit. */
  readonly #visited = new Map<string, number>();
  steps: number;

  constructor(machine: Machine, wanted: Failure, steps: number) {
    this.#machine = machine;
    this.#wanted = wanted;
    this.steps = steps;
  }

  /** The failure, if it happens within `left` more changes from `running`, a thread or -1. */
  find(running: number, left: number): Failure | undefined {
    const machine = this.#machine;
    const key = `${running} ${machine.key()}`;
    if ((this.#visited.get(key) ?? -1) >= left) return undefined;
    this.#visited.set(key, left);
    const here = this.#same(judgeState(machine));
    if (here !== undefined) return here;
    const stuck = machine.at.every((_, thread) => !machine.enabled(thread));
    return stuck ? this.#same(judgeEnd(machine)) : this.#follow(running, left);
  }

  #follow(running: number, left: number): Failure | undefined {
    const machine = this.#machine;
    for (let i = -1; i < machine.threads; i += 1) {
      const thread = i < 0 ? running : i; // whoever is running goes first
      if (thread < 0 || (i >= 0 && i === running) || !machine.enabled(thread)) continue;
      const after = running < 0 || thread === running ? left : left - 1;
      if (after < 0 || machine.at[thread]!.depth >= machine.plan.limits.steps) continue;
      this.steps -= 1;
      if (this.steps <= 0) return undefined;
      const racing = machine.step(thread);
      const failure = racing >= 0 ? this.#same(raceOf(machine, racing)) : this.find(thread, after);
      machine.undo();
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  #same(failure: Failure | undefined): Failure | undefined {
    const { kind, name } = this.#wanted;
    return failure?.kind === kind && failure.name === name ? failure : undefined;
  }
}

/** A failure like `failure` with the fewest changes of thread, as far as can be told in reasonable time. */
export function shorten(machine: Machine, failure: Failure): Failure {
  while (machine.depth > 0) machine.undo();
  const most = changes(failure.trace.schedule);
  let steps = MAX_STEPS;
  for (let bound = 0; bound < most && steps > 0; bound += 1) {
    const search = new BoundedSearch(machine, failure, steps);
    const found = search.find(-1, bound);
    steps = search.steps;
    if (found !== undefined) return changes(found.trace.schedule) < most ? found : failure;
  }
  return failure;
}
