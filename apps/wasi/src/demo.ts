/**
 * `npm run demo`: a program that nobody here wrote runs a real script on memory that these packages hold.
 *
 * Shows what the script printed, after comparing it with what it must print, and then what happened underneath. Progress
 * goes to standard error. Exits with 1 and a reason if anything is not as it must be.
 *
 * @module
 */

import type { WasmRegion } from "@memkit/mmap-region";
import { FUNCTIONS } from "./functions.js";
import type { Program } from "./program.js";
import {
  compilePython,
  expectedOutput,
  MAX_PAGES,
  pythonRegion,
  type RunReport,
  runScript,
} from "./python.js";
import { describeShare, type Pair, shareOf } from "./share.js";

/** What the demo promises: files, and the least that must have gone through the host. */
const FILES = 200;
const LEAST_CALLS = 5_000;
const LEAST_FUNCTIONS = 15;
/** Pairs of runs that the share of checks is measured with. */
const PAIRS = 5;

function progress(text: string): void {
  process.stderr.write(`demo: ${text}\n`);
}

/** The first line in which two texts differ. */
function firstDifference(got: string, expected: string): string {
  const [ours, theirs] = [got.split("\n"), expected.split("\n")];
  const line = theirs.findIndex((text, i) => text !== ours[i]);
  const at = line === -1 ? theirs.length : line;
  return `line ${at + 1}: expected ${JSON.stringify(theirs[at])}, got ${JSON.stringify(ours[at])}`;
}

/** Why a run is not what it must be, or undefined. */
function complaint(run: RunReport): string | undefined {
  if (run.status !== 0) return `the script ended with status ${run.status}: ${run.stderr}`;
  const expected = expectedOutput();
  if (run.stdout === expected) return undefined;
  return `the output differs from demo/expected.txt in ${firstDifference(run.stdout, expected)}`;
}

function demand(reason: string | undefined): void {
  if (reason !== undefined) throw new Error(reason);
}

function total(calls: ReadonlyMap<string, number>): number {
  return [...calls.values()].reduce((sum, count) => sum + count, 0);
}

function measure(python: Program, region: WasmRegion): Pair[] {
  const timed = (checked: boolean): number => {
    const run = runScript(python, region, {
      files: FILES,
      mode: checked ? "checked" : "unchecked",
    });
    demand(complaint(run));
    return run.userTime;
  };
  progress("warming up both ways of running");
  timed(true);
  timed(false);
  const pairs: Pair[] = [];
  for (let i = 0; i < PAIRS; i += 1) {
    progress(`measuring the share of checks, pair ${i + 1} of ${PAIRS}`);
    // Whichever runs first may find the machine warmer or colder: they take turns.
    const first = timed(i % 2 === 0);
    const second = timed(i % 2 !== 0);
    pairs.push(
      i % 2 === 0 ? { checked: first, unchecked: second } : { checked: second, unchecked: first },
    );
  }
  return pairs;
}

/** Words in indented lines of at most 100 columns. */
function wrapped(words: readonly string[]): string[] {
  const indent = " ".repeat(16);
  const lines: string[] = [];
  for (const word of words) {
    const last = lines[lines.length - 1];
    if (last === undefined || last.length + word.length > 97) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = `${last}, ${word}`;
  }
  return lines;
}

function describe(run: RunReport, pairs: readonly Pair[]): string {
  const { startPages, endPages, growths } = run.memory;
  const { reads, writes, granted, refused, peak } = run.counts;
  const byCount = [...run.calls].sort(([, a], [, b]) => b - a);
  const calls = wrapped(byCount.map(([name, count]) => `${name} ${count}`));
  return [
    "underneath",
    `  guest memory  ${startPages} pages of 64 KiB, ${endPages} at the end, ${growths} growths; the region's limit is ${MAX_PAGES}`,
    `  host calls    ${total(run.calls)} to ${run.calls.size} of ${FUNCTIONS.length} functions:`,
    ...calls,
    `  accesses      ${reads} reads, ${writes} writes`,
    `  borrows       ${granted} granted, ${refused} refused, ${peak} at most at once`,
    `  checks        ${describeShare(shareOf(pairs), pairs.length)}`,
    "",
  ].join("\n");
}

function main(): void {
  progress("compiling CPython 3.12 (26 MB)");
  const python = compilePython();
  const region = pythonRegion();
  progress(`running demo/script.py: ${FILES} files written, read back and hashed`);
  const run = runScript(python, region, { files: FILES, mode: "counted" });
  demand(complaint(run));
  const calls = total(run.calls);
  if (calls < LEAST_CALLS) demand(`only ${calls} host calls, ${LEAST_CALLS} are promised`);
  if (run.calls.size < LEAST_FUNCTIONS) demand(`only ${run.calls.size} functions were called`);
  if (run.counts.outstanding !== 0) demand("a borrow was never given back");
  process.stdout.write(`${run.stdout}\n`);
  process.stdout.write(describe(run, measure(python, region)));
  region.close();
}

try {
  main();
} catch (error) {
  process.stderr.write(`demo failed: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
