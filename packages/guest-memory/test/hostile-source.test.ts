/** Sources that throw, lie, detach, transfer, exchange and come back into the memory that asks them. */

import { CoreError, type MemorySource, u8, u16, u32 } from "@memkit/core";
import { GuestError, GuestMemory, type Result } from "@memkit/guest-memory";
import { GuestAtomics } from "@memkit/guest-memory/atomics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PAGE } from "./kinds/memory-kind.js";
import { detach } from "./kinds/unshared.js";
import { codeOf } from "./support/model.js";

function demandOk(result: Result<unknown>): void {
  if (!result.ok) throw new GuestError(result.error);
}

type Access = (mem: GuestMemory, p: number) => unknown;

/** Every way into a memory, at `p`. All write what is there already, so that they can be tried again. */
const ACCESSES: Readonly<Record<string, Access>> = {
  readU32: (mem, p) => mem.readU32(p),
  writeU32: (mem, p) => mem.writeU32(p, 0),
  read: (mem, p) => mem.read(u32, p),
  write: (mem, p) => mem.write(u32, p, 0),
  tryRead: (mem, p) => demandOk(mem.tryRead(u32, p)),
  tryWrite: (mem, p) => demandOk(mem.tryWrite(u32, p, 0)),
  copyIn: (mem, p) => mem.copyIn(p, new Uint8Array(4)),
  copyOut: (mem, p) => mem.copyOut(p, 4),
  readString: (mem, p) => mem.readString(p, 4),
  withSlice: (mem, p) => mem.withSlice(p, 4, (bytes) => expect(bytes.length).toBe(4)),
  withSliceMut: (mem, p) => mem.withSliceMut(p, 4, (bytes) => expect(bytes.length).toBe(4)),
  asSlice: (mem, p) => mem.arrayPtr(u16, p, 2).asSlice()?.drop(),
  asStr: (mem, p) => mem.strPtr(p, 4).asStr()?.drop(),
  asStrMut: (mem, p) => mem.strPtr(p, 4).asStrMut()?.drop(),
  toVec: (mem, p) => mem.arrayPtr(u16, p, 2).toVec(),
  copyFromSlice: (mem, p) => mem.arrayPtr(u16, p, 2).copyFromSlice([0, 0]),
  asCStr: (mem, p) => mem.ptr(u8, p).asCStr(4),
  "an atomic add": (mem, p) => new GuestAtomics(mem).add(u32, p, 0),
  "an atomic notify": (mem, p) => new GuestAtomics(mem).notify(p),
  base: (mem) => mem.base(),
  byteLength: (mem) => mem.byteLength,
};

describe("what is no memory", () => {
  it.each([
    ["a view", () => new Uint8Array(8)],
    ["a bare buffer", () => new ArrayBuffer(8)],
    ["null", () => null],
    ["no buffer", () => ({ buffer: 1 })],
    ["a pool with an offset", () => ({ buffer: new ArrayBuffer(8), byteOffset: 4 })],
  ])("%s", (_, make) => {
    expect(codeOf(() => new GuestMemory(make() as never))).toBe("invalid-source");
  });
});

/** A memory whose source answers as it is told, from the next time that it is asked. */
function scripted(): {
  memory: WebAssembly.Memory;
  mem: GuestMemory;
  /** From now on: as the memory does, but at the `nth` time as `answer` does. */
  at(nth: number, answer: () => unknown): void;
} {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 8 });
  let left = 0;
  let then: () => unknown = () => memory.buffer;
  const source = {
    get buffer(): ArrayBuffer {
      left--;
      return left === 0 ? (then() as ArrayBuffer) : memory.buffer;
    },
  };
  const mem = new GuestMemory(source);
  const at = (nth: number, answer: () => unknown): void => {
    left = nth;
    then = answer;
  };
  return { memory, mem, at };
}

const gone = new Error("gone");
const ANSWERS: Readonly<Record<string, readonly [answer: () => unknown, code: string]>> = {
  throws: [
    () => {
      throw gone;
    },
    "source-threw",
  ],
  "answers undefined": [() => undefined, "invalid-source"],
  "answers a number": [() => 65_536, "invalid-source"],
  "answers a view": [() => new Uint8Array(PAGE), "invalid-source"],
  "answers an impostor": [() => Object.create(ArrayBuffer.prototype), "invalid-source"],
  "answers a revoked proxy": [
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
    "invalid-source",
  ],
};

