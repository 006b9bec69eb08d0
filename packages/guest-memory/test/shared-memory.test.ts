/** Other threads on a shared memory: racing with us, growing it, opening it with this package, running a guest on it. */

import {
  aligned,
  enumeration,
  f32,
  i32,
  type MemorySource,
  struct,
  u8,
  u32,
  u64,
} from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { GuestAtomics } from "@memkit/guest-memory/atomics";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type MemoryKind, open, PAGE } from "./kinds/memory-kind.js";
import type { Answer, Call } from "./support/guest-thread.js";
import { codeOf } from "./support/model.js";
import { KINDS } from "./support/sources.js";
import {
  CAN_SHARE,
  MAY_BLOCK,
  startGuestThread,
  startScript,
  type Thread,
} from "./support/thread.js";

const scripts: Thread[] = [];
afterEach(async () => {
  for (const thread of scripts.splice(0)) await thread.end();
});
const started = (thread: Thread): Thread => {
  scripts.push(thread);
  return thread;
};

/** Threads with this package take their time to start: they are kept, and open one memory after another. */
const idle: Thread[] = [];
const busy: Thread[] = [];
afterEach(() => idle.push(...busy.splice(0)));
afterAll(async () => {
  for (const thread of [...idle, ...busy]) await thread.end();
});

/**
 * What can be sent: a WebAssembly.Memory goes as it is (its buffer alone does not arrive on Node 26 if it is growable), a
 * source around a buffer is copied around the same buffer.
 */
const sendable = (source: MemorySource): unknown =>
  source instanceof WebAssembly.Memory ? source : { buffer: source.buffer };

/** A thread that has opened the memory through this package, and answers one call after the other. */
async function guestThread(source: MemorySource): Promise<(...call: Call) => Promise<Answer>> {
  const thread = idle.pop() ?? startGuestThread();
  busy.push(thread);
  thread.post(["open", sendable(source)]);
  expect(await thread.next()).toEqual({ result: undefined });
  return async (...call) => {
    thread.post(call);
    return (await thread.next()) as Answer;
  };
}

/** It writes two texts of `data.len` bytes in turn at `data.at`, counting at `data.count`, until told to stop. */
const FLIPPING = `
const words = new Int32Array(data.source.buffer);
const bytes = new Uint8Array(data.source.buffer, data.at, data.len);
const texts = ["a", "\\u00e9"].map((t) => new TextEncoder().encode(t.repeat(data.len)).subarray(0, data.len));
bytes.set(texts[0]);
post("ready");
for (let i = 0; Atomics.load(words, data.count / 4 + 1) === 0; i++) {
  Atomics.add(words, data.count / 4, 1);
  bytes.set(texts[i % 2]);
}
post("done");
`;

/** Runs `look` while another thread flips the text at `at`, until that has been seen to happen often enough. */
async function whileFlipping(
  kind: MemoryKind,
  len: number,
  look: (mem: GuestMemory, p: number) => void,
) {
  const { mem, memory, at } = open(kind);
  const [p, count] = [at(64), at(0)];
  const thread = started(startScript(FLIPPING));
  thread.post({ source: sendable(memory.source), at: p, len, count });
  expect(await thread.next()).toBe("ready");
  const from = mem.readU32(count);
  for (let i = 0; i < 2000 || mem.readU32(count) - from < 2000; i++) look(mem, p);
  mem.writeU32(count + 4, 1);
  expect(await thread.next()).toBe("done");
  expect(mem.hasOutstandingBorrows()).toBe(false);
}

const SHARED = KINDS.filter(({ shared, restless }) => shared && !restless);
/** What other threads can be given: nothing, unless this page is cross-origin isolated. */
const sent = CAN_SHARE ? SHARED.map((kind) => [kind.name, kind] as const) : [];

