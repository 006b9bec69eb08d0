/**
 * wiggle's `GuestType`, type by type: size and alignment, what reading and writing check and in which order, and the bytes.
 * One test for each row of `src/guest_type.rs` and `generate/src/types` at bc4d4cb143~1, on every kind of memory.
 *
 * @module
 */

import {
  array,
  arrayPtr,
  boolWitx32,
  enumeration,
  f32,
  f64,
  flags,
  handle,
  i8,
  i16,
  i32,
  i64,
  type Layout,
  ptr,
  strPtr,
  struct,
  u8,
  u16,
  u32,
  u64,
  variant,
} from "@memkit/core";
import { GuestArrayPtr, GuestMemory, GuestPtr, GuestStrPtr } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { open, PAGE, type Subject } from "./kinds/memory-kind.js";
import { codeOf } from "./support/model.js";
import { KINDS } from "./support/sources.js";

const big = (n: bigint): unknown => n;

/** Each number: its type, bytes, a value, and values just outside. */
const NUMBERS: readonly (readonly [Layout, number, unknown, readonly unknown[]])[] = [
  [u8, 1, 0xfe, [-1, 0x100]],
  [i8, 1, -0x80, [-0x81, 0x80]],
  [u16, 2, 0xfffe, [-1, 0x1_0000]],
  [i16, 2, -0x8000, [-0x8001, 0x8000]],
  [u32, 4, 0xffff_fffe, [-1, 0x1_0000_0000]],
  [i32, 4, -0x8000_0000, [-0x8000_0001, 0x8000_0000]],
  [u64, 8, big(2n ** 64n - 2n), [-1n, 2n ** 64n, 1]],
  [i64, 8, big(-(2n ** 63n)), [-(2n ** 63n) - 1n, 2n ** 63n, 1]],
  [f32, 4, 1.5, [1n, "1"]],
  [f64, 8, Math.PI, [1n, "1"]],
  [handle, 4, 0xffff_ffff, [-1, 0x1_0000_0000]],
];

/**
 * What a read and a write of `type` say where everything is wrong at once (out of bounds and misaligned; then misaligned
 * only; then borrowed), and whether a shared borrow forbids it.
 */
function faults({ mem, at, abs }: Subject, type: Layout, value: unknown): void {
  const own = mem.ptr(type, 0).type; // as this guest lays it out
  const { size, align } = own;
  const read = (p: number) => (): unknown => mem.ptr(type, p).read();
  const write = (p: number) => (): unknown => mem.ptr(type, p).write(value as never);
  for (const access of [read, write]) {
    for (const p of [PAGE - size + 1, PAGE, PAGE + 1]) {
      expect(codeOf(access(at(p)))).toBe("ptr-out-of-bounds");
    }
    expect(codeOf(access(at(64 + 1)))).toBe(align === 1 ? undefined : "ptr-not-aligned");
    if (mem.isSharedMemory()) continue;
    const mut = mem.mutBorrow({ start: at(64 + size - 1), len: 1 });
    expect(codeOf(access(at(64)))).toBe("ptr-borrowed");
    mem.mutUnborrow(mut);
    const shared = mem.sharedBorrow({ start: at(64 + size - 1), len: 1 });
    expect(codeOf(access(at(64)))).toBe(access === read ? undefined : "ptr-borrowed");
    mem.sharedUnborrow(shared);
  }
  expect(mem.tryRead(type, at(PAGE))).toMatchObject({
    error: { code: "ptr-out-of-bounds", region: { start: abs(PAGE), len: size } },
  });
}

