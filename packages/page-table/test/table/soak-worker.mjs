// One of the agents of a soak: maps, unmaps, protects and looks at pages of a shared table, at random, until told to stop.
// Loads the TypeScript source in a worker thread: Node 20 takes no `--import` for workers, so tsx is registered here.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

const unregister = register();
const { FrameTable } = await import("../../../frame-meta/src/index.ts");
const { attachBuddy } = await import("../../../frame-meta/src/alloc.ts");
const { EXECUTE, pageProperty, READ, USER, userConfig, WRITE, x86Format } = await import(
  "../../src/format.ts"
);
const { attachTable, shareTables } = await import("../../src/shared.ts");
await unregister();

const { memory, buffer, allocBuffer, root, agent, rounds, gate, pages, step } = workerData;
const GATE = 0;
const STOP = 1;
const frames = FrameTable.attach({ memory, buffer }, { agent });
attachBuddy(frames, { buffer: allocBuffer });
shareTables(frames);
const table = attachTable(frames, userConfig(x86Format(), "untracked"), root);
const RW = pageProperty(READ | WRITE | USER);

let random = agent + 1;
const next = (n) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return (random >>> 16) % n;
};
/** This agent's pages are those whose number is its own modulo the agents: they share every table. */
const { agents } = workerData;
const mine = () => next(pages / agents) * agents + agent;
const model = new Map();
const wrong = [];
const vaOf = (page) => page * step * 4096;

const steps = [
  () => {
    const page = mine();
    const cursor = table.cursorMut(vaOf(page), 1);
    try {
      cursor.mapPfn(page + 1000, RW);
      if (model.has(page)) wrong.push(`page ${page} was mapped, and mapped again`);
      model.set(page, false);
    } catch (error) {
      if (error.code !== "already-mapped" || !model.has(page)) wrong.push(`map ${page}: ${error}`);
    } finally {
      cursor.close();
    }
  },
  () => {
    const page = mine();
    const removed = table.unmapRange(vaOf(page), 1);
    if (removed !== (model.delete(page) ? 1 : 0)) wrong.push(`unmap ${page}: ${removed}`);
  },
  () => {
    const page = mine();
    const changed = table.protectRange(vaOf(page), 1, EXECUTE, WRITE);
    if (changed !== (model.has(page) ? 1 : 0)) wrong.push(`protect ${page}: ${changed}`);
    if (changed === 1) model.set(page, true);
  },
  () => {
    const page = mine();
    const found = table.translate(vaOf(page) + 12);
    if ((found !== undefined) !== model.has(page)) wrong.push(`translate ${page}: ${found?.pfn}`);
    if (found === undefined) return;
    const executable = (found.prop & EXECUTE) !== 0;
    if (found.pfn !== page + 1000 || executable !== model.get(page)) {
      wrong.push(`translate ${page}: frame ${found.pfn}, ${executable ? "" : "not "}executable`);
    }
  },
  () => {
    // Somebody else's: what is found must be of that page.
    const page = next(pages);
    const found = table.translate(vaOf(page));
    if (found !== undefined && found.pfn !== page + 1000)
      wrong.push(`${page} leads to ${found.pfn}`);
  },
  () => {
    if (next(20) === 0) table.cleanUp(0, pages * step);
  },
];

parentPort.postMessage("ready");
Atomics.wait(gate, GATE, 0);
let round = 0;
for (; round < rounds && Atomics.load(gate, STOP) === 0; round += 1) steps[next(steps.length)]();
while (table.collect() > 0) Atomics.wait(gate, STOP + 1, 0, 1);
table.drop();
parentPort.postMessage({ round, model: [...model], wrong });
