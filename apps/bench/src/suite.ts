/**
 * What a suite declares: rows to time and checks to hold them against, as data. The runner does the rest.
 *
 * @module
 */

import type { Bound } from "./verdict.js";

/** Operations in one block unless the row says otherwise: the call of the block is then 0.1 % of 1 ns. */
export const DEFAULT_OPS = 1024;

/**
 * Runs a row's operations once over and returns a number that depends on all of them, so that none can be left out.
 *
 * A block loops by itself (`ops` times) because a call per operation would cost as much as the fastest of them.
 */
export type Block = () => number;

/** A row that must time itself, because its work happens elsewhere (workers). Resolves to nanoseconds an operation. */
export interface SelfTimed {
  readonly nsPerOp: () => number | Promise<number>;
}

export interface Row {
  readonly name: string;
  /** Ours, the least that the machine needs for the same effect, or how others do it. */
  readonly role: "ours" | "floor" | "peer";
  /** What one operation is, for whoever reads the table. */
  readonly what: string;
  /** Operations that one call of the block performs. */
  readonly ops?: number;
  /** Sizes to run at; a row without sizes runs once, with n = 0. */
  readonly n?: readonly number[];
  /** Further sizes for `--full`. */
  readonly nFull?: readonly number[];
  /** Sets up for one size, in the process that measures. Runs outside every timing. */
  readonly make: (n: number) => Block | SelfTimed | Promise<Block | SelfTimed>;
}

/** The readings of one turn, or of a round without. A key is the row's name, with `@n` if the row has sizes. */
export interface Readings {
  /** Nanoseconds an operation. */
  ns(key: string): number;
  /** Bytes of garbage an operation; NaN for a row that times itself. */
  bytes(key: string): number;
}

/** A formula over readings, and the key of the row it is measured against, if there is one. */
export interface Formula {
  readonly value: (readings: Readings) => number;
  readonly floor: string | null;
}

/** A bound that somebody promised. */
export type Check = Formula &
  Bound & {
    /** `<package>.<topic>.<what>`; the first two parts are the suite's id. */
    readonly id: string;
    /** What the value counts: `x D`, `B/op`. */
    readonly unit: string;
  };

export interface Suite {
  readonly title: string;
  /** Of the samples in one round: `median` (the default), or `mean`, which includes garbage collection. */
  readonly statistic?: "median" | "mean";
  /** Whether rows take turns within a round, a millisecond or two each (turns.ts), instead of one for its share of it. Of medians only. */
  readonly inTurns?: boolean;
  readonly rows: readonly Row[];
  readonly checks: readonly Check[];
}

/** The time of one row as a multiple of another's. */
export const ratio = (of: string, to: string): Formula => ({
  value: (readings) => readings.ns(of) / readings.ns(to),
  floor: to,
});

/** The garbage of one row, beyond another's if given. */
export const garbage = (of: string, beyond?: string): Formula => ({
  value: (readings) => readings.bytes(of) - (beyond === undefined ? 0 : readings.bytes(beyond)),
  floor: beyond ?? null,
});

/** One row at one size: what is timed. */
export interface Cell {
  readonly key: string;
  readonly row: Row;
  /** null for a row without sizes. */
  readonly n: number | null;
}

/** Every cell of a suite in the given mode, in the order of declaration. */
export function cellsOf(suite: Suite, full: boolean): Cell[] {
  return suite.rows.flatMap((row): Cell[] => {
    if (row.n === undefined && row.nFull === undefined) return [{ key: row.name, row, n: null }];
    const sizes = [...(row.n ?? []), ...(full ? (row.nFull ?? []) : [])];
    return sizes.map((n) => ({ key: `${row.name}@${n}`, row, n }));
  });
}

/** The keys that a check's formula reads, found by evaluating it once on readings of 1. */
export function keysOf(check: Check): Set<string> {
  const keys = new Set<string>(check.floor === null ? [] : [check.floor]);
  const note = (key: string): number => {
    keys.add(key);
    return 1;
  };
  check.value({ ns: note, bytes: note });
  return keys;
}

/**
 * What is wrong with a declaration, one sentence each: names used twice, checks under another suite's id, formulas over
 * rows that do not exist. A check of rows that only `--full` runs is right, and left out otherwise.
 */
export function mistakesIn(id: string, suite: Suite): string[] {
  const mistakes: string[] = [];
  const once = (what: string, names: readonly string[]): void => {
    for (const name of names.filter((name, i) => names.indexOf(name) !== i)) {
      mistakes.push(`${id}: two ${what} are called ${name}`);
    }
  };
  if (suite.inTurns === true && suite.statistic === "mean") {
    mistakes.push(`${id}: a turn is too short for a mean`);
  }
  const keys = cellsOf(suite, true).map((cell) => cell.key);
  once("rows", keys);
  once(
    "checks",
    suite.checks.map((check) => check.id),
  );
  for (const check of suite.checks) {
    if (!check.id.startsWith(`${id}.`))
      mistakes.push(`${id}: check ${check.id} must start with ${id}.`);
    for (const key of keysOf(check)) {
      if (!keys.includes(key))
        mistakes.push(`${id}: check ${check.id} reads row ${key}, which is not there`);
    }
  }
  return mistakes;
}