describe.each(Object.entries(ACCESSES))("%s of a source that", (_, access) => {
  it.each(Object.entries(ANSWERS))(
    "%s, for once: a typed error, and nothing has changed (GM-9)",
    (_, answer) => {
      let failures = 0;
      for (const nth of [1, 2, 3, 4]) {
        const { memory, mem, at } = scripted();
        memory.grow(0); // the views are gone: it has to ask
        at(nth, answer[0]);
        const code = codeOf(() => access(mem, 8));
        if (code !== undefined) {
          failures++;
          expect(code).toBe(answer[1]);
        }
        at(0, () => undefined);
        expect(codeOf(() => access(mem, 8))).toBeUndefined();
        expect(mem.hasOutstandingBorrows()).toBe(false);
        expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true);
      }
      expect(failures).toBeGreaterThan(0); // at least the first answer was needed
    },
  );

  it("is detached: source-detached, also for an empty range", () => {
    const buffer = new ArrayBuffer(64);
    const mem = new GuestMemory({ buffer });
    detach(buffer);
    for (const p of [0, 8, 60]) {
      expect(codeOf(() => access(mem, p))).toBe("source-detached");
    }
    expect(codeOf(() => mem.copyOut(0, 0))).toBe("source-detached");
    expect(codeOf(() => mem.withSlice(0, 0, () => 0))).toBe("source-detached");
    expect(codeOf(() => new GuestMemory({ buffer }))).toBe("source-detached");
    expect(() => mem.readU8(0)).toThrow(CoreError);
  });

  it("grows its memory whenever it is asked: every access goes through", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 200 });
    const source = {
      get buffer() {
        memory.grow(1);
        return memory.buffer;
      },
    };
    const mem = new GuestMemory(source);
    for (let i = 0; i < 4; i++) {
      memory.grow(0);
      expect(codeOf(() => access(mem, 8))).toBeUndefined();
    }
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("comes back into the memory when it is asked", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 8 });
    let inside = 0;
    const again: { mem?: GuestMemory } = {};
    const source = {
      get buffer(): ArrayBuffer {
        const { mem } = again;
        if (mem !== undefined && inside === 0) {
          inside++;
          expect(mem.readU32(0)).toBe(0);
          mem.mutUnborrow(mem.mutBorrow({ start: 0, len: PAGE }));
          inside--;
        }
        return memory.buffer;
      },
    };
    const mem = new GuestMemory(source);
    again.mem = mem;
    memory.grow(0);
    expect(codeOf(() => access(mem, 8))).toBeUndefined();
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});

