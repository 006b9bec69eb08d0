import { inspect } from "node:util";
import { u8, u16, u64 } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";
import { PAGE, UNSHARED } from "./support/sources.js";

describe.each(UNSHARED)("guards over %s", (_, make) => {
  it("GuestSlice reads; others may read, none may write, until it is dropped", () => {
    const mem = new GuestMemory(make().source);
    mem.copyIn(8, new Uint8Array([1, 2, 3, 4]));
    const slice = mem.arrayPtr(u16, 8, 2).asSlice()!;
    expect([...slice]).toEqual([0x0201, 0x0403]);
    expect([slice.length, slice.at(2), slice.at(-1), slice.at(0.5)]).toEqual([
      2,
      undefined,
      undefined,
      undefined,
    ]);
    expect(slice.toVec()).toEqual(new Uint16Array([0x0201, 0x0403]));
    expect(mem.readU8(8)).toBe(1);
    expect(codeOf(() => mem.writeU8(8, 1))).toBe("ptr-borrowed");
    const second = mem.arrayPtr(u8, 9, 1).asCow();
    expect([second.borrowed, second.at(0)]).toEqual([true, 2]);
    slice.drop();
    expect(codeOf(() => mem.writeU8(9, 1))).toBe("ptr-borrowed");
    second[Symbol.dispose]();
    mem.writeU8(9, 1);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("GuestSliceMut writes; nobody else may look", () => {
    const mem = new GuestMemory(make().source);
    const slice = mem.arrayPtr(u64, 8, 2).asSliceMut()!;
    slice.set(1, 5n);
    slice.copyFromSlice([slice.at(1)!, 6n]);
    expect(codeOf(() => slice.set(2, 1n))).toBe("index-out-of-range");
    expect(codeOf(() => slice.set(0, -1n))).toBe("try-from-int-error");
    expect(codeOf(() => slice.copyFromSlice([1n]))).toBe("slice-lengths-differ");
    expect(codeOf(() => mem.readU8(8))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.arrayPtr(u8, 23, 1).asSlice())).toBe("ptr-borrowed");
    slice.drop();
    expect([mem.readU64(8), mem.readU64(16)]).toEqual([5n, 6n]);
  });

  it("every access after drop throws, and so does a second drop; dispose does not (GM-14)", () => {
    const mem = new GuestMemory(make().source);
    const slice = mem.arrayPtr(u8, 0, 4).asSliceMut()!;
    const str = mem.strPtr(8, 0).asStrMut()!;
    for (const guard of [slice, str]) guard.drop();
    const uses = [
      () => slice.bytes,
      () => slice.at(0),
      () => slice.set(0, 1),
      () => slice.toVec(),
      () => [...slice],
      () => slice.copyFromSlice([1, 2, 3, 4]),
      () => slice.drop(),
      () => str.text(),
      () => String(str),
      () => str.set(""),
    ];
    for (const use of uses) expect(codeOf(use)).toBe("released");
    slice[Symbol.dispose]();
    expect(slice.dropped).toBe(true);
    const other = mem.arrayPtr(u8, 0, 4).asSliceMut()!;
    expect(codeOf(() => slice.drop())).toBe("released"); // and the other's borrow stays
    expect(mem.hasOutstandingBorrows()).toBe(true);
    other.drop();
  });

  it("a live guard survives growth: its view is made anew (GM-14)", () => {
    const { source, grow } = make();
    if (grow === undefined) return;
    const mem = new GuestMemory(source);
    const slice = mem.arrayPtr(u8, 4, 4).asSliceMut()!;
    const str = mem.strPtr(100, 1).asStrMut()!;
    const stale = slice.bytes;
    grow();
    slice.set(0, 7);
    expect(slice.at(0)).toBe(7);
    if (stale.length === 0) expect(slice.bytes === stale).toBe(false); // detached: made anew
    expect(slice.bytes.length).toBe(4);
    str.set("x");
    expect(str.text()).toBe("x");
    slice.drop();
    str.drop();
    expect(mem.readU8(4)).toBe(7);
  });

  it("strings: UTF-8 or nothing, and a refusal leaves no borrow", () => {
    const mem = new GuestMemory(make().source);
    const cases: [number[], number, number][] = [
      [[0x61, 0xff], 1, 1],
      [[0xc3], 0, 0],
      [[0x61, 0xe2, 0x82], 1, 0],
      [[0xed, 0xa0, 0x80], 0, 1],
      [[0xf0, 0x9f, 0x41], 0, 2],
      [[0xc0, 0x80], 0, 1],
      [[0xf4, 0x90, 0x80, 0x80], 0, 1],
      [[0xe2, 0x82, 0x41], 0, 2],
    ];
    for (const [bytes, validUpTo, errorLen] of cases) {
      mem.copyIn(8, new Uint8Array(bytes));
      const p = mem.strPtr(8, bytes.length);
      for (const take of [
        () => p.asStr(),
        () => p.asStrMut(),
        () => p.asCow(),
        () => mem.readString(8, bytes.length),
      ]) {
        expect(take).toThrow(
          expect.objectContaining({ code: "invalid-utf8", validUpTo, errorLen }),
        );
      }
    }
    expect(mem.hasOutstandingBorrows()).toBe(false);
    mem.writeString(8, "\ufeffBOM");
    const str = mem.strPtr(8, 6).asStr()!;
    expect(str.text()).toBe("\ufeffBOM");
    str.drop();
    expect(codeOf(() => mem.strPtr(PAGE, 1).asStr())).toBe("ptr-out-of-bounds");
    const mut = mem.strPtr(8, 6).asStrMut()!;
    expect(codeOf(() => mut.set("short"))).toBe("slice-lengths-differ");
    mut.bytes[0] = 0xff;
    expect(codeOf(() => mut.text())).toBe("invalid-utf8");
    expect(codeOf(() => mem.strPtr(8, 6).asCow())).toBe("ptr-borrowed");
    mut.drop();
  });

  it("guards print", () => {
    const mem = new GuestMemory(make().source);
    const slice = mem.arrayPtr(u16, 16, 2).asSliceMut()!;
    expect(inspect(slice)).toBe("GuestSliceMut { *guest 0x10/4 }");
    slice.drop();
    expect(inspect(slice)).toBe("GuestSliceMut { *guest 0x10/4 dropped }");
    expect(JSON.stringify(slice)).toBe(
      '{"guard":"GuestSliceMut","start":16,"len":4,"borrowed":true,"dropped":true}',
    );
  });
});

describe("a memory that shrinks under a guard", () => {
  it("gives a typed error, and the borrow still ends", () => {
    const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
    const mem = new GuestMemory({ buffer });
    const slice = mem.arrayPtr(u8, 32, 32).asSlice()!;
    buffer.resize(16);
    expect(codeOf(() => slice.bytes)).toBe("ptr-out-of-bounds");
    slice.drop();
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});
