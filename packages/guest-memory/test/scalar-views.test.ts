/** GM-20: no element of a scalar's typed array lies outside the memory as it is now. */

import { describe, expect, test } from "vitest";
import { GuestError, GuestMemory } from "../src/index.js";

const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof GuestError) return error.code;
    throw error;
  }
  return "ok";
};

const READS = [
  ["U8", 1],
  ["I8", 1],
  ["U16", 2],
  ["I16", 2],
  ["U32", 4],
  ["I32", 4],
  ["U64", 8],
  ["I64", 8],
  ["F32", 4],
  ["F64", 8],
] as const;

describe.each(READS)("read%s and write%s (GM-20)", (name, size) => {
  const read = (mem: GuestMemory, at: number): unknown => mem[`read${name}`](at);
  const write = (mem: GuestMemory, at: number): void => {
    const value = name === "U64" || name === "I64" ? 1n : 1;
    (mem[`write${name}`] as (at: number, value: number | bigint) => void).call(mem, at, value);
  };

  test("a tail too short for an element is out of bounds", () => {
    const mem = new GuestMemory({ buffer: new ArrayBuffer(2 * size + size - 1) });
    expect(code(() => read(mem, size))).toBe("ok");
    expect(code(() => write(mem, size))).toBe("ok");
    expect(code(() => read(mem, 2 * size))).toBe("ptr-out-of-bounds");
    expect(code(() => write(mem, 2 * size))).toBe("ptr-out-of-bounds");
  });

  test("growth is seen at the first access beyond the old end", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const mem = new GuestMemory(memory);
    expect(code(() => read(mem, 65_536))).toBe("ptr-out-of-bounds");
    memory.grow(1);
    expect(code(() => write(mem, 65_536))).toBe("ok");
    expect(new Uint8Array(memory.buffer, 65_536, size).some((byte) => byte !== 0)).toBe(true);
  });

  test("fractions, huge numbers and negative ones never reach an element", () => {
    const mem = new GuestMemory({ buffer: new ArrayBuffer(64) });
    for (const at of [size + 0.5, 2 ** 32 + size, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(
        code(() => read(mem, at)),
        String(at),
      ).toBe("try-from-int-error");
      expect(
        code(() => write(mem, at)),
        String(at),
      ).toBe("try-from-int-error");
    }
    expect(code(() => read(mem, -size))).toBe("ptr-out-of-bounds");
    expect(code(() => write(mem, -size))).toBe("ptr-out-of-bounds");
    expect(code(() => read(mem, -0))).toBe("ok");
  });

  test("a memory over a resizable buffer has the same answers, through methods of its own", () => {
    const buffer = new ArrayBuffer(size, { maxByteLength: 4 * size });
    const mem = new GuestMemory({ buffer });
    expect(mem).toBeInstanceOf(GuestMemory);
    expect(mem[`read${name}`]).not.toBe(GuestMemory.prototype[`read${name}`]);
    write(mem, 0);
    expect(Number(read(mem, 0))).toBe(1);
    expect(code(() => read(mem, size))).toBe("ptr-out-of-bounds");
    buffer.resize(2 * size);
    expect(code(() => write(mem, size))).toBe("ok");
    buffer.resize(size);
    expect(code(() => read(mem, size))).toBe("ptr-out-of-bounds");
  });
});
