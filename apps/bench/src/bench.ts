/**
 * One run of the harness, from arguments to exit code.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { HELP, parseOptions } from "./cli.js";
import { compareText } from "./compare.js";
import { describeCommit, describeMachine } from "./machine.js";
import { REPORT_VERSION, type Report, readReport } from "./report.js";
import { type Progress, type RunResult, runSuites } from "./run.js";
import { findSuites, selectSuites } from "./select.js";
import { reportText } from "./table.js";

/** What the world outside gives; tests give their own. */
export interface Surroundings {
  readonly suitesDir: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Called as the run goes on. */
  readonly progress: Progress;
}

/** 0: every check holds. 1: one does not, or a suite could not be measured. 2: the arguments are wrong. */
export type ExitCode = 0 | 1 | 2;

const matched = (run: RunResult): boolean =>
  run.suites.length + run.checks.length + run.failures.length + run.onlyFull.length > 0;

export async function bench(args: readonly string[], around: Surroundings): Promise<ExitCode> {
  const refuse = (sentence: string): 2 => {
    around.err(`bench: ${sentence}\nSee npm run bench -- --help.\n`);
    return 2;
  };
  const options = parseOptions(args);
  if ("refused" in options) return refuse(options.refused);
  if ("help" in options) {
    around.out(HELP);
    return 0;
  }
  // Before minutes of measuring, not after.
  const before = options.compare === null ? null : readReport(options.compare);
  if (before !== null && "refused" in before) return refuse(before.refused);

  const { only, full } = options;
  const all = findSuites(around.suitesDir);
  const suites = only === null ? all : selectSuites(all, only);
  const nothing = (ids: readonly string[]): 2 =>
    refuse(`nothing is called ${only} or begins so; there is ${ids.join(", ")}`);
  if (suites.length === 0) return nothing(all.map((suite) => suite.id));

  const machine = describeMachine();
  const run = await runSuites(suites, options, around.progress);
  if (!matched(run)) return nothing(run.known);

  const report: Report = {
    version: REPORT_VERSION,
    date: new Date().toISOString(),
    commit: describeCommit(),
    machine,
    mode: full ? "full" : "default",
    only,
    suites: run.suites,
    checks: run.checks,
    failures: run.failures,
    ok: run.failures.length === 0 && run.checks.every((check) => check.ok),
  };
  around.out(reportText(report));
  if (run.onlyFull.length > 0) around.out(`Only with --full: ${run.onlyFull.join(", ")}\n`);
  if (before !== null) around.out(`\n${compareText(report, before)}`);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  return report.ok ? 0 : 1;
}
