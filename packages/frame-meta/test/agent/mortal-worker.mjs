// Works on a table until it is terminated, or told to end. Loads the TypeScript source: Node 20 takes no `--import` for workers.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

const unregister = register();
const { atomic, struct, u32, u64Number } = await import("../../../core/src/index.ts");
const { defineFrameMeta, Frame, FrameTable } = await import("../../src/index.ts");
const { UniqueFrame } = await import("../../src/unique.ts");
const { Segment } = await import("../../src/segment.ts");
const { FrameLedger } = await import("../../src/model.ts");
await unregister();
const { buffer, ram, ledger: words, gate, frames, agents, agent, stopAt } = workerData;
const PAGE = 4096;
const ledger = new FrameLedger({ frames, agents, agent, buffer: words });
const table = FrameTable.attach({ buffer, memory: { buffer: ram } }, { ledger, agent });
const layout = struct(["lock", atomic(u32)], ["value", u32], ["child", u64Number]);
const owner = defineFrameMeta({ name: "owner", layout, lock: "lock", onDrop: () => undefined });
table.bind(owner);
const value = () => ({ lock: 0, value: agent, child: 0 });

let random = agent;
const next = (n) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return (random >>> 16) % n;
};
const REFUSED = new Set([
  "busy",
  "in-use",
  "unique",
  "unused",
  "out-of-bound",
  "too-many-in-transit",
]);
const attempt = (run) => {
  try {
    return run();
  } catch (error) {
    if (!REFUSED.has(error.code)) throw error;
    return undefined;
  }
};

const held = [];
const keep = (one) => {
  if (one !== undefined) held.push(one);
};
const take = () => held.splice(next(held.length), 1)[0];
const steps = [
  () => keep(attempt(() => Frame.fromUnused(table, next(frames) * PAGE, owner, value()))),
  () => keep(attempt(() => UniqueFrame.fromUnused(table, next(frames) * PAGE, owner, value()))),
  () => keep(attempt(() => Frame.fromInUse(table, next(frames) * PAGE))),
  () => {
    const start = next(frames - 2) * PAGE;
    keep(attempt(() => Segment.fromUnused(table, start, start + 3 * PAGE, owner, value)));
  },
  () => take()?.drop(),
  () => take()?.drop(),
  () => {
    const one = held[next(held.length)];
    if (one instanceof Frame) {
      keep(one.clone());
      one.tryAs(owner)?.withLock((meta) => {
        meta.value += 1;
      });
    }
  },
  () => {
    const one = take();
    keep(one instanceof UniqueFrame ? one.intoShared() : one);
  },
  () => {
    const one = take();
    if (!(one instanceof Frame)) return keep(one);
    const token = attempt(() => one.send());
    if (token === undefined) one.drop();
    else parentPort.postMessage({ token });
  },
];

const real = { wait: Atomics.wait, store: Atomics.store, notify: Atomics.notify };
real.store(gate, agent, 1);
real.notify(gate, agent);
real.wait(gate, 0, 0);
if (stopAt > 0) {
  // Stops for good in the middle of whatever it does then, and says so.
  let accesses = 0;
  for (const name of ["load", "store", "compareExchange", "add"]) {
    const call = Atomics[name];
    Atomics[name] = (...args) => {
      accesses += 1;
      if (accesses === stopAt) {
        real.store(gate, agent, 2);
        real.notify(gate, agent);
        real.wait(gate, agent, 2);
      }
      return call(...args);
    };
  }
}
while (Atomics.load(gate, 0) !== 2) {
  steps[next(steps.length)]();
  if (held.length > 6) held.shift().drop();
}
for (const one of held) one.drop();
table.agent.leave();
parentPort.postMessage({ done: true });
