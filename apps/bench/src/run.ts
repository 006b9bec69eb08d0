/**
 * Runs the selected suites one after another, tries failed checks again, and puts the report together.
 *
 * One process at a time: two would measure each other.
 *
 * @module
 */

import type { CheckAttempt, Task } from "./protocol.js";
import type { CheckReport, Failure, SuiteReport } from "./report.js";
import { type Selection, type SuiteFile, selectionIn } from "./select.js";
import { type Result, spawnSuite } from "./spawn.js";
import { combine } from "./verdict.js";

/** Milliseconds of measuring a package: with start-up, set-up and garbage readings below 30 s, also on a busy machine. */
const PACKAGE_BUDGET_MS = { default: 12_000, full: 160_000 } as const;
/** Fresh processes after a first failure: two, so that two of three decide. */
const RETRIES = 2;

export interface RunOptions {
  readonly only: string | null;
  readonly full: boolean;
}

export interface RunResult {
  readonly suites: readonly SuiteReport[];
  readonly checks: readonly CheckReport[];
  readonly failures: readonly Failure[];
  /** Ids of checks left out because their rows run with `--full` only. */
  readonly onlyFull: readonly string[];
  /** Ids of the checks of all suites looked at. */
  readonly known: readonly string[];
}

/** Says how far the run is: `text` for the line, without a line break. */
export type Progress = (text: string) => void;

type Measured = Extract<Result, { kind: "result" }>;

/** The attempts of every check of one suite, the first process's and if need be two more. */
async function withRetries(
  first: Measured,
  again: (ids: readonly string[], retry: number) => Promise<Result>,
): Promise<{ attempts: Map<string, CheckAttempt[]>; lost: string[] }> {
  const attempts = new Map(first.checks.map((check) => [check.id, [check]]));
  const failed = first.checks.filter((check) => !check.attempt.ok).map((check) => check.id);
  const lost: string[] = [];
  for (let retry = 1; failed.length > 0 && retry <= RETRIES; retry++) {
    const result = await again(failed, retry);
    if (result.kind === "error") lost.push(result.message);
    else for (const check of result.checks) attempts.get(check.id)?.push(check);
  }
  return { attempts, lost };
}

function reportOf(packageName: string, seen: readonly CheckAttempt[]): CheckReport {
  const { id, bound, sense, unit } = seen[0]!;
  const verdict = combine(seen.map((check) => check.attempt));
  // The floor of the attempt whose value is nearest to the one reported.
  const off = (check: CheckAttempt): number => Math.abs(check.attempt.value - verdict.value);
  const [nearest] = [...seen].sort((a, b) => off(a) - off(b));
  return {
    id,
    package: packageName,
    ...verdict,
    bound,
    sense,
    unit,
    floor: nearest!.floor,
    attempts: seen.map((check) => check.attempt),
  };
}

/** Runs `suites`, of which there may be several a package. */
export async function runSuites(
  suites: readonly SuiteFile[],
  { only, full }: RunOptions,
  progress: Progress,
): Promise<RunResult> {
  const reports: SuiteReport[] = [];
  const checks: CheckReport[] = [];
  const failures: Failure[] = [];
  const onlyFull: string[] = [];
  const known: string[] = [];
  for (const [at, file] of suites.entries()) {
    const siblings = suites.filter((other) => other.package === file.package).length;
    const start = (selection: Selection, note: string): Promise<Result> => {
      const task: Task = {
        ...file,
        full,
        selection,
        budgetMs: PACKAGE_BUDGET_MS[full ? "full" : "default"] / siblings,
      };
      return spawnSuite(task, (done, total) =>
        progress(`[${at + 1}/${suites.length}] ${file.id}: round ${done} of ${total}${note}`),
      );
    };
    const first = await start(selectionIn(file, only), "");
    if (first.kind === "error") {
      failures.push({ suite: file.id, message: first.message });
      continue;
    }
    known.push(...first.known);
    onlyFull.push(...first.onlyFull);
    const { attempts, lost } = await withRetries(first, (ids, retry) =>
      start({ kind: "checks", ids }, `, ${ids.length} failed, retry ${retry} of ${RETRIES}`),
    );
    for (const message of lost) failures.push({ suite: file.id, message });
    if (first.suite.rows.length > 0) reports.push(first.suite);
    for (const seen of attempts.values()) checks.push(reportOf(file.package, seen));
  }
  return { suites: reports, checks, failures, onlyFull, known };
}
