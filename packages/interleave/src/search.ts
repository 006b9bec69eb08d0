/**
 * Depth-first search through all schedules, with sleep sets and visited states.
 *
 * IL-5: a reduction changes no verdict. A thread falls asleep where its next step has been followed, and wakes when a step is taken
 * whose order with that one matters. By induction every state reachable from one that has been visited, with any sleeping
 * threads, is visited: through a thread that is awake, because it is followed; through one that sleeps, because its step and all
 * after it were visited from the state where it fell asleep, and the steps since then lead to the same states in either order. No
 * schedule comes back to a state, so there is no other case. States differ wherever the future or a verdict on it could.
 *
 * IL-4 with reductions: let `a` and `b` race in some schedule. Without the steps that come after `a` or `b`, and those that come
 * before neither, it ends in a state where both are pending; so the state after `a` is visited too, and `b` is followed there, or
 * was from an earlier state after `a`. In every schedule that leads there `a` is the last step of its thread, so that nothing
 * can order `b` after it, and the clocks say so.
 *
 * @see Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996, chapter 5 (sleep sets)
 * @module
 */

import type { Futures } from "./futures.js";
import type { Machine, Step } from "./machine.js";
import { judgeEnd, judgeState, raceOf } from "./oracle.js";
import type { Failure } from "./report.js";

/** Threads that need not move, and those whose next access was seen to write. Bit `1 << thread` in each. */
interface Sleep {
  readonly threads: number;
  readonly writing: number;
}

const AWAKE: Sleep = { threads: 0, writing: 0 };

export class Search {
  readonly #machine: Machine;
  readonly #visited = new Set<string>();
  schedules = 0;
  states = 0;
  steps = 0;
  longestTrace = 0;
  cut: string | undefined;
  failure: Failure | undefined;
  #full = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Searches, and again for as long as that shows more of what the threads may do. */
  run(): void {
    const { futures } = this.#machine.program;
    for (let known = -1; known !== (futures?.size ?? 0) && !this.#over; ) {
      known = futures?.size ?? 0;
      this.#visited.clear();
      [this.schedules, this.states, this.steps, this.longestTrace] = [0, 0, 0, 0];
      this.cut = undefined;
      this.#visit(AWAKE);
    }
  }

  /** Whether there is no point in going on. */
  get #over(): boolean {
    return this.failure !== undefined || this.#full;
  }

  #giveUp(why: string): void {
    this.cut ??= why;
    this.#full = true;
  }

  #visit(asleep: Sleep): void {
    const { depth } = this.#machine;
    const sleep = this.#goAlone(asleep);
    if (!this.#over) this.#arrive(sleep);
    // What is over stays as it is: the failure's trace is read from it.
    while (!this.#over && this.#machine.depth > depth) this.#machine.undo();
  }

  /** Takes the steps that concern nobody else. @returns who sleeps still */
  #goAlone(asleep: Sleep): Sleep {
    const machine = this.#machine;
    const { futures } = machine.program;
    if (futures === undefined) return asleep;
    let sleep = asleep;
    for (let thread = 0; thread < machine.threads; ) {
      if (!this.#isAlone(futures, thread)) {
        thread += 1;
        continue;
      }
      const racing = machine.step(thread);
      this.steps += 1;
      if (racing >= 0) {
        this.failure = raceOf(machine, racing);
        break;
      }
      sleep = this.#stillAsleep(sleep, machine.steps[machine.depth - 1]!);
      sleep = { ...sleep, threads: sleep.threads & ~(1 << thread) };
      thread = 0; // what the others have to do may concern nobody now
    }
    return sleep;
  }

  #isAlone(futures: Futures, thread: number): boolean {
    const machine = this.#machine;
    const { limits, model, ofAll } = machine.plan;
    const { begins, depth } = machine.at[thread]!;
    return (
      ofAll.length === 0 &&
      !(model !== undefined && begins) &&
      depth < limits.steps &&
      machine.enabled(thread) &&
      futures.isPrivate(machine.at, thread)
    );
  }

  #arrive(sleep: Sleep): void {
    const machine = this.#machine;
    if (machine.plan.states) {
      const key = machine.key();
      if (this.#visited.has(key)) return;
      this.#visited.add(key);
    }
    this.states += 1;
    if (machine.depth > this.longestTrace) this.longestTrace = machine.depth;
    if (this.states > machine.plan.limits.states) {
      this.states -= 1;
      this.#giveUp(`${this.states} states`);
    } else this.failure = judgeState(machine);
    if (!this.#over) this.#follow(sleep);
  }

  #follow(asleep: Sleep): void {
    const machine = this.#machine;
    const { limits, sleep: sleeping } = machine.plan;
    let sleep = asleep;
    let stuck = true;
    for (let thread = 0; thread < machine.threads; thread += 1) {
      if (!machine.enabled(thread)) continue;
      stuck = false;
      const bit = 1 << thread;
      if ((sleep.threads & bit) !== 0) continue;
      if (machine.at[thread]!.depth >= limits.steps) {
        this.cut ??= `${limits.steps} steps of thread ${thread}, which may be spinning: let it wait with Atomics.pause or a timed Atomics.wait`;
        continue;
      }
      const racing = machine.step(thread);
      this.steps += 1;
      const step = machine.steps[machine.depth - 1]!;
      if (racing >= 0) this.failure = raceOf(machine, racing);
      else this.#visit(sleeping ? this.#stillAsleep(sleep, step) : AWAKE);
      if (this.#over) return;
      machine.undo();
      sleep = {
        threads: sleep.threads | bit,
        writing: step.wrote ? sleep.writing | bit : sleep.writing & ~bit,
      };
    }
    if (stuck) this.#end();
  }

  /** Those whose next access goes well with `step`, in either order: the other order has been followed. */
  #stillAsleep({ threads, writing }: Sleep, step: Step): Sleep {
    const machine = this.#machine;
    let still = threads;
    for (let thread = 0; thread < machine.threads; thread += 1) {
      const bit = 1 << thread;
      if ((threads & bit) === 0) continue;
      if (machine.dependent(step, thread, (writing & bit) !== 0)) still &= ~bit;
    }
    return { threads: still, writing };
  }

  #end(): void {
    const machine = this.#machine;
    const { schedules } = machine.plan.limits;
    if (this.schedules === schedules) {
      this.#giveUp(`${schedules} schedules`);
      return;
    }
    this.schedules += 1;
    this.failure = judgeEnd(machine);
  }
}
