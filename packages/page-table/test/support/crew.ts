/** The workers of a soak: all begin at the same moment, and go on for their rounds, or until they are told to stop. */

import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { expect } from "vitest";

/** What a worker says when it has done. */
export interface Report {
  readonly round: number;
  readonly wrong: readonly unknown[];
}

/**
 * Lets workers go, shows what they report to `judge`, and ends them.
 *
 * @param gate - word 0 lets them begin, word 1 makes them stop
 * @returns their rounds in all
 */
export async function runCrew<R extends Report>(
  workers: readonly Worker[],
  gate: Int32Array,
  seconds: number | undefined,
  judge: (reports: readonly R[]) => void,
): Promise<number> {
  const stop = (): unknown => Atomics.store(gate, 1, 1);
  const timer = seconds === undefined ? undefined : setTimeout(stop, seconds * 1000);
  try {
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const done = workers.map((worker) => once(worker, "message"));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    const reports = (await Promise.all(done)).map(([report]) => report as R);
    for (const { wrong } of reports) expect(wrong).toEqual([]);
    judge(reports);
    return reports.reduce((sum, { round }) => sum + round, 0);
  } finally {
    clearTimeout(timer);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
