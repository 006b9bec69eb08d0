// One of the agents of the allocator's soak: takes frames in every way, marks them as its own, and gives them back.
// Loads the TypeScript source in a worker thread: Node 20 takes no `--import` for workers, so tsx is registered here.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

const unregister = register();
const { Frame, FrameTable, unitMeta } = await import("../../src/index.ts");
const { allocFrame, allocSegment, attachBuddy } = await import("../../src/alloc.ts");
await unregister();

const PAGE = 4096;
const { buffer, allocBuffer, memory, marks, gate, frames, rounds, seed } = workerData;
const table = FrameTable.attach({ memory, buffer });
table.bind(unitMeta);
const allocator = attachBuddy(table, { buffer: allocBuffer });
const wrong = [];
const codes = {};
let taken = 0;

/** Nobody else may have a frame that this agent is given. */
const mark = (pfn, count) => {
  taken += count;
  for (let i = pfn; i < pfn + count; i += 1) {
    const other = Atomics.compareExchange(marks, i, 0, seed);
    if (other !== 0) wrong.push(`frame ${i} was ${other}'s`);
  }
};
const unmark = (pfn, count) => {
  for (let i = pfn; i < pfn + count; i += 1) {
    if (Atomics.compareExchange(marks, i, seed, 0) !== seed) wrong.push(`frame ${i} was not mine`);
  }
};
const attempt = (run) => {
  try {
    return run();
  } catch (error) {
    codes[error.code ?? String(error)] = (codes[error.code ?? String(error)] ?? 0) + 1;
    return undefined;
  }
};
const holding = (handle, pfn, count) => {
  mark(pfn, count);
  return () => {
    unmark(pfn, count);
    handle.drop();
  };
};

let random = seed;
const next = (n) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return (random >>> 16) % n;
};
const held = [];
const unzeroed = { zeroed: false };
parentPort.postMessage("ready");
Atomics.wait(gate, 0, 0);
for (let round = 0; round < rounds; round += 1) {
  let end;
  switch (next(9)) {
    case 0:
    case 1: {
      const frame = attempt(() => allocFrame(table, unitMeta, {}, unzeroed));
      if (frame) end = holding(frame, frame.paddr / PAGE, 1);
      break;
    }
    case 2: {
      const count = 1 + next(9);
      const segment = attempt(() => allocSegment(table, count, unitMeta, () => ({}), unzeroed));
      if (segment) end = holding(segment, segment.start / PAGE, count);
      break;
    }
    case 3: {
      const pfn = next(frames);
      const frame = attempt(() => Frame.fromUnused(table, pfn * PAGE, unitMeta, {}));
      if (frame) end = holding(frame, pfn, 1);
      break;
    }
    case 4: {
      const count = 1 + next(4);
      const pfn = allocator.alloc(count);
      if (pfn < 0) break;
      mark(pfn, count);
      end = () => {
        unmark(pfn, count);
        allocator.add(pfn, count);
      };
      break;
    }
    case 5:
      if (next(50) === 0) allocator.flush();
      break;
    default:
      if (held.length > 0) held.splice(next(held.length), 1)[0]();
  }
  if (end) held.push(end);
  if (held.length > 10) held.shift()();
}
for (const end of held) end();
parentPort.postMessage({ taken, wrong, codes });
