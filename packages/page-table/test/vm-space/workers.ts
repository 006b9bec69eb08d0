/**
 * Two processors, each a worker, on one address space: pages of their own in tables that both use, and pages of both. What a processor
 * translates leads to that page's frame until it polls; a page that is only changed is always there; what was written through a translation is dirty when it is taken out; at the end
 * nothing is lost.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { FrameTable } from "@memkit/frame-meta";
import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
import { pageProperty, READ, USER, userConfig, WRITE, x86Format } from "@memkit/page-table/format";
import { shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { Shootdown, shootdownWords, Tlb } from "@memkit/page-table/tlb";
import { checkInvariants, VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { expect } from "vitest";
import { runCrew } from "../support/crew.js";
import { pageMeta } from "../support/space.js";

const AGENTS = 2;
const FRAMES = 512;
/** Huge pages that are mapped all the time, of the same frames, and a page that is, of one frame or another. */
const STABLE = { stable: 1024, huge: 24, replaced: 1000 };

const RW = pageProperty(READ | WRITE | USER);

/** Frames, an empty table, and what a worker needs to be a processor of it. */
export function machine(dies = false) {
  const memory = { buffer: new SharedArrayBuffer(FRAMES * 4096) };
  const frames = FrameTable.create({ memory, mode: "shared" }, { agent: AGENTS });
  const allocator = createBuddy(frames);
  frames.bind(pageMeta);
  shareTables(frames);
  const table = PageTable.create(frames, userConfig(x86Format()));
  const log = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(AGENTS + 1)));
  const gate = new Int32Array(new SharedArrayBuffer(12));
  const data = {
    memory,
    buffer: frames.buffer,
    allocBuffer: allocator.buffer,
    log,
    root: table.rootPfn,
    gate,
    dies,
    ...STABLE,
  };
  const start = (agent: number, form: object): Worker =>
    new Worker(new URL("./worker.mjs", import.meta.url), {
      workerData: { ...data, agents: AGENTS, agent, ...form },
    });
  /** This thread as a processor: it must poll from now on. */
  const space = (): VmSpace => {
    const end = new Shootdown(log, AGENTS + 1, AGENTS, new Tlb());
    return VmSpace.attach(new VmCpu(frames, x86Format(), end), table.rootPfn, { asid: 1 });
  };
  return { frames, allocator, table, gate, start, space };
}

/** Runs it, and returns the number of steps. */
export async function vmSoak(rounds: number, pages: number, seconds?: number): Promise<number> {
  const { frames, allocator, table, gate, start, space } = machine();
  const { stable, huge, replaced } = STABLE;
  for (let i = 0; i < huge; i += 1) table.mapRange((stable + 512 * i) * 4096, 512, 0, RW);
  const cursor = table.cursorMut(replaced * 4096, 1);
  cursor.map(allocFrame(frames, pageMeta, {}), RW);
  cursor.close();
  const workers = [0, 1].map((agent) => start(agent, { rounds, pages }));
  return runCrew(workers, gate, seconds, () => {
    const mine = space();
    expect(checkInvariants(mine)).toEqual([]);
    mine.unmap(0, stable + 512 * huge);
    mine.drop();
    table.drop();
    expect(allocator.stats().taken).toBe(0);
  });
}
