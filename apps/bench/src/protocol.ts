/**
 * What the process that measures is told, and what it says.
 *
 * @module
 */

import type { SuiteReport } from "./report.js";
import type { Selection } from "./select.js";
import type { Attempt } from "./verdict.js";

/** The one argument of `child.ts`, as JSON. */
export interface Task {
  readonly id: string;
  readonly package: string;
  readonly url: string;
  readonly full: boolean;
  readonly selection: Selection;
  /** Milliseconds that all rounds of all rows may take together. */
  readonly budgetMs: number;
}

/** A check as one process saw it. */
export interface CheckAttempt {
  readonly id: string;
  readonly bound: number;
  readonly sense: "<=" | ">=";
  readonly unit: string;
  readonly floor: { readonly row: string; readonly ns: number } | null;
  readonly attempt: Attempt;
}

/** JSON turns NaN into null, so results travel by structured clone (`serialization: "advanced"`). */
export type Message =
  | { readonly kind: "progress"; readonly done: number; readonly total: number }
  | {
      readonly kind: "result";
      readonly suite: SuiteReport;
      readonly checks: readonly CheckAttempt[];
      /** Checks whose rows only `--full` runs. */
      readonly onlyFull: readonly string[];
      /** Every check that the suite declares, for a message when `--only` matched none. */
      readonly known: readonly string[];
    }
  | { readonly kind: "error"; readonly message: string };
