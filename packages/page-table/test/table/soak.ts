/**
 * Workers that change one table for a while, each its own pages in tables that all of them share, and the exact account at the end:
 * the table is the union of what each says that it has mapped, every invariant holds, and no node is lost.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import { EXECUTE, userConfig, x86Format } from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { expect } from "vitest";
import { type Report as Rounds, runCrew } from "../support/crew.js";

interface Report extends Rounds {
  readonly model: readonly (readonly [page: number, executable: boolean])[];
}

export interface Soak {
  readonly agents: number;
  /** Pages that are played on, and how many pages they are apart. */
  readonly pages: number;
  readonly step: number;
  readonly rounds: number;
  readonly seconds?: number;
}

const FRAMES = 512;

/** Runs it, fails where the account is not exact, and returns the number of steps. */
export async function soak({ agents, pages, step, rounds, seconds }: Soak): Promise<number> {
  const memory = { buffer: new SharedArrayBuffer(FRAMES * 4096) };
  const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 15 });
  const allocator = createBuddy(frames);
  shareTables(frames);
  const table = PageTable.create(frames, userConfig(x86Format(), "untracked"));
  const gate = new Int32Array(new SharedArrayBuffer(12));
  const data = {
    memory,
    buffer: frames.buffer,
    allocBuffer: allocator.buffer,
    root: table.rootPfn,
  };
  const workers = Array.from(
    { length: agents },
    (_, agent) =>
      new Worker(new URL("./soak-worker.mjs", import.meta.url), {
        workerData: { ...data, agent, agents, gate, pages, step, rounds },
      }),
  );
  return runCrew<Report>(workers, gate, seconds, (reports) => {
    const want = reports.flatMap(({ model }) => model).sort(([a], [b]) => a - b);
    const found: [number, boolean][] = [];
    for (let page = 0; page < pages; page += 1) {
      const at = table.translate(page * step * 4096);
      if (at !== undefined) found.push([page, (at.prop & EXECUTE) !== 0]);
    }
    expect(found).toEqual(want);
    expect(checkInvariants(table)).toEqual([]);
    expect(table.unmapRange(0, pages * step)).toBe(want.length);
    table.drop();
    expect(allocator.stats().taken).toBe(0);
  });
}
