// Loads the TypeScript source in a worker thread: Node 20 takes no `--import` for workers, so tsx is registered here.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

const unregister = register();
const { struct, u32 } = await import("../../../core/src/index.ts");
const { attachSlots, defineFrameMeta, Frame, FrameTable, UniqueFrame } = await import(
  "../../src/index.ts"
);
await unregister();
const { buffer, ram, gate, frames, rounds, seed } = workerData;
const memory = { buffer: ram };
const table = FrameTable.attach({ buffer, memory });
// In an order of this worker's own: the table, not the order of imports, says what number a type has.
const other = defineFrameMeta({ name: `only-${seed}`, layout: struct(["x", u32]) });
table.bind(other);
const dropped = new Int32Array(frames);
const wrong = [];
const owned = defineFrameMeta({
  name: "owned",
  layout: struct(["owner", u32], ["check", u32]),
  onDrop: ({ meta, paddr }) => {
    dropped[paddr / 4096] += 1;
    if (meta.check !== (meta.owner ^ 0x5a5a)) wrong.push(`half-written metadata at ${paddr}`);
  },
});
const id = table.bind(owned);
parentPort.postMessage({ ready: id });
Atomics.wait(gate, 0, 0);

let random = seed;
const next = (n) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return (random >>> 16) % n;
};
const codes = {};
const claimed = new Int32Array(frames);
const attempt = (run) => {
  try {
    return run();
  } catch (error) {
    codes[error.code ?? String(error)] = (codes[error.code ?? String(error)] ?? 0) + 1;
    return undefined;
  }
};
let held = [];
for (let round = 0; round < rounds; round += 1) {
  const pfn = next(frames);
  const owner = next(1000) + 1;
  const value = { owner, check: owner ^ 0x5a5a };
  switch (next(4)) {
    case 0: {
      const frame = attempt(() => Frame.fromUnused(table, pfn * 4096, owned, value));
      if (frame === undefined) break;
      claimed[pfn] += 1;
      held.push(frame);
      break;
    }
    case 1: {
      const unique = attempt(() => UniqueFrame.fromUnused(table, pfn * 4096, owned, value));
      if (unique === undefined) break;
      claimed[pfn] += 1;
      unique.metaMut.owner = owner; // nobody else may be here
      held.push(unique.intoShared());
      break;
    }
    case 2: {
      const frame = attempt(() => Frame.fromInUse(table, pfn * 4096));
      if (frame === undefined) break;
      const { meta } = frame;
      if (meta.check !== (meta.owner ^ 0x5a5a)) wrong.push(`torn metadata of frame ${pfn}`);
      held.push(frame);
      break;
    }
    default: {
      const at = next(Math.max(held.length, 1));
      held[at]?.drop();
      held = held.filter((_, i) => i !== at);
    }
  }
  if (held.length > 8) held.shift().drop();
}
for (const frame of held) frame.drop();
parentPort.postMessage({
  claimed,
  dropped,
  codes,
  wrong,
  frames: attachSlots({ buffer, memory }).frames,
});
