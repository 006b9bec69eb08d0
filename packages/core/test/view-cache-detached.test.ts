/** V8's optimizer forgets to ask whether a buffer is detached, at sites that have seen resizable ones (Node 20, 22). */

import { ViewCache } from "@memkit/core";
import { beforeAll, describe, expect, it } from "vitest";

const detach = (buffer: ArrayBuffer): void => {
  structuredClone(buffer, { transfer: [buffer] });
};

/** Enough calls for the optimizer, which must have seen both kinds of buffer. */
beforeAll(() => {
  const fixed = new ViewCache({ buffer: new ArrayBuffer(64) });
  const resizable = new ViewCache({ buffer: new ArrayBuffer(64, { maxByteLength: 128 }) });
  let sum = 0;
  for (let i = 0; i < 200_000; i++) {
    const views = i % 3 === 0 ? resizable : fixed;
    sum += views.byteLength + (i % 100 === 0 ? views.refresh() : 64);
  }
  expect(sum).toBe(200_000 * 128);
});

describe("after resizable buffers were seen, a detached buffer", () => {
  it("has no bytes, at once (CORE-2, CORE-3)", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const views = new ViewCache(memory);
    expect(views.byteLength).toBe(65_536);
    memory.grow(0);
    expect(views.byteLength).toBe(0);
    expect(views.refresh()).toBe(65_536);
    expect(views.byteLength).toBe(65_536);
  });

  it("is source-detached where no other comes after it", () => {
    const source = { buffer: new ArrayBuffer(64) };
    const views = new ViewCache(source);
    detach(source.buffer);
    expect(views.byteLength).toBe(0);
    expect(() => views.refresh()).toThrow(expect.objectContaining({ code: "source-detached" }));
  });

  it("takes the length of a resizable one with it", () => {
    const source = { buffer: new ArrayBuffer(64, { maxByteLength: 128 }) };
    const views = new ViewCache(source);
    source.buffer.resize(96);
    expect(views.byteLength).toBe(96);
    detach(source.buffer);
    expect(views.byteLength).toBe(0);
    expect(() => views.refresh()).toThrow(expect.objectContaining({ code: "source-detached" }));
  });
});

describe("a resizable buffer that says it is fixed", () => {
  const lying = [
    Object.defineProperty(new ArrayBuffer(64, { maxByteLength: 128 }), "resizable", {
      value: false,
    }),
    Object.defineProperty(new SharedArrayBuffer(64, { maxByteLength: 128 }), "growable", {
      value: false,
    }),
  ];

  it.each(lying)(
    "is not believed: its views never reach the sites of fixed ones (CORE-3)",
    (buffer) => {
      const views = new ViewCache({ buffer });
      expect([views.resizable, views.u8.length, views.liveU8.length]).toEqual([true, 0, 64]);
    },
  );

  it("nor is a fixed one that says it is resizable", () => {
    const buffer = new ArrayBuffer(64);
    Object.defineProperty(buffer, "resizable", { value: true });
    expect(new ViewCache({ buffer }).resizable).toBe(false);
  });
});