describe.each(sent)("another thread that writes to %s", (_, kind) => {
  it.each([8, 15, 64, 3000])(
    "text of %i bytes is decoded from one copy: text or invalid-utf8, never both",
    async (len) => {
      let texts = 0;
      let refusals = 0;
      let wrong = 0;
      await whileFlipping(kind, len, (mem, p) => {
        const ways = [
          () => mem.readString(p, len),
          () => mem.strPtr(p, len).asCow().text(),
          () => mem.arrayPtr(u8, p, len).asStrPtr().asCow().text(),
        ];
        for (const read of ways) {
          try {
            const text = read();
            // Half of one text and half of the other is possible; a character that is neither is not.
            if (!/^[aé]*$/.test(text) || new TextEncoder().encode(text).length !== len) wrong++;
            texts++;
          } catch (error) {
            if ((error as { code?: string }).code !== "invalid-utf8") throw error;
            refusals++;
          }
        }
      });
      expect(wrong).toBe(0);
      expect(texts).toBeGreaterThan(0);
      expect(texts + refusals).toBeGreaterThanOrEqual(6000);
    },
  );

  it("a cow, once taken, stays what it was", async () => {
    let changed = 0;
    await whileFlipping(kind, 64, (mem, p) => {
      const cow = mem.arrayPtr(u8, p, 64).asCow();
      const before = String(cow.toVec());
      if (String(cow.toVec()) !== before) changed++;
      cow.drop();
    });
    expect(changed).toBe(0);
  });

  it("enums and C strings are checked as they were read", async () => {
    const letter = enumeration(
      u8,
      Array.from({ length: 0x62 }, (_, i) => `c${i}`),
    ).named("letter");
    const codes = new Set<unknown>();
    await whileFlipping(kind, 64, (mem, p) => {
      codes.add(codeOf(() => mem.read(letter, p)));
      codes.add(codeOf(() => mem.ptr(u8, p).asCStr(32)));
    });
    expect(codes).toContain("unterminated-string"); // neither text has a NUL
    codes.delete("unterminated-string");
    for (const code of codes) expect([undefined, "invalid-enum-value"]).toContain(code);
  });
});

