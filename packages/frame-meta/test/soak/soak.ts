/**
 * Workers that fight for a few frames for a while, and the exact account at the end: each life of a frame began with one
 * claim and ended with one `onDrop`, nobody saw metadata half-written, and every frame is unused.
 *
 * @module
 */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { struct, u32 } from "@memkit/core";
import { defineFrameMeta, FrameTable, type TableMode } from "@memkit/frame-meta";
import { checkInvariants } from "@memkit/frame-meta/model";
import { expect } from "vitest";
import { PAGE } from "../frame/support.js";
import { inMode } from "../slot/modes.js";

/** What one worker says when it is through. */
interface Report {
  readonly rounds: number;
  readonly claimed: Int32Array;
  readonly dropped: Int32Array;
  readonly codes: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

export interface Soak {
  readonly mode: Exclude<TableMode, "single">;
  readonly workers: number;
  readonly frames: number;
  /** Steps of each worker, at most. */
  readonly rounds: number;
  /** Seconds until they are told to stop. */
  readonly seconds?: number;
  /** Told once a second how many steps were taken, about. */
  readonly progress?: (steps: number, seconds: number) => void;
}

/** Refusals that are nobody's fault. */
const RACES: readonly string[] = ["busy", "in-use", "unique", "unused"];
const STOP = 1;
const DONE = 2;

/** Runs it, fails where the account is not exact, and returns the number of claims and steps. */
export async function soak({ mode, workers: n, frames, rounds, seconds, progress }: Soak): Promise<{
  claims: number;
  steps: number;
}> {
  const memory = { buffer: new SharedArrayBuffer(frames * PAGE) };
  const options = inMode(mode, { memory });
  const table = FrameTable.create(options);
  const words = new Int32Array(new SharedArrayBuffer(4 * (DONE + n)));
  const workers = Array.from(
    { length: n },
    (_, seed) =>
      new Worker(new URL("./soak-worker.mjs", import.meta.url), {
        workerData: {
          ...(options.kernel ? { kernelMemory: options.kernel.memory } : { buffer: table.buffer }),
          memory,
          words,
          frames,
          rounds,
          seed,
        },
      }),
  );
  const started = performance.now();
  const timer = setInterval(() => {
    const now = (performance.now() - started) / 1000;
    progress?.(
      words.subarray(DONE).reduce((sum, steps) => sum + steps, 0),
      now,
    );
    if (now >= (seconds ?? Number.POSITIVE_INFINITY)) Atomics.store(words, STOP, 1);
  }, 1000);
  try {
    const ready = await Promise.all(workers.map((worker) => once(worker, "message")));
    // One number for the type that all know, whoever came first.
    const layout = struct(["owner", u32], ["check", u32]);
    const id = table.bind(defineFrameMeta({ name: "owned", layout }));
    expect(ready.map(([message]) => (message as { ready: number }).ready)).toEqual(
      workers.map(() => id),
    );
    const done = workers.map((worker) => once(worker, "message"));
    Atomics.store(words, 0, 1);
    Atomics.notify(words, 0);
    const reports = (await Promise.all(done)).map(([report]) => report as Report);
    return account(table, frames, reports);
  } finally {
    clearInterval(timer);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function account(table: FrameTable, frames: number, reports: readonly Report[]) {
  const sum = (of: (report: Report) => number) => reports.reduce((n, report) => n + of(report), 0);
  let claims = 0;
  for (let pfn = 0; pfn < frames; pfn += 1) {
    const claimed = sum((report) => report.claimed[pfn]!);
    expect(sum((report) => report.dropped[pfn]!)).toBe(claimed);
    expect(table.slots.countOf(pfn)).toBe(-1);
    claims += claimed;
  }
  for (const { codes, wrong } of reports) {
    expect(wrong).toEqual([]);
    expect(Object.keys(codes).filter((code) => !RACES.includes(code))).toEqual([]);
  }
  expect(checkInvariants(table, { atEnd: true })).toEqual({ violations: [], racing: [] });
  return { claims, steps: sum((report) => report.rounds) };
}
