import { Worker } from "node:worker_threads";
import { GuestMemory } from "@memkit/guest-memory";
import { afterEach, describe, expect, it } from "vitest";
import { PAGE, SHARED } from "./support/sources.js";

/**
 * Another thread, without this package: it adds 1 to the word at 0 and flips the bytes from 8 to 15 between two texts
 * until told to stop through the word at 4. (Workers cannot load TypeScript sources on every supported Node.)
 */
const OTHER_THREAD = `
const { parentPort, workerData } = require("node:worker_threads");
const words = new Int32Array(workerData.buffer);
const bytes = new Uint8Array(workerData.buffer);
const texts = ["aaaaaaaa", "\\u00e9\\u00e9\\u00e9\\u00e9"].map((t) => new TextEncoder().encode(t));
bytes.set(texts[0], 8);
parentPort.postMessage("ready");
for (let i = 0; Atomics.load(words, 1) === 0; i++) {
  Atomics.add(words, 0, 1);
  bytes.set(texts[i % 2], 8);
}
parentPort.postMessage("done");
`;

let worker: Worker | undefined;
afterEach(async () => {
  await worker?.terminate();
  worker = undefined;
});

const message = (from: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => {
    from.once("message", resolve);
    from.once("error", reject);
  });

describe.each(SHARED)("another thread on %s", (_, make) => {
  it("races with us as it may, and every answer is still text or a typed error", async () => {
    const { source } = make();
    const mem = new GuestMemory(source);
    worker = new Worker(OTHER_THREAD, { eval: true, workerData: { buffer: source.buffer } });
    expect(await message(worker)).toBe("ready");
    let texts = 0;
    let refusals = 0;
    for (let i = 0; i < 5000; i++) {
      try {
        // Copied first, so what was checked is what is decoded: half of one text and half of the other is possible.
        expect(mem.readString(8, 8)).toMatch(/^[aé]+$/);
        texts++;
      } catch (error) {
        expect(error).toMatchObject({ code: "invalid-utf8" });
        refusals++;
      }
    }
    expect(texts + refusals).toBe(5000);
    const done = message(worker);
    mem.writeU32(4, 1);
    expect(await done).toBe("done");
    expect(mem.readU32(0)).toBeGreaterThan(0);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("a copy is private: the other thread cannot change it any more", () => {
    const { source } = make();
    const mem = new GuestMemory(source);
    mem.writeString(8, "text");
    const copy = mem.copyOut(8, 4);
    new Uint8Array(source.buffer).fill(0);
    expect([...copy]).toEqual([116, 101, 120, 116]);
  });
});

describe("growth by another thread", () => {
  it("is seen when an access needs it", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3, shared: true });
    const mem = new GuestMemory(memory);
    memory.grow(1); // what a thread does and what we do look alike: the old buffer stays, and stays short
    mem.writeU8(2 * PAGE - 1, 7);
    expect(mem.readU8(2 * PAGE - 1)).toBe(7);
  });
});
