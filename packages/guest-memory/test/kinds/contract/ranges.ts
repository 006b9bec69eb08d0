import { u8, u32 } from "@memkit/core";
import { expect, it } from "vitest";
import { codeOf } from "../../support/model.js";
import { type MemoryKind, open, PAGE } from "../memory-kind.js";

/** Copies, strings and empty ranges. */
export function ranges(kind: MemoryKind): void {
  it("copies, strings and empty ranges at the end", () => {
    const { mem, at } = open(kind);
    const text = "Ελλάδα, 🙂";
    const len = mem.writeString(at(PAGE - 32), text);
    expect(mem.readString(at(PAGE - 32), len)).toBe(text);
    expect(mem.copyOut(at(PAGE - 32), 2)).toEqual(new TextEncoder().encode("Ε"));
    expect(mem.copyOut(at(PAGE), 0).length).toBe(0);
    mem.copyIn(at(PAGE), new Uint8Array(0));
    expect(mem.readString(at(PAGE), 0)).toBe("");
    expect(codeOf(() => mem.copyOut(at(PAGE + 1), 0))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.copyIn(at(PAGE - 1), new Uint8Array(2)))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.readString(at(PAGE - 1), 2))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.copyOut(mem.maxAddress, mem.maxAddress))).toBe("ptr-out-of-bounds");
    expect(mem.copyOut(at(PAGE - 1), 1).length).toBe(1);
  });

  it("a copy is private: of a buffer of its own, unshared and of fixed length", () => {
    const { mem, at } = open(kind);
    mem.writeString(at(8), "text");
    for (const copy of [mem.copyOut(at(8), 4), mem.arrayPtr(u8, at(8), 4).toVec()]) {
      const buffer = copy.buffer as ArrayBuffer;
      expect(buffer).toBeInstanceOf(ArrayBuffer);
      expect([buffer.resizable, buffer.byteLength]).toEqual([false, 4]);
      copy.fill(0);
    }
    expect(mem.readString(at(8), 4)).toBe("text");
  });

  it("zero-length ranges are in bounds up to the end, at any alignment", () => {
    const { mem, at, abs } = open(kind);
    for (const n of [0, 1, PAGE - 1, PAGE]) {
      expect(mem.validate(at(n), 0, 8, 8)).toBe(abs(n));
      expect(mem.arrayPtr(u32, at(n), 0).toVec()).toEqual(new Uint32Array());
      const cows = [mem.arrayPtr(u32, at(n), 0).asCow(), mem.strPtr(at(n), 0).asCow()];
      expect(cows.map(({ length }) => length)).toEqual([0, 0]);
      for (const cow of cows) cow.drop();
      mem.arrayPtr(u32, at(n), 0).copyFromSlice([]);
      expect(mem.writeString(at(n), "")).toBe(0);
    }
    expect(codeOf(() => mem.validate(at(PAGE + 1), 0, 8, 8))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.arrayPtr(u32, at(PAGE + 1), 0).toVec())).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.strPtr(at(PAGE + 1), 0).asCow())).toBe("ptr-out-of-bounds");
  });

  it("invalid-utf8 says where text stops being text, in whatever way it is read", () => {
    const { mem, at, abs } = open(kind);
    const cases: [number[], number, number][] = [
      [[0x61, 0xff], 1, 1],
      [[0xc3], 0, 0],
      [[0x61, 0xe2, 0x82], 1, 0],
      [[0xed, 0xa0, 0x80], 0, 1],
      [[0xf0, 0x9f, 0x41], 0, 2],
      [[0xc0, 0x80], 0, 1],
      [[0xf4, 0x90, 0x80, 0x80], 0, 1],
    ];
    for (const [bytes, validUpTo, errorLen] of cases) {
      mem.copyIn(at(8), new Uint8Array(bytes));
      const region = { start: abs(8), len: bytes.length };
      const expected = { code: "invalid-utf8", region, validUpTo, errorLen };
      const { len } = region;
      for (const take of [() => mem.strPtr(at(8), len).asCow(), () => mem.readString(at(8), len)]) {
        expect(take).toThrow(expect.objectContaining(expected));
      }
    }
    expect(mem.hasOutstandingBorrows()).toBe(false);
    expect(mem.writeString(at(8), "\ufeffBOM")).toBe(6);
    const cow = mem.strPtr(at(8), 6).asCow();
    expect([cow.text(), mem.readString(at(8), 6)]).toEqual(["\ufeffBOM", "\ufeffBOM"]);
    cow.drop();
  });

  it("C strings are bounded by a limit, the memory and a NUL", () => {
    const { mem, at } = open(kind);
    mem.writeString(at(PAGE - 8), "ab\0cdefg");
    const text = mem.ptr(u8, at(PAGE - 8)).asCStr(100);
    expect(mem.readString(text.offsetBase, text.len)).toBe("ab");
    expect(codeOf(() => mem.ptr(u8, at(PAGE - 5)).asCStr(100))).toBe("unterminated-string");
    expect(codeOf(() => mem.ptr(u8, at(PAGE - 8)).asCStr(2))).toBe("unterminated-string");
    expect(codeOf(() => mem.ptr(u8, at(PAGE)).asCStr(100))).toBe("ptr-out-of-bounds");
  });
}
