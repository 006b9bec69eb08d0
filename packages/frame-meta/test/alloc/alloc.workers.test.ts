import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { FrameTable, unitMeta } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import { checkInvariants } from "@memkit/frame-meta/model";
import { expect, it } from "vitest";
import { PAGE } from "./support.js";

interface Report {
  readonly taken: number;
  readonly wrong: readonly string[];
  readonly codes: Readonly<Record<string, number>>;
}

it.each([
  ["with caches", 4],
  ["without", 0],
])(
  "FM-23 FM-25 FM-26: workers %s that fight for a few frames lose none, and share none",
  async (_, cache) => {
    const frames = 40;
    const memory = { buffer: new SharedArrayBuffer(frames * PAGE) };
    const table = FrameTable.create({ memory, mode: "shared" });
    table.bind(unitMeta);
    const allocator = createBuddy(table, { cache, agents: 4 });
    const fresh = allocator.stats();
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const marks = new Int32Array(new SharedArrayBuffer(4 * frames));
    const workers = [1, 2, 3].map(
      (seed) =>
        new Worker(new URL("./alloc-worker.mjs", import.meta.url), {
          workerData: {
            buffer: table.buffer,
            allocBuffer: allocator.buffer,
            memory,
            marks,
            gate,
            frames,
            rounds: 15_000,
            seed,
          },
        }),
    );
    try {
      await Promise.all(workers.map((worker) => once(worker, "message")));
      const done = workers.map((worker) => once(worker, "message"));
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      const reports = (await Promise.all(done)).map(([report]) => report as Report);
      // `busy`: by address, what another has in its hand.
      const races = ["no-memory", "in-use", "busy"];
      for (const { wrong, codes, taken } of reports) {
        expect(wrong).toEqual([]);
        expect(Object.keys(codes).filter((code) => !races.includes(code))).toEqual([]);
        expect(taken).toBeGreaterThan(500);
      }
      expect(Math.max(...marks)).toBe(0);
      expect(allocator.stats()).toMatchObject({ free: frames, taken: 0 });
      expect(allocator.rescan()).toBe(0); // empties every cache; nothing was lost
      expect(allocator.stats()).toEqual(fresh);
      expect(checkInvariants(table, { atEnd: true })).toEqual({ violations: [], racing: [] });
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  },
  60_000,
);
