// One thread of a crew (crew.ts): sets up, waits for the gate, times a batch of blocks, and again.
import { parentPort, workerData } from "node:worker_threads";

/** Milliseconds before the first reading, enough for the optimising compiler. */
const WARM_UP_MS = 200;

const { file, data, member, gate, readingMs } = workerData;
const { make, ops } = await import(file);
const block = make(data, member);
let sink = 0;
let warm = 0;
for (const start = performance.now(); performance.now() - start < WARM_UP_MS; warm += 1) {
  sink += block();
}
const blocks = Math.ceil((warm * readingMs) / WARM_UP_MS);
parentPort.postMessage("ready");
for (let turn = 0; ; turn += 1) {
  Atomics.wait(gate, 0, turn);
  const start = process.hrtime.bigint();
  for (let i = 0; i < blocks; i += 1) sink += block();
  const ns = Number(process.hrtime.bigint() - start) / (blocks * ops);
  parentPort.postMessage(Number.isNaN(sink) ? Number.NaN : ns); // a sum that is used cannot be optimised away
}