describe.each(KINDS)("$name", (kind) => {
  it.each(NUMBERS)("$name: bounds, alignment, mut borrow (writes: any borrow), value", (...row) => {
    const [type, size, value, outside] = row;
    const subject = open(kind);
    const { mem, at } = subject;
    expect([type.size, type.align]).toEqual([size, size]);
    faults(subject, type, value);
    mem.ptr(type, at(64)).write(value as never);
    expect(mem.ptr(type, at(64)).read()).toBe(value);
    for (const bad of outside) {
      expect(codeOf(() => mem.ptr(type, at(64)).write(bad as never))).toBe("try-from-int-error");
    }
    expect(mem.read(type, at(64))).toBe(value);
  });

  it("f32, f64: a NaN stays one; its payload may not, as JavaScript has it", () => {
    const { mem, at } = open(kind);
    mem.write(f32, at(8), Number.NaN);
    mem.write(f64, at(16), Number.NaN);
    expect([mem.read(f32, at(8)), mem.read(f64, at(16))]).toEqual([Number.NaN, Number.NaN]);
  });

  it("GuestPtr<T>: a word; what it points to is not checked, either way", () => {
    const subject = open(kind);
    const { mem, at, abs } = subject;
    const word = mem.target === "wasm32" ? 4 : 8;
    const pp = mem.ptr(ptr(u32), at(64));
    expect([pp.type.size, pp.type.align]).toEqual([word, word]);
    faults(subject, ptr(u32), 0);
    for (const to of [abs(PAGE + 1), mem.maxAddress, 0]) {
      pp.write(to);
      const read = pp.read();
      expect(read).toBeInstanceOf(GuestPtr);
      expect(read.offset).toBe(to);
      pp.write(mem.ptr(u32, to));
      expect(mem.read(ptr(u32), at(64))).toBe(to);
    }
    expect(codeOf(() => pp.write(mem.maxAddress + 1))).toBe("try-from-int-error");
    expect(codeOf(() => pp.write(mem.arrayPtr(u32, 0, 1) as never))).toBe("try-from-int-error");
  });

  it("GuestPtr<[T]>: two words, offset and len, checked as one", () => {
    const subject = open(kind);
    const { mem, at, abs } = subject;
    const word = mem.target === "wasm32" ? 4 : 8;
    const list = mem.ptr(arrayPtr(u16), at(64));
    expect([list.type.size, list.type.align]).toEqual([2 * word, word]);
    faults(subject, arrayPtr(u16), { ptr: 0, len: 0 });
    list.write(mem.arrayPtr(u16, at(8), 3));
    expect(mem.read(ptr(u8), at(64))).toBe(abs(8));
    expect(mem.read(ptr(u8), at(64 + word))).toBe(3);
    expect(mem.read(arrayPtr(u16), at(64))).toEqual({ ptr: abs(8), len: 3 });
    const read = list.read();
    expect(read).toBeInstanceOf(GuestArrayPtr);
    read.copyFromSlice([1, 2, 3]);
    expect(mem.arrayPtr(u16, at(8), 3).toVec()).toEqual(new Uint16Array([1, 2, 3]));
    list.write({ ptr: abs(PAGE + 1), len: mem.maxAddress });
    expect([list.read().offsetBase, list.read().len]).toEqual([abs(PAGE + 1), mem.maxAddress]);
    for (const bad of [7, null, mem.ptr(u16, 0), { ptr: -1, len: 0 }, { ptr: 0, len: 0.5 }]) {
      expect(codeOf(() => list.write(bad as never))).toBe("try-from-int-error");
    }
  });

  it("GuestPtr<str>, string: laid out as GuestPtr<[u8]>; not read before it is asked for", () => {
    const subject = open(kind);
    const { mem, at, abs } = subject;
    faults(subject, strPtr, { ptr: 0, len: 0 });
    const text = mem.ptr(strPtr, at(64));
    const len = mem.writeString(at(8), "Ελλάδα");
    text.write(mem.strPtr(at(8), len));
    expect(mem.read(strPtr, at(64))).toEqual({ ptr: abs(8), len });
    const read = text.read();
    expect(read).toBeInstanceOf(GuestStrPtr);
    const cow = read.asCow();
    expect(cow.text()).toBe("Ελλάδα");
    cow.drop();
    text.write({ ptr: abs(PAGE), len: 5 });
    expect(codeOf(() => text.read().asCow())).toBe("ptr-out-of-bounds");
  });

  it("flags: the number that stores them, then unknown bits", () => {
    const subject = open(kind);
    const { mem, at } = subject;
    const rights = flags(u16, ["read", "write"]).named("rights");
    faults(subject, rights, 0);
    mem.ptr(rights, at(64)).write(3);
    expect(mem.readU16(at(64))).toBe(3);
    mem.writeU16(at(64), 4);
    expect(mem.tryRead(rights, at(64))).toEqual({
      ok: false,
      error: { code: "invalid-flag-value", type: "rights", got: 4, unknown: 4, path: "" },
    });
    expect(codeOf(() => mem.ptr(rights, at(64)).write(8))).toBe("invalid-flag-value");
    expect(codeOf(() => mem.ptr(rights, at(64)).write(0x1_0000))).toBe("try-from-int-error");
    const wide = flags(
      u64,
      Array.from({ length: 64 }, (_, n) => `b${n}`),
    );
    mem.ptr(wide, at(64)).write(2n ** 63n);
    expect(mem.ptr(wide, at(64)).read()).toBe(2n ** 63n);
  });

  it("enum: the tag, then whether there is such a case", () => {
    const subject = open(kind);
    const { mem, at } = subject;
    const colour = enumeration(u8, ["red", "green"]).named("colour");
    faults(subject, colour, 0);
    mem.ptr(colour, at(64)).write(1);
    expect(mem.readU8(at(64))).toBe(1);
    mem.writeU8(at(64), 2);
    expect(mem.tryRead(colour, at(64))).toEqual({
      ok: false,
      error: { code: "invalid-enum-value", type: "colour", got: 2, path: "" },
    });
    expect(codeOf(() => mem.ptr(colour, at(64)).write(2))).toBe("invalid-enum-value");
    expect(codeOf(() => mem.ptr(colour, at(64)).write(256))).toBe("try-from-int-error");
  });

  it("variant, union: the tag, then the payload, pointers in it too; a refused payload leaves the tag (wiggle writes it)", () => {
    const subject = open(kind);
    const { mem, at, abs } = subject;
    const shape = variant(u8, ["none", ["circle", f32], ["at", ptr(u32)], ["list", arrayPtr(u8)]]);
    faults(subject, shape, { tag: "none" });
    const p = mem.ptr(shape, at(64));
    p.write({ tag: "at", value: mem.ptr(u32, at(8)) });
    const read = p.read();
    expect(read.tag === "at" && read.value).toBeInstanceOf(GuestPtr);
    p.write({ tag: "list", value: mem.arrayPtr(u8, at(8), 2) });
    expect(mem.read(shape, at(64))).toEqual({ tag: "list", value: { ptr: abs(8), len: 2 } });
    expect(codeOf(() => p.write({ tag: "circle", value: "round" as never }))).toBe(
      "try-from-int-error",
    );
    expect(mem.readU8(at(64))).toBe(3);
    mem.writeU8(at(64), 4);
    expect(codeOf(() => p.read())).toBe("invalid-enum-value");
    expect(codeOf(() => p.write({ tag: "square" } as never))).toBe("invalid-enum-value");
  });

  it("record: the layout of C, checked whole before the first byte (wiggle checks and writes member by member)", () => {
    const subject = open(kind);
    const { mem, at, abs } = subject;
    const mixed = struct(["s", i64], ["a", i16], ["b", i16], ["c", i32]);
    expect(["s", "a", "b", "c"].map((name) => mixed.offsetOf(name as "s"))).toEqual([0, 8, 10, 12]);
    faults(subject, mixed, { s: 1n, a: 1, b: 1, c: 1 });
    const p = mem.ptr(mixed, at(64));
    p.write({ s: -1n, a: -2, b: -3, c: -4 });
    const before = mem.copyOut(at(64), 16);
    expect(codeOf(() => p.write({ s: 0n, a: 0, b: 0, c: 2 ** 31 }))).toBe("try-from-int-error");
    expect(mem.copyOut(at(64), 16)).toEqual(before);
    expect(mem.read(i32, at(64 + 12))).toBe(-4);
    const inner = struct(["list", arrayPtr(u8)], ["name", strPtr], ["n", u32]);
    const io = mem.ptr(inner, at(128));
    io.write({ list: mem.arrayPtr(u8, at(8), 4), name: { ptr: abs(8), len: 4 }, n: 9 });
    mem.writeString(at(8), "abcd");
    const { list, name, n } = io.read();
    expect([[...list.toVec()], n]).toEqual([[97, 98, 99, 100], 9]);
    const cow = name.asCow();
    expect(cow.text()).toBe("abcd");
    cow.drop();
  });

  it("handle: any u32", () => {
    const { mem, at } = open(kind);
    for (const n of [0, 123, 0xffff_ffff]) {
      mem.ptr(handle, at(8)).write(n);
      expect(mem.ptr(handle, at(8)).read()).toBe(n);
    }
  });

  it("bool: an enum of a 4-byte tag", () => {
    const subject = open(kind);
    const { mem, at } = subject;
    expect([boolWitx32.size, boolWitx32.align]).toEqual([4, 4]);
    faults(subject, boolWitx32, true);
    mem.ptr(boolWitx32, at(64)).write(true);
    expect(mem.readU32(at(64))).toBe(1);
    mem.writeU32(at(64), 2);
    expect(codeOf(() => mem.ptr(boolWitx32, at(64)).read())).toBe("invalid-enum-value");
    expect(codeOf(() => mem.ptr(boolWitx32, at(64)).write(1 as never))).toBe("try-from-int-error");
  });

  it("arrays of strings, and pointers to pointers to arrays", () => {
    const { mem, at, abs } = open(kind);
    const words = ["one", "deux", "τρία"];
    const table = mem.arrayPtr(strPtr, at(256), words.length);
    let end = 512;
    words.forEach((word, i) => {
      const len = mem.writeString(at(end), word);
      table.get(i)?.write(mem.strPtr(at(end), len));
      end += len;
    });
    const texts = [...table].map((p) => {
      const cow = p.read().asCow();
      const text = cow.text();
      cow.drop();
      return text;
    });
    expect(texts).toEqual(words);
    mem.ptr(array(arrayPtr(u8), 2), at(64)).write([
      { ptr: abs(512), len: 3 },
      { ptr: abs(515), len: 4 },
    ]);
    mem.write(ptr(u8), at(8), abs(64));
    mem.write(ptr(u8), at(16), abs(8));
    const deep = mem
      .ptr(ptr(ptr(arrayPtr(u8))), at(16))
      .read()
      .read()
      .add(1)
      .read();
    expect(mem.readString(deep.offsetBase, deep.len)).toBe("deux");
  });
});

