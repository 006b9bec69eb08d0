/**
 * When a check holds.
 *
 * In one process its value is the median over the rounds of a formula evaluated round by round, so that whatever slowed
 * a whole round down slowed both sides of a ratio. A first failure is tried again in two fresh processes, and the
 * check fails if two of the three did.
 *
 * @module
 */

import { median, spread } from "./stats.js";

/** A spread above this share of the bound says more about the machine than about the code. */
export const NOISY_SHARE = 0.3;

/** Exactly one side: a ratio that must stay small, or one that must stay large. */
export type Bound =
  | { readonly atMost: number; readonly atLeast?: never }
  | { readonly atLeast: number; readonly atMost?: never };

/** What one process found. */
export interface Attempt {
  /** Median over the rounds, in the check's unit. */
  readonly value: number;
  /** p75 - p25 over the rounds, in the check's unit. */
  readonly spread: number;
  readonly noisy: boolean;
  /** A row that the value rests on was optimised away, so the value means nothing. */
  readonly eliminated: boolean;
  readonly ok: boolean;
}

/** What all processes together found. */
export interface Verdict {
  readonly value: number;
  readonly spread: number;
  readonly noisy: boolean;
  readonly ok: boolean;
}

export const boundOf = (bound: Bound): number => bound.atMost ?? bound.atLeast;

/** Judges one process. A value that is not a number (a row without a reading) never holds. */
export function judge(values: readonly number[], bound: Bound, eliminated: boolean): Attempt {
  const value = median(values);
  const iqr = spread(values);
  const within = bound.atMost !== undefined ? value <= bound.atMost : value >= bound.atLeast;
  const noisy = !(iqr <= NOISY_SHARE * boundOf(bound));
  return { value, spread: iqr, noisy, eliminated, ok: within && !noisy && !eliminated };
}

/**
 * Joins one attempt that held, or three.
 *
 * Value and spread are each the median of the attempts', `noisy` and `ok` what most attempts say; so a check may fail
 * although no single one of these figures is bad (one attempt over the bound, another too noisy).
 */
export function combine(attempts: readonly Attempt[]): Verdict {
  const most = (of: (attempt: Attempt) => boolean): boolean =>
    2 * attempts.filter(of).length > attempts.length;
  return {
    value: median(attempts.map((attempt) => attempt.value)),
    spread: median(attempts.map((attempt) => attempt.spread)),
    noisy: most((attempt) => attempt.noisy),
    ok: most((attempt) => attempt.ok),
  };
}
