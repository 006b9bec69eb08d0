/**
 * What an exploration has found.
 *
 * IL-6: a report is complete only if no limit cut the exploration anywhere.
 *
 * @module
 */

import { formatTrace, type Trace } from "./trace.js";

/**
 * What went wrong.
 *
 * - `race`: two accesses to the same bytes, not both atomic, that nothing orders.
 * - `invariant`, `at-end`: the check of that name does not hold.
 * - `deadlock`: threads wait, and nobody is left to wake them.
 * - `not-linearizable`: no order of the operations explains the results.
 * - `threw`: an operation threw, and there is no model that says that it may.
 */
export type FailureKind =
  | "race"
  | "invariant"
  | "at-end"
  | "deadlock"
  | "not-linearizable"
  | "threw";

/** A schedule that fails, and why. */
export interface Failure {
  readonly kind: FailureKind;
  /** Of the check, or of the operation that threw. */
  readonly name: string | undefined;
  readonly message: string;
  /** Among those that fail like this one, one with few changes of thread; see `explore`. */
  readonly trace: Trace;
}

/** What an exploration has found, and how much of the scenario it has covered. */
export interface Report {
  /**
   * Whether every schedule was covered: followed, or left out because another one shows the same. A failure ends the
   * exploration, so with one this is false; without one, false means that a limit was reached and nothing has been shown.
   */
  readonly complete: boolean;
  readonly failure: Failure | undefined;
  /** The limit that was reached, and where. */
  readonly cut: string | undefined;
  /** Schedules that were followed to their end. */
  readonly schedules: number;
  /** States that were visited; different ones where the reduction tells states apart. */
  readonly states: number;
  /** Steps that were taken, those of several schedules in common counted once. */
  readonly steps: number;
  /** Steps of the longest schedule. */
  readonly longestTrace: number;
  /** States of single threads that were found, each by running the thread once. */
  readonly localStates: number;
}

/** A report as text: the counts, and the failing trace if there is one. */
export function formatReport(report: Report): string {
  const { complete, failure, cut, schedules, states, steps, longestTrace } = report;
  const counts = `${schedules} schedules, ${states} states, ${steps} steps, longest trace ${longestTrace}`;
  if (failure !== undefined) {
    const { kind, name, message, trace } = failure;
    const what = name === undefined ? kind : `${kind} "${name}"`;
    return `${what}: ${message}\n${formatTrace(trace)}\n(${counts})`;
  }
  return complete ? `complete: ${counts}` : `NOT complete, ${cut}: ${counts}`;
}