describe("the second word beyond the address space", () => {
  /** Virtual: only the page that is touched costs anything. */
  const most = (): GuestMemory => new GuestMemory({ buffer: new ArrayBuffer(2 ** 32) });
  const last = 2 ** 32 - 4;

  it.each([arrayPtr(u8), strPtr] as Layout[])(
    "$name: written: ptr-overflow before anything else",
    (type) => {
      const small = new GuestMemory({ buffer: new ArrayBuffer(64) });
      const value = { ptr: 0, len: 0 } as never;
      const error = { code: "ptr-overflow", ptr: last, count: 1, size: 4 };
      for (const p of [last, -4]) {
        expect(codeOf(() => small.ptr(type, p).write(value))).toBe("ptr-overflow");
        expect(small.tryWrite(type, p, value)).toEqual({ ok: false, error });
      }
      expect(codeOf(() => small.ptr(type, last - 4).write(value))).toBe("ptr-out-of-bounds");
      expect(codeOf(() => small.ptr(type, last).write(undefined as never))).toBe("ptr-overflow");
    },
  );

  it.each([arrayPtr(u8), strPtr] as Layout[])("$name: read: the first word first", (type) => {
    const small = new GuestMemory({ buffer: new ArrayBuffer(64) });
    expect(small.tryRead(type, last)).toEqual({
      ok: false,
      error: { code: "ptr-out-of-bounds", region: { start: last, len: 4 }, byteLength: 64 },
    });
    const mem = most();
    expect(codeOf(() => mem.ptr(type, last + 2).read())).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.ptr(type, last).read())).toBe("ptr-overflow");
    const held = mem.mutBorrow({ start: last, len: 1 });
    expect(codeOf(() => mem.ptr(type, last).read())).toBe("ptr-borrowed");
    mem.mutUnborrow(held);
    mem.ptr(type, last - 4).write({ ptr: 7, len: 8 } as never);
    expect(mem.read(type, last - 4)).toEqual({ ptr: 7, len: 8 });
    expect(codeOf(() => mem.ptr(struct(["a", u32], ["b", type]), last - 4).read())).toBe(
      "ptr-out-of-bounds",
    );
  });

  it("of a 64-bit guest, where numbers stop being exact", () => {
    const mem = new GuestMemory({ buffer: new ArrayBuffer(64) }, { target: "wasm64" });
    const end = 2 ** 53 - 8;
    expect(codeOf(() => mem.ptr(strPtr, end).write({ ptr: 0, len: 0 }))).toBe("ptr-overflow");
    expect(codeOf(() => mem.ptr(strPtr, end - 8).write({ ptr: 0, len: 0 }))).toBe(
      "ptr-out-of-bounds",
    );
    expect(codeOf(() => mem.ptr(strPtr, end).read())).toBe("ptr-out-of-bounds");
  });
});
