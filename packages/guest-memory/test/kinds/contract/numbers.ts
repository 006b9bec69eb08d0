import type { GuestMemory } from "@memkit/guest-memory";
import { expect, it } from "vitest";
import { codeOf } from "../../support/model.js";
import { type MemoryKind, open, PAGE, type Subject } from "../memory-kind.js";

/** Each scalar: bytes, a value, the values just outside on either side (none for floats). */
const SCALARS = [
  ["U8", 1, 0xfe, [-1, 0x100]],
  ["I8", 1, -0x80, [-0x81, 0x80]],
  ["U16", 2, 0xfffe, [-1, 0x1_0000]],
  ["I16", 2, -0x8000, [-0x8001, 0x8000]],
  ["U32", 4, 0xffff_fffe, [-1, 0x1_0000_0000]],
  ["I32", 4, -0x8000_0000, [-0x8000_0001, 0x8000_0000]],
  ["U64", 8, 2n ** 64n - 2n, [-1n, 2n ** 64n]],
  ["I64", 8, -(2n ** 63n), [-(2n ** 63n) - 1n, 2n ** 63n]],
  ["F32", 4, 1.5, []],
  ["F64", 8, Math.PI, []],
] as const;

type Value = number | bigint;

/** The scalar methods by name. */
function scalar(
  mem: GuestMemory,
  name: string,
): { read(p: number): Value; write(p: number, v: Value): void } {
  const methods = mem as unknown as Record<string, (...args: Value[]) => Value>;
  return {
    read: (p) => methods[`read${name}`]!.call(mem, p),
    write: (p, v) => void methods[`write${name}`]!.call(mem, p, v),
  };
}

/** Pointers at which `size` bytes do not lie within the memory. */
export const outside = ({ mem, end, at, abs }: Subject, size: number): number[] =>
  [end - size + 1, end, end + 1, mem.maxAddress - size + 1, mem.maxAddress].map((p) =>
    at(p - abs(0)),
  );

/** What is no address: of any guest, of a 32-bit one, of a 64-bit one. */
const NO_ADDRESS = {
  any: [Number.NaN, 0.5, 4.5, Number.POSITIVE_INFINITY, 1n, "4", undefined, null, {}],
  wasm32: [2 ** 32, -(2 ** 31) - 1],
  wasm64: [2 ** 53, -1],
} as const;

/** Reading and writing numbers. */
export function numbers(kind: MemoryKind): void {
  it.each(SCALARS)("%s: round trip, bounds, alignment, value", (name, size, value, beyond) => {
    const subject = open(kind);
    const { at, mem } = subject;
    const { read, write } = scalar(mem, name);
    for (const n of [0, size, PAGE - size]) {
      write(at(n), value);
      expect(read(at(n))).toBe(value);
    }
    for (const p of outside(subject, size)) {
      expect(codeOf(() => read(p))).toBe("ptr-out-of-bounds");
      expect(codeOf(() => write(p, value))).toBe("ptr-out-of-bounds");
    }
    if (size > 1) {
      expect(codeOf(() => read(at(1)))).toBe("ptr-not-aligned");
      expect(codeOf(() => write(at(size + 1), value))).toBe("ptr-not-aligned");
    }
    const zero = typeof value === "bigint" ? 0n : 0;
    write(at(0), zero);
    const other = typeof value === "bigint" ? 1 : 1n;
    for (const bad of [...beyond, other, "1" as never, undefined as never]) {
      expect(codeOf(() => write(at(0), bad))).toBe("try-from-int-error");
      expect(read(at(0))).toBe(zero);
    }
    if (beyond.length !== 0 && typeof value === "number") {
      expect(codeOf(() => write(at(0), 1.5))).toBe("try-from-int-error");
      expect(codeOf(() => write(at(0), Number.NaN))).toBe("try-from-int-error");
    }
  });

  it("bytes are little-endian, and where a pointer says", () => {
    const { mem, at, abs } = open(kind);
    mem.writeU32(at(8), 0x0403_0201);
    expect([0, 1, 2, 3].map((n) => mem.readU8(at(8 + n)))).toEqual([1, 2, 3, 4]);
    expect([...mem.base().subarray(abs(8), abs(12))]).toEqual([1, 2, 3, 4]);
    expect(mem.toAddress(at(8))).toBe(abs(8));
  });

  const target = kind.options.target ?? "wasm32";
  it.each([...NO_ADDRESS.any, ...NO_ADDRESS[target]])("no pointer is %s", (bad) => {
    const { mem, at } = open(kind);
    const p = bad as number;
    for (const run of [
      () => mem.readU32(p),
      () => mem.writeU8(p, 0),
      () => mem.copyOut(at(0), p),
      () => mem.copyOut(p, 1),
      () => mem.readString(p, 1),
      () => mem.strPtr(p, 1),
      () => mem.isMutBorrowed({ start: p, len: 1 }),
    ]) {
      expect(codeOf(run)).toBe("try-from-int-error");
    }
  });
}
