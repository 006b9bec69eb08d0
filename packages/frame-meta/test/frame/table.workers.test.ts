import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { struct, u32 } from "@memkit/core";
import { defineFrameMeta, FrameTable } from "@memkit/frame-meta";
import { checkInvariants } from "@memkit/frame-meta/model";
import { expect, it } from "vitest";
import { PAGE } from "./support.js";

interface Report {
  readonly claimed: Int32Array;
  readonly dropped: Int32Array;
  readonly codes: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

it("FM-11 FM-12 FM-16: workers that fight for four frames lose none, and see no metadata half-written", async () => {
  const frames = 4;
  const ram = new SharedArrayBuffer(frames * PAGE);
  const table = FrameTable.create({ memory: { buffer: ram }, mode: "shared" });
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const workers = [1, 2].map(
    (seed) =>
      new Worker(new URL("./table-worker.mjs", import.meta.url), {
        workerData: { buffer: table.buffer, ram, gate, frames, rounds: 30_000, seed },
      }),
  );
  try {
    const ready = await Promise.all(workers.map((worker) => once(worker, "message")));
    const owned = defineFrameMeta({
      name: "owned",
      layout: struct(["owner", u32], ["check", u32]),
    });
    // One number for the type that all know, whoever came first.
    const id = table.bind(owned);
    expect(ready.map(([message]) => (message as { ready: number }).ready)).toEqual([id, id]);
    const done = workers.map((worker) => once(worker, "message"));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    const reports = (await Promise.all(done)).map(([report]) => report as Report);
    const sum = (of: (report: Report) => Int32Array, pfn: number) =>
      reports.reduce((n, report) => n + of(report)[pfn]!, 0);
    for (let pfn = 0; pfn < frames; pfn += 1) {
      expect(sum((r) => r.claimed, pfn)).toBeGreaterThan(100);
      // Each life of a frame begins with one claim and ends with one onDrop.
      expect(sum((r) => r.dropped, pfn)).toBe(sum((r) => r.claimed, pfn));
      expect(table.slots.countOf(pfn)).toBe(-1);
    }
    const known = ["busy", "in-use", "unique", "unused"];
    for (const { codes, wrong } of reports) {
      expect(wrong).toEqual([]);
      expect(Object.keys(codes).filter((code) => !known.includes(code))).toEqual([]);
    }
    expect(checkInvariants(table, { atEnd: true })).toEqual({ violations: [], racing: [] });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}, 60_000);
