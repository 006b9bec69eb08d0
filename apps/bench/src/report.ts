/**
 * The report: what `--json` writes and `--compare` reads.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import type { Attempt } from "./verdict.js";

/** Changes when a field changes its meaning; `--compare` refuses another one. */
export const REPORT_VERSION = 1;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
  /** Load average over the last minute, when the run began. */
  readonly load: number;
}

export interface RowReport {
  readonly name: string;
  readonly role: "ours" | "floor" | "peer";
  readonly what: string;
  readonly n: number | null;
  /** Nanoseconds an operation, median over the rounds. */
  readonly ns: number;
  /** p75 - p25 over the rounds, in nanoseconds. */
  readonly spread: number;
  /** Garbage an operation; null for rows that time themselves. */
  readonly bytes: number | null;
  /** `ns` as a multiple of the last floor row declared before (at the same n, if that has sizes); null without one. */
  readonly perFloor: number | null;
  /** Not faster work but none: the compiler removed it. */
  readonly eliminated: boolean;
  readonly operations: number;
}

export interface SuiteReport {
  readonly id: string;
  readonly package: string;
  readonly title: string;
  readonly statistic: "median" | "mean";
  readonly rounds: number;
  readonly seconds: number;
  readonly rows: readonly RowReport[];
}

/** One named bound and what became of it. */
export interface CheckReport {
  readonly id: string;
  readonly package: string;
  /** In `unit`: median over the rounds, of three attempts the median of theirs. JSON has null for what is no number. */
  readonly value: number;
  readonly bound: number;
  readonly sense: "<=" | ">=";
  readonly unit: string;
  readonly ok: boolean;
  readonly noisy: boolean;
  /** The row that the value is a multiple of, and its time in the run that decided. */
  readonly floor: { readonly row: string; readonly ns: number } | null;
  /** p75 - p25 over the rounds, in `unit`. */
  readonly spread: number;
  /** One if the first process held, else three. */
  readonly attempts: readonly Attempt[];
}

export interface Failure {
  readonly suite: string;
  readonly message: string;
}

export interface Report {
  readonly version: typeof REPORT_VERSION;
  readonly date: string;
  readonly commit: string | null;
  readonly machine: Machine;
  readonly mode: "default" | "full";
  readonly only: string | null;
  readonly suites: readonly SuiteReport[];
  readonly checks: readonly CheckReport[];
  /** Suites that could not be measured: they threw, or did not come back. */
  readonly failures: readonly Failure[];
  /** Whether every check holds and every suite could be measured. */
  readonly ok: boolean;
}

function isReport(value: unknown): value is Report {
  return (
    typeof value === "object" &&
    value !== null &&
    "version" in value &&
    value.version === REPORT_VERSION &&
    "suites" in value &&
    Array.isArray(value.suites) &&
    "checks" in value &&
    Array.isArray(value.checks)
  );
}

/** Reads an earlier report, or says in a sentence why it cannot. */
export function readReport(file: string): Report | { readonly refused: string } {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    return { refused: `${file} cannot be read as JSON: ${String(cause)}` };
  }
  return isReport(value)
    ? value
    : { refused: `${file} is no report of this harness, version ${REPORT_VERSION}` };
}
