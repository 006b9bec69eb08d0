// A processor of an address space that two workers change at a time, at random, until told to stop; or one that dies.
// Loads the TypeScript source in a worker thread: Node 20 takes no `--import` for workers, so tsx is registered here.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

const unregister = register();
const { u32 } = await import("../../../core/src/index.ts");
const { defineFrameMeta, FrameTable } = await import("../../../frame-meta/src/index.ts");
const { struct } = await import("../../../core/src/index.ts");
const { allocFrame, attachBuddy } = await import("../../../frame-meta/src/alloc.ts");
const { DIRTY, EXECUTE, pageProperty, READ, USER, WRITE, x86Format } = await import(
  "../../src/format.ts"
);
const { mmuOf } = await import("../../src/mmu.ts");
const { shareTables } = await import("../../src/shared.ts");
const { Shootdown, Tlb } = await import("../../src/tlb.ts");
const { VmCpu, VmSpace } = await import("../../src/vm-space.ts");
await unregister();

const { memory, buffer, allocBuffer, log, agents, agent, root, gate, rounds, pages, dies } =
  workerData;
const { stable: STABLE, huge: HUGE, replaced: REPLACED } = workerData;
const [GO, STOP, DONE] = [0, 1, 2];
const RW = pageProperty(READ | WRITE | USER);
const meta = defineFrameMeta({ name: "page", layout: struct(), isUntyped: true });

const frames = FrameTable.attach({ memory, buffer }, { agent });
frames.bind(meta);
attachBuddy(frames, { buffer: allocBuffer });
shareTables(frames);
const cpu = new VmCpu(frames, x86Format(), new Shootdown(log, agents + 1, agent, new Tlb()));
const space = VmSpace.attach(cpu, root, { asid: 1 });
space.activate();
const mmu = mmuOf(space.table);
const bytes = new Int32Array(memory.buffer);
const vaOf = (page) => page * 4096;

if (dies) {
  // It has a translation that it will never flush, a table that it has taken out, and another that it has locked.
  cpu.translate(0, vaOf(3), "write");
  space.unmap(vaOf(512), 512);
  space.cursorMut(vaOf(3), 4);
  parentPort.postMessage("ready");
  Atomics.wait(gate, STOP, 0);
}

let random = agent + 1;
const next = (n) => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return (random >>> 16) % n;
};
const wrong = [];
const expected = (error, ...codes) => {
  if (!codes.includes(error.code)) throw error;
};
/** The frame's first word is the page that it was mapped at, until it is somebody's else; the second counts writes. */
const wordOf = (pfn, word) => pfn * 1024 + word;
/** Even pages are the first worker's, odd ones the second's; the last quarter is anybody's. */
const mine = () => {
  const page = next(pages);
  return page >= (pages / 4) * 3 ? page : page - (page % agents) + agent;
};
/** Dropped when every processor has flushed: nobody writes any more, and what was written has left its mark (PT-44, PT-59). */
const kept = (page, { item, pfn, prop }) => ({
  drop() {
    const tag = Atomics.load(bytes, wordOf(pfn, 0));
    if (tag !== page + 1) wrong.push(`page ${page}'s frame was given to ${tag - 1} too early`);
    if (Atomics.load(bytes, wordOf(pfn, 1)) !== 0 && (prop & DIRTY) === 0) {
      wrong.push(`page ${page} was written to, and is not dirty`);
    }
    item.drop();
  },
});

const steps = [
  () => {
    const page = mine();
    const frame = allocFrame(frames, meta, {});
    Atomics.store(bytes, wordOf(frame.paddr / 4096, 0), page + 1);
    try {
      space.map(vaOf(page), frame, RW);
    } catch (error) {
      frame.drop();
      expected(error, "already-mapped");
    }
  },
  () => {
    const page = mine();
    const cursor = space.table.cursorMut(vaOf(page), 1);
    const taken = cursor.takeNext(1);
    cursor.close();
    if (taken === undefined) return;
    cpu.flusher.issue(0, vaOf(page), 1, 1);
    cpu.flusher.keep(kept(page, taken));
    cpu.flusher.dispatch();
  },
  () => {
    const page = mine();
    const other = next(4) === 0 ? WRITE : 0;
    space.protect(vaOf(page), 1 + next(8), other, WRITE - other);
  },
  () => {
    // Anybody's page, by the cache or a walk, and its frame at once: until this processor polls, nobody has it for anything else.
    const page = next(pages);
    const access = next(2) === 0 ? "read" : "write";
    const pfn = cpu.translate(0, vaOf(page), access);
    if (pfn < 0) return;
    const tag = Atomics.load(bytes, wordOf(pfn, 0));
    if (tag !== page + 1) wrong.push(`page ${page} leads to a frame of page ${tag - 1}`);
    if (access === "write") Atomics.add(bytes, wordOf(pfn, 1), 1);
  },
  () => {
    const page = next(pages);
    const reader = space.reader(vaOf(page), 4);
    try {
      const tag = reader.readVal(u32);
      if (tag !== page + 1) wrong.push(`reading page ${page} gives ${tag - 1}`);
    } catch (error) {
      expected(error, "page-fault");
    } finally {
      reader.drop();
    }
  },
  () => {
    // Pages that are always mapped: one agent changes how, and the other finds them whenever it looks (PT-60).
    if (agent === 0) {
      space.protect(vaOf(STABLE + next(HUGE * 512)), 1, EXECUTE, WRITE);
      // Both words of its entry change each time. No cache has it.
      for (let i = 0; i < 40; i += 1) {
        const set = (i % 2) * EXECUTE;
        space.table.protectRange(vaOf(REPLACED), 1, set, EXECUTE - set);
      }
      const frame = allocFrame(frames, meta, {});
      const cursor = space.cursorMut(vaOf(REPLACED), 1);
      cursor.replace(frame, next(2) === 0 ? RW : pageProperty(READ | WRITE | EXECUTE | USER));
      cursor.close();
      return;
    }
    for (let i = 0; i < 20; i += 1) {
      const page = i % 2 === 0 ? REPLACED : STABLE + next(HUGE * 512);
      const { kind, reason } = mmu.access(vaOf(page), 4, { kind: "read", mode: "user" });
      if (kind !== "memory") wrong.push(`page ${page} is always there: ${kind}, ${reason}`);
    }
  },
  () => cpu.poll(),
  () => {
    if (next(50) === 0) cpu.flusher.sync();
    if (next(100) === 0) space.table.cleanUp();
  },
];

parentPort.postMessage("ready");
Atomics.wait(gate, GO, 0);
let round = 0;
try {
  for (; round < rounds && Atomics.load(gate, STOP) === 0; round += 1) steps[next(steps.length)]();
} catch (error) {
  wrong.push(`${error.stack}`);
}
/** Until both are here, and the other one has had the answers to its flushes. */
const meet = (count) => {
  while (!cpu.flusher.collect()) cpu.poll();
  Atomics.add(gate, DONE, 1);
  while (Atomics.load(gate, DONE) < count) cpu.poll();
};
meet(agents);
space.drop();
cpu.activate(undefined);
meet(2 * agents);
while (space.table.collect() > 0) Atomics.wait(gate, STOP, Atomics.load(gate, STOP), 1);
cpu.shootdown.detach();
parentPort.postMessage({ round, wrong });
