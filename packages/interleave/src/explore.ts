/**
 * The entry points: explore a scenario, insist that it holds, replay a trace.
 *
 * @module
 */

import { InterleaveError } from "./interleave-error.js";
import { Machine } from "./machine.js";
import { judgeEnd, judgeState, raceOf } from "./oracle.js";
import { realm } from "./realm.js";
import { type Failure, formatReport, type Report } from "./report.js";
import { type Outcomes, planOf, type Scenario } from "./scenario.js";
import { Search } from "./search.js";
import { shorten } from "./shorten.js";
import { type Trace, traceOf } from "./trace.js";

/** Runs one exploration, no other inside it. */
export function exclusively<T>(run: () => T): T {
  if (realm.running) throw new InterleaveError({ code: "already-running" });
  realm.running = true;
  realm.fault = undefined;
  try {
    return run();
  } finally {
    realm.running = false;
  }
}

/**
 * Follows every interleaving of the threads' accesses to shared memory, up to the first failure.
 *
 * The trace of a failure is replaced by one that fails in the same way with fewer changes of thread, where one is found.
 *
 * @throws {@link InterleaveError} `thread-count`, `bad-limit`, `bad-death`, `operation-without-model`, `already-running`, `unsupported`,
 * `nondeterministic`, `suspension-swallowed`, `unseen-access`, `observer-writes`, `not-running`: then nothing has been shown
 *
 * @example
 * ```ts
 * import { explore } from "@memkit/interleave";
 *
 * const counter = (add: (words: Int32Array) => void) => ({
 *   setup: () => new Int32Array(new SharedArrayBuffer(4)),
 *   threads: [add, add],
 *   atEnd: { "both are counted": (words: Int32Array) => words[0] === 2 },
 * });
 *
 * const right = explore(counter((words) => Atomics.add(words, 0, 1)));
 * right.complete; // => true
 *
 * const wrong = explore(counter((words) => Atomics.store(words, 0, Atomics.load(words, 0) + 1)));
 * wrong.failure?.kind; // => "at-end"
 * wrong.failure?.trace.schedule; // => [0, 1, 1, 0]
 * ```
 */
export function explore<S, A = S, M = unknown>(scenario: Scenario<S, A, M>): Report {
  return exclusively(() => {
    const machine = new Machine(planOf(scenario));
    const search = new Search(machine);
    search.run();
    const { failure, cut, schedules, states, steps, longestTrace } = search;
    return {
      complete: failure === undefined && cut === undefined,
      failure: failure && (scenario.shorten === false ? failure : shorten(machine, failure)),
      cut,
      schedules,
      states,
      steps,
      longestTrace,
      localStates: machine.program.size,
    };
  });
}

/**
 * {@link explore} that throws unless the scenario holds on every interleaving.
 *
 * @throws {@link InterleaveError} `not-verified` with the failing trace, or what {@link explore} throws
 *
 * @example
 * ```ts
 * import { verify } from "@memkit/interleave";
 *
 * const report = verify({
 *   setup: () => new Int32Array(new SharedArrayBuffer(4)),
 *   threads: [(words) => Atomics.add(words, 0, 1), (words) => Atomics.add(words, 0, 2)],
 *   atEnd: { sum: (words) => words[0] === 3 },
 * });
 * report.schedules; // => 2
 * ```
 */
export function verify<S, A = S, M = unknown>(scenario: Scenario<S, A, M>): Report {
  const report = explore(scenario);
  if (report.complete) return report;
  const why =
    report.failure === undefined ? "the exploration is not complete" : "the scenario fails";
  throw new InterleaveError({ code: "not-verified", why, text: formatReport(report) });
}

/** What a replay has shown. */
export interface Replay {
  readonly trace: Trace;
  /** The first thing that is wrong on the way. */
  readonly failure: Failure | undefined;
  readonly outcomes: Outcomes;
}

/** Takes the steps of a trace. Calls `each` before the first one and after every one. */
export function follow(machine: Machine, trace: Trace, each: (racing: number) => void): void {
  each(-1);
  trace.schedule.forEach((thread, step) => {
    const expected = trace.steps[step];
    const diverges = (got: string): never => {
      const text = expected === undefined ? `a step of thread ${thread}` : stepText(expected);
      throw new InterleaveError({ code: "replay-diverged", step, expected: text, got });
    };
    if (!(thread in machine.at)) diverges(`nothing: there are ${machine.threads} threads`);
    if (!machine.enabled(thread)) diverges(`nothing: ${machine.blocked()}`);
    const racing = machine.step(thread);
    const got = traceOf(machine).steps[step]!;
    if (expected !== undefined && stepText(expected) !== stepText(got)) diverges(stepText(got));
    each(racing);
  });
}

const stepText = ({ access, value }: Trace["steps"][number]): string => `${access}: ${value}`;

/**
 * Follows one trace: the same steps, the same results, the same failure.
 *
 * @param trace - of a report. Its `steps` may be left empty: the schedule is enough, and then only the schedule must fit.
 * @throws {@link InterleaveError} `replay-diverged`, or what {@link explore} throws
 *
 * @example
 * ```ts
 * import { replay } from "@memkit/interleave";
 *
 * const scenario = {
 *   setup: () => new Int32Array(new SharedArrayBuffer(4)),
 *   threads: [
 *     (words: Int32Array) => Atomics.add(words, 0, 1),
 *     (words: Int32Array) => Atomics.load(words, 0),
 *   ],
 * };
 * replay(scenario, { schedule: [1, 0], steps: [] }).outcomes[1]; // => [{ value: 0 }]
 * replay(scenario, { schedule: [0, 1], steps: [] }).outcomes[1]; // => [{ value: 1 }]
 * ```
 */
export function replay<S, A = S, M = unknown>(scenario: Scenario<S, A, M>, trace: Trace): Replay {
  return exclusively(() => {
    const machine = new Machine(planOf(scenario));
    let failure: Failure | undefined;
    follow(machine, trace, (racing) => {
      failure ??= racing >= 0 ? raceOf(machine, racing) : judgeState(machine);
    });
    if (machine.at.every((_, thread) => !machine.enabled(thread))) failure ??= judgeEnd(machine);
    return { trace: traceOf(machine), failure, outcomes: machine.outcomes };
  });
}
