// One of the agents of a soak: it claims, joins, passes through every kind of handle and drops, at random, until told to stop.
// Loads the TypeScript source in a worker thread: Node 20 takes no `--import` for workers, so tsx is registered here.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

const unregister = register();
const { struct, u32 } = await import("../../../core/src/index.ts");
const { defineFrameMeta, Frame, FrameTable } = await import("../../src/index.ts");
const { UniqueFrame } = await import("../../src/unique.ts");
const { Segment } = await import("../../src/segment.ts");
const { FrameKernel } = await import("../../src/kernel.ts");
await unregister();

const PAGE = 4096;
const { buffer, kernelMemory, memory, words, frames, rounds, seed } = workerData;
const GATE = 0;
const STOP = 1;
const DONE = 2;

const table = FrameTable.attach(
  kernelMemory ? { memory, kernel: FrameKernel.attach(kernelMemory) } : { memory, buffer },
);
// In an order of this worker's own: the table, not the order of imports, says what number a type has.
table.bind(defineFrameMeta({ name: `only-${seed}`, layout: struct(["x", u32]) }));
const claimed = new Int32Array(frames);
const dropped = new Int32Array(frames);
const wrong = [];
const checkOf = (owner) => (owner ^ 0x5a5a) >>> 0;
const whole = (meta, what) => {
  if (meta.check !== checkOf(meta.owner)) wrong.push(`metadata half-written: ${what}`);
};
const owned = defineFrameMeta({
  name: "owned",
  layout: struct(["owner", u32], ["check", u32]),
  onDrop: ({ meta, paddr }) => {
    dropped[paddr / PAGE] += 1;
    whole(meta, `dropped at ${paddr}`);
  },
});
const id = table.bind(owned);

let random = seed;
const next = (n) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return (random >>> 16) % n;
};
/** What happens to a handle that is being held: it comes back as another one, or not at all. */
const drop = (frame) => {
  frame.drop();
  return [];
};
const passages = [
  drop,
  drop,
  (frame) => [frame, frame.clone()],
  (frame) => [Frame.fromRaw(table, frame.intoRaw())],
  (frame) => {
    const unique = UniqueFrame.tryFrom(frame);
    if (unique === undefined) return [frame];
    const owner = next(1000);
    unique.metaMut.owner = owner; // nobody else may be here
    unique.metaMut.check = checkOf(owner);
    return [unique.intoShared()];
  },
  (frame) => {
    const segment = Segment.fromFrame(frame);
    const other = segment.clone();
    segment.drop();
    return [other.takeFirst()];
  },
  (frame) => {
    const ref = frame.borrow();
    whole(ref.meta, `borrowed at ${ref.paddr}`);
    return [frame];
  },
];
const claims = [
  (pfn, value) => {
    const frame = Frame.fromUnused(table, pfn * PAGE, owned, value);
    claimed[pfn] += 1;
    return [frame];
  },
  (pfn, value) => {
    const unique = UniqueFrame.fromUnused(table, pfn * PAGE, owned, value);
    claimed[pfn] += 1;
    return [unique.intoShared()];
  },
  (pfn, value) => {
    const end = Math.min(pfn + 1 + next(3), frames);
    let last = pfn - 1;
    const metaOf = (paddr) => {
      last = paddr / PAGE;
      return value;
    };
    try {
      const segment = Segment.fromUnused(table, pfn * PAGE, end * PAGE, owned, metaOf);
      last += 1;
      return Array.from({ length: end - pfn }, () => segment.takeFirst());
    } finally {
      // Where it failed at `last`, those before it were claimed, and have been dropped again.
      for (let i = pfn; i < last; i += 1) claimed[i] += 1;
    }
  },
  (pfn) => {
    const frame = Frame.fromInUse(table, pfn * PAGE);
    whole(frame.meta, `joined at ${frame.paddr}`);
    return [frame];
  },
];

parentPort.postMessage({ ready: id });
Atomics.wait(words, GATE, 0);

const codes = {};
const held = [];
let round = 0;
for (; round < rounds && Atomics.load(words, STOP) === 0; round += 1) {
  if (held.length === 0 || (held.length < 3 && next(3) === 0)) {
    const owner = next(1000);
    try {
      held.push(...claims[next(claims.length)](next(frames), { owner, check: checkOf(owner) }));
    } catch (error) {
      const code = error.code ?? String(error);
      codes[code] = (codes[code] ?? 0) + 1;
    }
  } else {
    const [frame] = held.splice(next(held.length), 1);
    held.push(...passages[next(passages.length)](frame));
  }
  if (round % 1000 === 0) Atomics.store(words, DONE + seed, round);
}
for (const frame of held) frame.drop();
parentPort.postMessage({ rounds: round, claimed, dropped, codes, wrong });
