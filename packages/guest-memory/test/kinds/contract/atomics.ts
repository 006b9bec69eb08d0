import { i8, i16, i32, i64, type Scalar, u8, u16, u32, u64 } from "@memkit/core";
import type { AtomicType } from "@memkit/guest-memory/atomics";
import { expect, it } from "vitest";
import { codeOf } from "../../support/model.js";
import { type MemoryKind, open, PAGE } from "../memory-kind.js";
import { outside } from "./numbers.js";

/** Each type with its least and its largest value. */
const TYPES: readonly (readonly [string, AtomicType, number | bigint, number | bigint])[] = [
  ["u8", u8, 0, 0xff],
  ["i8", i8, -0x80, 0x7f],
  ["u16", u16, 0, 0xffff],
  ["i16", i16, -0x8000, 0x7fff],
  ["u32", u32, 0, 0xffff_ffff],
  ["i32", i32, -0x8000_0000, 0x7fff_ffff],
  ["u64", u64, 0n, 2n ** 64n - 1n],
  ["i64", i64, -(2n ** 63n), 2n ** 63n - 1n],
];

/** TypeScript cannot know that a type of the table goes with a value of its row. */
const any = (type: AtomicType): Scalar<"u32"> => type as Scalar<"u32">;

/** Scalar atomics: on shared memories, and on others as well. */
export function atomics(kind: MemoryKind): void {
  it.each(TYPES)(
    "%s: every operation returns the old value and wraps (GM-15)",
    (_, type, low, high) => {
      const { mem, at, atomics: on } = open(kind);
      const t = any(type);
      const [min, max] = [low as number, high as number];
      const small = (n: number): number => (typeof low === "bigint" ? BigInt(n) : n) as number;
      const p = at(PAGE - type.size);
      on.store(t, p, max);
      expect(on.add(t, p, small(1))).toBe(max);
      expect(on.sub(t, p, small(1))).toBe(min);
      expect(on.load(t, p)).toBe(max);
      expect(on.exchange(t, p, small(12))).toBe(max);
      expect(on.and(t, p, small(10))).toBe(small(12));
      expect(on.or(t, p, small(3))).toBe(small(8));
      expect(on.xor(t, p, small(9))).toBe(small(11));
      expect(on.compareExchange(t, p, small(5), min)).toBe(small(2));
      expect(on.compareExchange(t, p, small(2), min)).toBe(small(2));
      expect(on.load(t, p)).toBe(min);
      expect(mem.read(type, p)).toBe(min);
      expect(mem.copyOut(at(PAGE - 2 * type.size), type.size)).toEqual(new Uint8Array(type.size));
    },
  );

  it.each(TYPES)(
    "%s: bounds, alignment and values as those of reads and writes",
    (_, type, low, high) => {
      const subject = open(kind);
      const { mem, at, atomics: on } = subject;
      const t = any(type);
      const zero = (typeof low === "bigint" ? 0n : 0) as number;
      const all = (p: number, value: number): (() => unknown)[] => [
        () => on.load(t, p),
        () => on.store(t, p, value),
        () => on.add(t, p, value),
        () => on.sub(t, p, value),
        () => on.and(t, p, value),
        () => on.or(t, p, value),
        () => on.xor(t, p, value),
        () => on.exchange(t, p, value),
        () => on.compareExchange(t, p, value, zero),
        () => on.compareExchange(t, p, zero, value),
      ];
      for (const p of outside(subject, type.size)) {
        for (const run of all(p, zero)) expect(codeOf(run)).toBe("ptr-out-of-bounds");
      }
      if (type.size > 1) {
        for (const run of all(at(1), zero)) expect(codeOf(run)).toBe("ptr-not-aligned");
      }
      const one = (typeof low === "bigint" ? 1n : 1) as number;
      const beyond = [(low as number) - one, (high as number) + one, "1", undefined, null, 0.5];
      for (const bad of [...beyond, typeof low === "bigint" ? 1 : 1n]) {
        const [, ...writes] = all(at(8), bad as number);
        for (const run of writes) expect(codeOf(run)).toBe("try-from-int-error");
      }
      expect(mem.copyOut(at(0), 16)).toEqual(new Uint8Array(16));
    },
  );

  it("they find the memory again after it moved or grew", () => {
    const { mem, memory, at, churn, atomics: on } = open(kind);
    expect(on.add(u32, at(8), 1)).toBe(0);
    churn();
    expect(on.add(u32, at(8), 1)).toBe(1);
    if (memory.grow === undefined) return;
    memory.grow();
    expect(on.add(u32, at(PAGE), 1)).toBe(0);
    expect(on.add(u32, at(8), 1)).toBe(2);
    expect(mem.readU32(at(PAGE))).toBe(1);
  });

  it("notify checks its address and wakes nobody where nobody waits", () => {
    const subject = open(kind);
    const on = subject.atomics;
    expect([on.notify(subject.at(8)), on.notify(subject.at(8), 0)]).toEqual([0, 0]);
    for (const p of outside(subject, 4)) {
      expect(codeOf(() => on.notify(p))).toBe("ptr-out-of-bounds");
    }
    expect(codeOf(() => on.notify(subject.at(2)))).toBe("ptr-not-aligned");
    for (const count of [-1, 0.5, Number.NaN, "1", 1n]) {
      expect(codeOf(() => on.notify(subject.at(8), count as number))).toBe("try-from-int-error");
    }
  });
}