describe.each(sent)("a thread that opens %s with this package", (_, kind) => {
  it("has a registry of its own: it is not refused, and knows no borrows, as there are none", async () => {
    const { mem, memory, at } = open(kind);
    mem.writeString(at(8), "here");
    const ask = await guestThread(memory.source);
    expect(await ask("cow", at(8), 4)).toEqual({ result: "here" });
    expect(await ask("isSharedMemory")).toEqual({ result: true });
    expect(await ask("hasOutstandingBorrows")).toEqual({ result: false });
    expect(await ask("slice", at(8))).toEqual({ result: true });
    expect(await ask("withSlice", at(8))).toEqual({ code: "shared-memory" });
    expect(await ask("mutBorrow", at(8))).toEqual({ code: "shared-memory" });
    expect(await ask("writeString", at(8), "there")).toEqual({ result: 5 });
    expect(mem.readString(at(8), 5)).toBe("there");
  });

  it("gets every check of bounds, alignment and values", async () => {
    const { mem, memory, at } = open(kind);
    const ask = await guestThread(memory.source);
    expect(await ask("readU32", at(PAGE))).toEqual({ code: "ptr-out-of-bounds" });
    expect(await ask("readPair", at(PAGE - 4))).toEqual({ code: "ptr-out-of-bounds" });
    expect(await ask("readU32", at(2))).toEqual({ code: "ptr-not-aligned" });
    expect(await ask("writeU32", at(8), -1)).toEqual({ code: "try-from-int-error" });
    expect(await ask("writeU32", Number.NaN, 0)).toEqual({ code: "try-from-int-error" });
    mem.copyIn(at(8), new Uint8Array([0xc3]));
    expect(await ask("cow", at(8), 1)).toEqual({ code: "invalid-utf8" });
    expect(await ask("wait", at(PAGE), 0, 0)).toEqual({ code: "ptr-out-of-bounds" });
  });

  it("counts with us, and no addition is lost (GM-15)", async () => {
    const { mem, memory, at } = open(kind);
    const ask = await guestThread(memory.source);
    const atomics = new GuestAtomics(mem);
    const TIMES = 20_000;
    const theirs = ask("count", at(64), TIMES);
    for (let i = 0; i < TIMES; i++) {
      atomics.add(u32, at(64), 1);
      atomics.add(u8, at(69), 3);
      atomics.add(u64, at(72), 2n ** 32n);
    }
    expect(await theirs).toEqual({ result: undefined });
    expect(atomics.load(u32, at(64))).toBe(2 * TIMES);
    expect(atomics.load(u8, at(69))).toBe((6 * TIMES) % 256);
    expect(mem.copyOut(at(68), 4)).toEqual(new Uint8Array([0, (6 * TIMES) % 256, 0, 0])); // neighbours untouched
    expect(atomics.load(u64, at(72))).toBe(BigInt(2 * TIMES) * 2n ** 32n);
  });

  it("waits until it is told, or the time is up, or at once if the value is another", async () => {
    const { mem, memory, at } = open(kind);
    const ask = await guestThread(memory.source);
    const atomics = new GuestAtomics(mem);
    expect(await ask("wait", at(8), 1, 10_000)).toEqual({ result: "not-equal" });
    expect(await ask("wait", at(8), 0, 1)).toEqual({ result: "timed-out" });
    const waiting = ask("wait", at(8), 0, 20_000);
    while (atomics.notify(at(8), 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await waiting).toEqual({ result: "ok" });
  });

  it("two of them share a lock made of compareExchange, wait and notify", async () => {
    const { mem, memory, at } = open(kind);
    const both = await Promise.all([guestThread(memory.source), guestThread(memory.source)]);
    const answers = await Promise.all(both.map((ask) => ask("locked", at(128), 3000)));
    expect(answers).toEqual([{ result: undefined }, { result: undefined }]);
    expect([mem.readU32(at(128)), mem.readU32(at(132))]).toEqual([0, 6000]);
  });

  it("sees our growth, and we see its", async () => {
    const { mem, memory, at, abs } = open(kind);
    if (memory.grow === undefined) return;
    const ask = await guestThread(memory.source);
    expect(await ask("byteLength")).toEqual({ result: abs(PAGE) });
    memory.grow();
    expect(await ask("readU32", at(PAGE))).toEqual({ result: 0 });
    expect(await ask("byteLength")).toEqual({ result: abs(2 * PAGE) });
    mem.writeU32(at(2 * PAGE - 4), 7);
    expect(await ask("readU32", at(2 * PAGE - 4))).toEqual({ result: 7 });
    if (!(memory.source instanceof WebAssembly.Memory) || kind.options.target === "wasm64") return;
    const atomics = new GuestAtomics(mem);
    expect(codeOf(() => atomics.add(u32, at(2 * PAGE), 1))).toBe("ptr-out-of-bounds");
    expect(await ask("grow", 1)).toEqual({ result: undefined });
    expect(atomics.add(u32, at(2 * PAGE), 1)).toBe(0);
    expect(mem.readU32(at(2 * PAGE))).toBe(1);
    expect(mem.byteLength).toBe(abs(3 * PAGE));
    expect(await ask("readU32", at(2 * PAGE))).toEqual({ result: 1 });
  });
});

/**
 * (module
 *   (import "env" "memory" (memory 1 8 shared))
 *   (func (export "add") (param i32)
 *     (loop
 *       (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
 *       (drop (i64.atomic.rmw.add (i32.const 16) (i64.const 4294967296)))
 *       (drop (i32.atomic.rmw8.add_u (i32.const 25) (i32.const 3)))
 *       (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
 *   (func (export "wait") (param i32) (result i32)
 *     (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const 5000000000))))
 */
const GUEST = Uint8Array.from(
  [
    [0, 97, 115, 109, 1, 0, 0, 0],
    [1, 10, 2, 96, 1, 127, 0, 96, 1, 127, 1, 127],
    [2, 16, 1, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, 3, 1, 8],
    [3, 3, 2, 0, 1],
    [7, 14, 2, 3, 97, 100, 100, 0, 0, 4, 119, 97, 105, 116, 0, 1],
    [10, 64, 2, 45, 0, 3, 64],
    [65, 8, 65, 1, 254, 30, 2, 0, 26],
    [65, 16, 66, 128, 128, 128, 128, 16, 254, 31, 3, 0, 26],
    [65, 25, 65, 3, 254, 32, 0, 0, 26],
    [32, 0, 65, 1, 107, 34, 0, 13, 0, 11, 11],
    [16, 0, 32, 0, 65, 0, 66, 128, 228, 151, 208, 18, 254, 1, 2, 0, 11],
  ].flat(),
);

describe.each(CAN_SHARE ? ["the host's"] : [])("a guest on another thread than %s", () => {
  const memory = (): WebAssembly.Memory =>
    new WebAssembly.Memory({ initial: 1, maximum: 8, shared: true });

  it("counts with the host: wasm's atomics and ours are one order (GM-15)", async () => {
    const source = memory();
    const mem = new GuestMemory(source);
    const atomics = new GuestAtomics(mem);
    const ask = await guestThread(source);
    const TIMES = 20_000;
    const theirs = ask("run", await WebAssembly.compile(GUEST), "add", TIMES);
    for (let i = 0; i < TIMES; i++) {
      atomics.add(u32, 8, 1);
      atomics.add(u64, 16, 2n ** 32n);
      atomics.add(u8, 25, 3);
    }
    expect(await theirs).toEqual({ result: undefined });
    expect(atomics.load(u32, 8)).toBe(2 * TIMES);
    expect(atomics.load(u64, 16)).toBe(BigInt(2 * TIMES) * 2n ** 32n);
    expect(atomics.load(u8, 25)).toBe((6 * TIMES) % 256);
  });

  it("waits with memory.atomic.wait32 and is woken by notify", async () => {
    const source = memory();
    const atomics = new GuestAtomics(new GuestMemory(source));
    const ask = await guestThread(source);
    const waiting = ask("run", await WebAssembly.compile(GUEST), "wait", 32);
    while (atomics.notify(32) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await waiting).toEqual({ result: 0 }); // "ok", as wasm says it
  });
});

describe("waiting on this thread", () => {
  const open = (shared: boolean): GuestAtomics =>
    new GuestAtomics(new GuestMemory(new WebAssembly.Memory({ initial: 1, maximum: 1, shared })));

  it("is refused on a memory that is not shared: nobody would wake us", () => {
    const atomics = open(false);
    const region = { start: 8, len: 4 };
    expect(() => atomics.wait(i32, 8, 0, 0)).toThrow(
      expect.objectContaining({ code: "wait-refused", region, shared: false }),
    );
    expect(() => atomics.wait(i32, 8, 0, 0)).toThrow("0x8..0xb (4 bytes), which is not shared");
    expect(codeOf(() => atomics.wait(i32, 2, 0, 0))).toBe("ptr-not-aligned");
    expect(codeOf(() => atomics.wait(i32, PAGE, 0, 0))).toBe("ptr-out-of-bounds");
  });

  it("asks for a type of 32 or 64 bits, a value of it and a time, in this order", () => {
    const atomics = open(true);
    for (const type of [u8, f32, aligned(8, u32), struct(["a", u32]), undefined, {}]) {
      expect(codeOf(() => atomics.wait(type as never, PAGE, 0 as never))).toBe(
        "try-from-int-error",
      );
    }
    expect(codeOf(() => atomics.wait(u64, 4, 0n))).toBe("ptr-not-aligned");
    for (const value of [-1, 2 ** 32, 0n, "0", undefined]) {
      expect(codeOf(() => atomics.wait(u32, 8, value as number))).toBe("try-from-int-error");
    }
    for (const timeout of [-1, Number.NaN, "1", 1n, null]) {
      expect(codeOf(() => atomics.wait(u32, 8, 0, timeout as number))).toBe("try-from-int-error");
    }
  });

  it(MAY_BLOCK ? "ends by itself" : "is refused, as on every main thread of a page", () => {
    const atomics = open(true);
    if (!MAY_BLOCK) {
      const refused = expect.objectContaining({ code: "wait-refused", shared: true });
      expect(() => atomics.wait(i32, 8, 0, 0)).toThrow(refused);
      expect(() => atomics.wait(i32, 8, 0, 0)).toThrow("wait in a worker");
      return;
    }
    expect(atomics.wait(i32, 8, 1)).toBe("not-equal");
    expect(atomics.wait(u32, 8, 0, 1)).toBe("timed-out");
    atomics.store(u32, 8, 0xffff_ffff);
    expect(atomics.wait(u32, 8, 0xffff_ffff, 1)).toBe("timed-out"); // the same bits as -1
    expect(atomics.wait(u64, 8, 0n)).toBe("not-equal");
    expect(atomics.wait(u64, 16, 0n, 1)).toBe("timed-out");
  });
});

describe("sending a shared memory to another thread", () => {
  it("works, unless this is a page that is not cross-origin isolated", async () => {
    const { memory } = open(SHARED[0]!);
    const thread = started(startScript("post(data.buffer.byteLength)"));
    const send = (): void => thread.post(sendable(memory.source));
    if (CAN_SHARE) {
      send();
      expect(await thread.next()).toBe(PAGE);
    } else {
      expect(send).toThrow("crossOriginIsolated");
    }
  });
});