describe("a source that answers with buffers in turn, and detaches some", () => {
  it("never gets a byte out of bounds, nor a raw error (GM-6)", () => {
    const names = fc.constantFrom(...Object.keys(ACCESSES));
    const turn = fc.record({
      access: names,
      p: fc.oneof(fc.nat({ max: 80 }), fc.integer({ min: -4, max: -1 })),
      next: fc.nat({ max: 4 }),
      spoil: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 40 }), (turns) => {
        const make = [
          () => new ArrayBuffer(64),
          () => new ArrayBuffer(8),
          () => new ArrayBuffer(32, { maxByteLength: 64 }),
          () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer,
          () => new ArrayBuffer(72),
        ];
        const source: { buffer: ArrayBuffer } = { buffer: new ArrayBuffer(64) };
        const mem = new GuestMemory(source);
        for (const { access, p, next, spoil } of turns) {
          const old = source.buffer;
          source.buffer = make[next]!();
          if (spoil && old instanceof ArrayBuffer) detach(old);
          codeOf(() => ACCESSES[access]!(mem, p)); // which rethrows what is not typed
        }
        expect(mem.hasOutstandingBorrows()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a buffer that goes away under a borrow", () => {
  const leave: Readonly<Record<string, (buffer: ArrayBuffer) => void>> = {
    structuredClone: detach,
    postMessage: (buffer) => {
      const { port1, port2 } = new MessageChannel();
      port1.postMessage(buffer, [buffer]);
      port1.close();
      port2.close();
    },
    // Node 20 has no transfer(); the others do the same to the buffer.
    ...("transfer" in ArrayBuffer.prototype && {
      transfer: (buffer: ArrayBuffer) => void buffer.transfer(),
    }),
  };

  it.each(Object.entries(leave))("%s: guards and callbacks end, with a typed error", (_, go) => {
    const buffer = new ArrayBuffer(64);
    const mem = new GuestMemory({ buffer });
    const slice = mem.arrayPtr(u16, 0, 2).asSliceMut()!;
    const str = mem.strPtr(8, 4).asStr()!;
    expect(
      mem.withSlice(16, 4, (bytes) => {
        go(buffer);
        return [bytes.length, codeOf(() => mem.readU8(32))];
      }),
    ).toEqual([0, "source-detached"]);
    for (const use of [
      () => slice.bytes,
      () => slice.at(0),
      () => slice.set(0, 1),
      () => slice.copyFromSlice([1, 2]),
      () => slice.toVec(),
      () => str.text(),
    ]) {
      expect(codeOf(use)).toBe("source-detached");
    }
    slice.drop();
    str.drop();
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("while the values of a copy are looked at", () => {
    const buffer = new ArrayBuffer(64);
    const mem = new GuestMemory({ buffer });
    const values = {
      length: 2,
      get 0(): number {
        detach(buffer);
        return 1;
      },
      1: 2,
    };
    expect(codeOf(() => mem.arrayPtr(u16, 0, 2).copyFromSlice(values))).toBe("source-detached");
  });

  it("the buffer of a WebAssembly.Memory cannot be taken away", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const mem = new GuestMemory(memory);
    mem.writeU8(0, 7);
    try {
      detach(memory.buffer); // Node 20 copies it instead of refusing
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
    expect(mem.readU8(0)).toBe(7);
  });
});

describe("a source that exchanges", () => {
  it("without detaching is believed after refresh()", () => {
    const source = { buffer: new ArrayBuffer(8) };
    const mem = new GuestMemory(source);
    source.buffer = new Uint8Array(8).fill(7).buffer;
    mem.refresh();
    expect(mem.readU8(0)).toBe(7);
  });

  it("an unshared buffer for a shared one: no view, no borrow, no text that is still changing", () => {
    const source: { buffer: MemorySource["buffer"] } = { buffer: new ArrayBuffer(PAGE) };
    const mem = new GuestMemory(source);
    mem.writeString(8, "text");
    const slice = mem.arrayPtr(u8, 8, 4).asSliceMut()!;
    const str = mem.strPtr(16, 4).asStr()!;
    const old = source.buffer as ArrayBuffer;
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    source.buffer = memory.buffer;
    detach(old);
    expect(mem.readU8(0)).toBe(0);
    expect(mem.isSharedMemory()).toBe(true);
    for (const use of [() => slice.bytes, () => slice.set(0, 1), () => str.text()]) {
      expect(codeOf(use)).toBe("shared-memory");
    }
    expect(codeOf(() => mem.withSlice(32, 1, () => 0))).toBe("shared-memory");
    slice.drop();
    str.drop();
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});

describe("buffers that lie about themselves", () => {
  it("about their length: the bound is that of the bytes", () => {
    for (const byteLength of [0, 4, 2 ** 40, Number.NaN, -1]) {
      const buffer = new ArrayBuffer(64);
      Object.defineProperty(buffer, "byteLength", { value: byteLength });
      const mem = new GuestMemory({ buffer });
      for (const [name, access] of Object.entries(ACCESSES)) {
        if (name === "byteLength" || name === "base") continue;
        expect([name, codeOf(() => access(mem, 60))]).toEqual([name, undefined]);
        expect([name, codeOf(() => access(mem, 64))]).toEqual([name, "ptr-out-of-bounds"]);
      }
      expect([mem.byteLength, mem.base().length]).toEqual([64, 64]);
    }
  });

  it("about being resizable: slow or fast, the bound is that of the bytes", () => {
    const grown = new ArrayBuffer(64, { maxByteLength: 128 });
    const shrunk = new ArrayBuffer(128, { maxByteLength: 128 });
    for (const buffer of [grown, shrunk]) {
      Object.defineProperty(buffer, "resizable", { value: false });
      const mem = new GuestMemory({ buffer });
      mem.writeU32(32, 1);
      buffer.resize(96);
      expect(mem.readU32(92)).toBe(0);
      expect(codeOf(() => mem.readU32(96))).toBe("ptr-out-of-bounds");
    }
    const fixed = new ArrayBuffer(64);
    Object.defineProperty(fixed, "resizable", { value: true });
    const mem = new GuestMemory({ buffer: fixed });
    mem.writeU32(60, 1);
    expect(mem.readU32(60)).toBe(1);
    detach(fixed);
    expect(codeOf(() => mem.readU32(60))).toBe("source-detached");
  });
});
