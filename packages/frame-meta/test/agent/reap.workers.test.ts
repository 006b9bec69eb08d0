/** Workers that are terminated in the middle of what they do, while another goes on. `MEMKIT_KILLS` asks for more rounds. */
import { Worker } from "node:worker_threads";
import { atomic, struct, u32, u64Number } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable, type FrameToken } from "@memkit/frame-meta";
import { inTransit, reap } from "@memkit/frame-meta/agents";
import { checkInvariants, FrameLedger } from "@memkit/frame-meta/model";
import { expect, it } from "vitest";

const PAGE = 4096;
const FRAMES = 6;
const AGENTS = 4;
const ROUNDS = Number(process.env.MEMKIT_KILLS ?? 1);

const owner = defineFrameMeta({
  name: "owner",
  layout: struct(["lock", atomic(u32)], ["value", u32], ["child", u64Number]),
  lock: "lock",
  onDrop: () => undefined,
});

/** Until somebody has made `gate[index]` what it is to be. */
async function reached(gate: Int32Array, index: number, value: number): Promise<void> {
  while (Atomics.load(gate, index) !== value) await new Promise((done) => setTimeout(done, 5));
}

it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
  "FM-36 FM-37: round %i, nothing is lost by workers that are terminated",
  async (round) => {
    const ram = new SharedArrayBuffer(FRAMES * PAGE);
    const ledger = new FrameLedger({ frames: FRAMES, agents: AGENTS });
    const memory = { buffer: ram };
    const table = FrameTable.create({ memory, mode: "shared", transits: 8 }, { ledger, agent: 0 });
    table.bind(owner);
    const gate = new Int32Array(new SharedArrayBuffer(4 * AGENTS));
    // One goes on, one stops by itself after so many accesses, one is terminated wherever it happens to be.
    const stops = [0, 997 + 131 * round, 0];
    const workers = stops.map(
      (stopAt, i) =>
        new Worker(new URL("./mortal-worker.mjs", import.meta.url), {
          workerData: {
            ...{ buffer: table.buffer, ram, ledger: ledger.buffer, gate, frames: FRAMES },
            ...{ agents: AGENTS, agent: i + 1, stopAt },
          },
        }),
    );
    let received = 0;
    const receive = ({ token }: { readonly token?: FrameToken }): void => {
      if (token === undefined) return;
      Frame.receive(table, token).drop();
      received += 1;
    };
    try {
      for (const worker of workers) worker.on("message", receive);
      await Promise.all(workers.map((_, i) => reached(gate, i + 1, 1)));
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      await reached(gate, 2, 2);
      await new Promise((done) => setTimeout(done, 20));
      // All are gone before the first is reaped: one that stopped in a step would be in the way of the reaping of another.
      await Promise.all(workers.slice(1).map((worker) => worker.terminate()));
      const report = reap(table, [2, 3], { patience: 5000 });
      expect(report.error).toBeUndefined();
      await new Promise((done) => setTimeout(done, 20)); // the survivor works on
      const [survivor] = workers;
      const done = new Promise((end) =>
        survivor!.on("message", ({ done: said }) => said && end(said)),
      );
      Atomics.store(gate, 0, 2);
      await done;
      // Tokens that a worker had made but not posted, or that came too late.
      for (const entry of inTransit(table)) Frame.receive(table, entry).drop();
      table.drain();
      expect(received).toBeGreaterThan(0);
      expect(checkInvariants(table, { atEnd: true })).toEqual({ violations: [], racing: [] });
      for (let pfn = 0; pfn < FRAMES; pfn += 1) expect(table.slots.countOf(pfn)).toBe(-1);
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  },
  60_000,
);
