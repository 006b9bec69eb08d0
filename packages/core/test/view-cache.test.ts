import { runInNewContext } from "node:vm";
import { bufferOf, bufferTraits, CoreError, type MemorySource, ViewCache } from "@memkit/core";
import { describe, expect, it } from "vitest";

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof CoreError) return error.code;
    throw error;
  }
  return "none";
};
const detach = (buffer: ArrayBuffer) => structuredClone(buffer, { transfer: [buffer] });

describe("bufferOf", () => {
  it.each([
    ["ArrayBuffer", { buffer: new ArrayBuffer(8) }],
    ["SharedArrayBuffer", { buffer: new SharedArrayBuffer(8) }],
    ["WebAssembly.Memory", new WebAssembly.Memory({ initial: 1 })],
    ["shared WebAssembly.Memory", new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })],
    ["another realm's", { buffer: runInNewContext("new ArrayBuffer(8)") as ArrayBuffer }],
    [
      "another realm's, shared",
      { buffer: runInNewContext("new SharedArrayBuffer(8)") as SharedArrayBuffer },
    ],
  ])("takes %s", (_, source) => {
    expect(bufferOf(source)).toBe(source.buffer);
  });
  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 5],
    ["a bare buffer", new ArrayBuffer(8)],
    ["a Uint8Array", new Uint8Array(8)],
    ["a DataView", new DataView(new ArrayBuffer(8))],
    ["a Buffer", Buffer.from("x")],
    ["another realm's view", runInNewContext("new Uint8Array(8)")],
    ["a view without constructor", Object.setPrototypeOf(new Uint8Array(8), null)],
    ["an object with byteOffset", { buffer: new ArrayBuffer(8), byteOffset: 4 }],
    ["a buffer that is a view", { buffer: new Uint8Array(8) }],
    [
      "an impostor by tag",
      { buffer: { [Symbol.toStringTag]: "SharedArrayBuffer", byteLength: 8 } },
    ],
    ["an impostor by prototype", { buffer: Object.create(ArrayBuffer.prototype) }],
  ])("refuses %s", (_, value) => {
    expect(codeOf(() => bufferOf(value as unknown as MemorySource))).toBe("invalid-source");
  });
  it("keeps what a source throws as the cause, even if it is one of ours", () => {
    const cause = new CoreError({ code: "invalid-source", got: "nested" });
    const source = {
      get buffer(): ArrayBuffer {
        throw cause;
      },
    };
    expect(() => bufferOf(source)).toThrow(
      expect.objectContaining({ code: "source-threw", cause }),
    );
  });
  it("reads the getter once", () => {
    let reads = 0;
    const buffer = new ArrayBuffer(8);
    const source = {
      get buffer() {
        reads++;
        return buffer;
      },
    };
    bufferOf(source);
    expect(reads).toBe(1);
  });
});

describe("bufferTraits", () => {
  it.each([
    [new ArrayBuffer(8), false, false],
    [new ArrayBuffer(8, { maxByteLength: 16 }), false, true],
    [new SharedArrayBuffer(8), true, false],
    [new SharedArrayBuffer(8, { maxByteLength: 16 }), true, true],
  ])("%o: shared %s, resizable %s", (buffer, shared, resizable) => {
    expect(bufferTraits(buffer)).toEqual({ shared, resizable });
  });
});

describe("ViewCache", () => {
  it("CORE-2: follows a WebAssembly.Memory that grows", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
    const views = new ViewCache(memory);
    memory.grow(1);
    expect(views.u8.length).toBe(0); // detached: the bound says so without being told
    expect(views.refresh()).toBe(2 * 65536);
    expect(views.u8.length).toBe(2 * 65536);
    views.u8[65536] = 7;
    expect(views.dv.getUint8(65536)).toBe(7);
  });
  it("CORE-2: stays short of a shared memory that grew, until asked", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3, shared: true });
    const views = new ViewCache(memory);
    expect(views.shared).toBe(true);
    memory.grow(1);
    expect(views.u8.length).toBe(65536);
    expect(views.refresh()).toBe(2 * 65536);
  });
  it("CORE-2: detached is 0, then an error, then well again", () => {
    const source = { buffer: new ArrayBuffer(8) };
    const views = new ViewCache(source);
    detach(source.buffer);
    expect(views.u8.length).toBe(0);
    expect(codeOf(() => views.refresh())).toBe("source-detached");
    expect(views.byteLength).toBe(0);
    source.buffer = new ArrayBuffer(4);
    expect(views.refresh()).toBe(4);
  });
  it("keeps its views while nothing changed", () => {
    const views = new ViewCache({ buffer: new ArrayBuffer(8) });
    const { u8, dv } = views;
    views.refresh();
    expect(views.u8).toBe(u8);
    expect(views.dv).toBe(dv);
  });
  it("keeps its views when a refresh fails", () => {
    const source: { buffer: ArrayBuffer } = { buffer: new ArrayBuffer(8) };
    const views = new ViewCache(source);
    const { u8 } = views;
    (source as { buffer: unknown }).buffer = "gone";
    expect(codeOf(() => views.refresh())).toBe("invalid-source");
    expect(views.u8).toBe(u8);
  });
  it.each([
    ["unshared", new ArrayBuffer(8, { maxByteLength: 16 })],
    ["shared", new SharedArrayBuffer(8, { maxByteLength: 16 })],
  ])("CORE-3: a resizable %s buffer is seen by the live views alone", (_, buffer) => {
    const views = new ViewCache({ buffer });
    expect([views.u8.length, views.dv.byteLength, views.resizable]).toEqual([0, 0, true]);
    expect([views.liveU8.length, views.byteLength, views.refresh()]).toEqual([8, 8, 8]);
    if (buffer instanceof ArrayBuffer) buffer.resize(16);
    else buffer.grow(16);
    expect(views.refresh()).toBe(16);
    expect(views.liveDv.byteLength).toBe(16);
  });
  it("changes between kinds of buffers", () => {
    const source: { buffer: ArrayBuffer | SharedArrayBuffer } = { buffer: new ArrayBuffer(8) };
    const views = new ViewCache(source);
    source.buffer = new ArrayBuffer(4, { maxByteLength: 8 });
    expect([views.refresh(), views.u8.length, views.resizable]).toEqual([4, 0, true]);
    source.buffer = new SharedArrayBuffer(6);
    expect([views.refresh(), views.u8.length, views.resizable, views.shared]).toEqual([
      6,
      6,
      false,
      true,
    ]);
  });
  it("an empty memory is no detached one", () => {
    const memory = new WebAssembly.Memory({ initial: 0 });
    const views = new ViewCache(memory);
    expect(views.refresh()).toBe(0);
    memory.grow(1);
    expect(views.refresh()).toBe(65536);
  });
});
