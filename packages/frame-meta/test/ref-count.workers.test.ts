import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";

interface Report {
  readonly moved: readonly number[];
  readonly lastDrops: number;
  readonly steps: number;
}

/** Runs the counting worker `agents` times over the same slots, all released by one gate word behind them. */
async function race(start: readonly number[], agents: number, rounds: number) {
  const gate = start.length;
  const words = new Int32Array(new SharedArrayBuffer((start.length + 1) * 4));
  words.set(start);
  const workers = Array.from(
    { length: agents },
    (_, seed) =>
      new Worker(new URL("./counting-worker.mjs", import.meta.url), {
        workerData: { buffer: words.buffer, rounds, seed: seed + 1 },
      }),
  );
  try {
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const reports = workers.map((worker) => once(worker, "message"));
    Atomics.store(words, gate, 1);
    Atomics.notify(words, gate);
    const all = (await Promise.all(reports)).map(([report]) => report as Report);
    return { words: [...words.subarray(0, gate)], reports: all };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

describe("two workers on the same words", () => {
  it("FM-2 FM-3: the final counts are exactly what the successful steps add up to", async () => {
    const start = [1_000_000, 1_000_000, -1, -2, 0, -3];
    const { words, reports } = await race(start, 2, 200_000);
    const sum = (slot: number) => reports.reduce((n, { moved }) => n + (moved[slot] ?? 0), 0);
    expect(words).toEqual(start.map((count, slot) => count + sum(slot)));
    expect(words.slice(2)).toEqual(start.slice(2)); // sentinels: refused every time
    for (const { steps } of reports) expect(steps).toBeGreaterThan(10_000); // both did take part
  }, 30_000);

  it("FM-1: of all agents dropping one word, exactly one is told that it was the last", async () => {
    const start = Array.from({ length: 64 }, () => 2);
    const { words, reports } = await race(start, 2, 100_000);
    const ended = words.filter((word) => word === 0).length;
    expect(reports.reduce((n, { lastDrops }) => n + lastDrops, 0)).toBe(ended);
    expect(ended).toBeGreaterThan(0);
  }, 30_000);
});
