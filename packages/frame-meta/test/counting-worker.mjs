// Loads the TypeScript source in a worker thread: Node 20 takes no `--import` for workers, so tsx is registered here.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

const unregister = register();
const { tryDecShared, tryIncShared } = await import("../src/ref-count.ts");
const { buffer, rounds, seed } = workerData;
const words = new Int32Array(buffer);
const GATE = words.length - 1;

parentPort.postMessage("ready");
Atomics.wait(words, GATE, 0); // all workers start at once, or the first would finish before the last begins

// A linear congruential generator (Numerical Recipes): any spread over the slots will do.
let random = seed;
const next = (n) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return (random >>> 16) % n; // its low bits alternate
};
const moved = new Int32Array(GATE);
let lastDrops = 0;
let steps = 0;
for (let round = 0; round < rounds; round++) {
  const slot = next(GATE);
  // Half of the increments are not taken back at once, so counts wander and last drops happen.
  if (next(2) === 0) {
    if (tryIncShared(words, slot) > 0) {
      moved[slot]++;
      steps++;
    }
  } else {
    const count = tryDecShared(words, slot);
    if (count >= 0) {
      moved[slot]--;
      steps++;
    }
    if (count === 0) lastDrops++;
  }
}
parentPort.postMessage({ moved: [...moved], lastDrops, steps });
await unregister();
