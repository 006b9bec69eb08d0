import { inspect } from "node:util";
import {
  array,
  bool8,
  enumeration,
  f32,
  flags,
  handle,
  i32,
  type Layout,
  packed,
  ptr,
  struct,
  u8,
  u16,
  u32,
  u64,
  variant,
} from "@memkit/core";
import { GuestArrayPtr, GuestMemory, GuestPtr, type GuestValue } from "@memkit/guest-memory";
import { describe, expect, expectTypeOf, it } from "vitest";
import { codeOf } from "./support/model.js";
import { PAGE, SHARED, UNSHARED } from "./support/sources.js";

const iovec = struct(["buf", ptr(u8)], ["len", u32]).named("iovec");
const colour = enumeration(u8, ["red", "green"]).named("colour");
const rights = flags(u16, ["read", "write"]).named("rights");
const shape = variant(u8, ["none", ["circle", f32], ["tag", u32]]).named("shape");
const mixed = struct(["c", colour], ["r", rights], ["s", shape], ["n", u64]).named("mixed");

describe.each(UNSHARED)("GuestPtr over %s", (_, make) => {
  const open = (): GuestMemory => new GuestMemory(make().source);

  it.each([-1, -0.5, 0.5, Number.NaN])("add(%s) is no way back, and says so", (count) => {
    const mem = new GuestMemory({ buffer: new ArrayBuffer(16) });
    expect(codeOf(() => mem.ptr(u8, 8).add(count))).toBe("try-from-int-error");
  });

  it("reads and writes scalars, records, enums, flags, variants, handles, arrays", () => {
    const mem = open();
    const round = <L extends Layout>(type: L, value: GuestValue<L>): void => {
      const p = mem.ptr(type, 64);
      p.write(value as never);
      expect(p.read()).toEqual(value);
    };
    round(u32, 7);
    round(colour, 1);
    round(rights, 3);
    round(handle, 0xffff_ffff);
    round(bool8, true);
    round(array(u16, 3), [1, 2, 3]);
    round(shape, { tag: "circle", value: 1.5 });
    round(shape, { tag: "none", value: undefined });
    round(mixed, { c: 1, r: 2, s: { tag: "tag", value: 9 }, n: 5n });
  });

  it("a pointer is a value: pointers to pointers, and pointers in records, know their memory", () => {
    const mem = open();
    const pp = mem.ptr(ptr(u32), 8);
    pp.write(mem.ptr(u32, 32));
    expect(mem.readU32(8)).toBe(32);
    pp.read().write(99);
    expect(mem.readU32(32)).toBe(99);
    const io = mem.ptr(iovec, 16);
    io.write({ buf: 40, len: 3 });
    const { buf, len } = io.read();
    expect(buf).toBeInstanceOf(GuestPtr);
    buf.asArray(len).copyFromSlice([1, 2, 3]);
    expect([...mem.copyOut(40, 3)]).toEqual([1, 2, 3]);
    expect(mem.read(iovec, 16)).toEqual({ buf: 40, len: 3 });
  });

  it("invalid contents are refused on the way in and out; a refused record leaves no byte behind (GM-9)", () => {
    const mem = open();
    mem.writeU8(64, 9);
    expect(codeOf(() => mem.ptr(colour, 64).read())).toBe("invalid-enum-value");
    expect(codeOf(() => mem.ptr(bool8, 64).read())).toBe("invalid-enum-value");
    expect(codeOf(() => mem.ptr(shape, 64).read())).toBe("invalid-enum-value");
    expect(codeOf(() => mem.ptr(rights, 64).read())).toBe("invalid-flag-value");
    const before = mem.copyOut(0, 256);
    const bad: [unknown, string][] = [
      [{ c: 0, r: 0, s: { tag: "none", value: undefined }, n: -1n }, "try-from-int-error"],
      [{ c: 0, r: 4, s: { tag: "none", value: undefined }, n: 1n }, "invalid-flag-value"],
      [{ c: 2, r: 0, s: { tag: "none", value: undefined }, n: 1n }, "invalid-enum-value"],
      [{ c: 0, r: 0, s: { tag: "square", value: undefined }, n: 1n }, "invalid-enum-value"],
      [{ c: 0, r: 0, s: { tag: "tag", value: -1 }, n: 1n }, "try-from-int-error"],
      [{ c: 0, r: 0 }, "try-from-int-error"],
    ];
    for (const [value, code] of bad) {
      expect(codeOf(() => mem.ptr(mixed, 64).write(value as never))).toBe(code);
      expect(mem.tryWrite(mixed, 64, value as never)).toMatchObject({ ok: false, error: { code } });
    }
    expect(codeOf(() => mem.write(mixed, PAGE - 8, { c: 0 } as never))).toBe("ptr-out-of-bounds");
    const held = mem.sharedBorrow({ start: 64 + mixed.offsetOf("n") + 7, len: 1 });
    const good = { c: 1, r: 1, s: { tag: "none", value: undefined }, n: 1n } as const;
    expect(codeOf(() => mem.write(mixed, 64, good))).toBe("ptr-borrowed");
    mem.sharedUnborrow(held);
    expect(mem.copyOut(0, 256)).toEqual(before);
    expect(mem.tryRead(colour, 64)).toEqual({
      ok: false,
      error: { code: "invalid-enum-value", type: "colour", got: 9, path: "" },
    });
    expect(mem.tryRead(u32, 1)).toMatchObject({ error: { code: "ptr-not-aligned", align: 4 } });
    expect(mem.tryRead(u32, 0)).toEqual({ ok: true, value: 0 });
    expect(mem.tryWrite(mixed, 64, good).ok).toBe(true);
  });

  it("a record is aligned as a whole; a packed one need not be", () => {
    const mem = open();
    expect(codeOf(() => mem.read(iovec, 2))).toBe("ptr-not-aligned");
    expect(mem.read(packed(iovec), 3)).toEqual({ buf: 0, len: 0 });
    expect(mem.read(struct(), PAGE)).toEqual({});
  });

  it("add: only the end of the address space is checked", () => {
    const mem = open();
    expect(mem.ptr(u32, 4).add(2).offset).toBe(12);
    expect(mem.ptr(u8, 0xffff_fffe).add(1).offset).toBe(0xffff_ffff);
    expect(codeOf(() => mem.ptr(u8, 0xffff_ffff).add(1))).toBe("ptr-overflow");
    expect(codeOf(() => mem.ptr(u32, 0).add(0x4000_0000))).toBe("ptr-overflow");
    expect(codeOf(() => mem.ptr(u32, 0).add(0.5))).toBe("try-from-int-error");
  });

  it("pointers say nothing until used, and cast, compare and print", () => {
    const mem = open();
    const p = mem.ptr(u32, -4);
    expect(p.offset).toBe(0xffff_fffc);
    expect(String(p)).toBe("*guest 0xfffffffc");
    expect(inspect(p)).toBe("*guest 0xfffffffc");
    expect(JSON.stringify(p)).toBe('{"type":"u32","offset":4294967292}');
    expect(String(p.cast(u8).asArray(3))).toBe("*guest 0xfffffffc/3");
    expect(inspect(mem.strPtr(16, 2))).toBe("*guest 0x10/2");
    expect(p.cast(u16).type).toBe(u16);
    expect(p.mem).toBe(mem);
    expect(p.isSharedMemory()).toBe(false);
    expectTypeOf(mem.ptr(iovec, 0).read().buf).toEqualTypeOf<GuestPtr<typeof u8>>();
    expectTypeOf(mem.read(iovec, 0).buf).toEqualTypeOf<number>();
  });

  it("C strings are bounded by a limit, the memory and a NUL", () => {
    const mem = open();
    mem.writeString(PAGE - 8, "ab\0cdefg");
    const text = mem.ptr(u8, PAGE - 8).asCStr(100);
    expect(mem.readString(text.offsetBase, text.len)).toBe("ab");
    expect(codeOf(() => mem.ptr(u8, PAGE - 5).asCStr(100))).toBe("unterminated-string");
    expect(codeOf(() => mem.ptr(u8, PAGE - 8).asCStr(2))).toBe("unterminated-string");
    expect(codeOf(() => mem.ptr(u8, PAGE).asCStr(100))).toBe("ptr-out-of-bounds");
    mem.mutBorrow({ start: PAGE - 8, len: 1 });
    expect(codeOf(() => mem.ptr(u8, PAGE - 8).asCStr(100))).toBe("ptr-borrowed");
  });
});

describe.each(UNSHARED)("GuestArrayPtr over %s", (_, make) => {
  const open = (): GuestMemory => new GuestMemory(make().source);

  it("get, getRange, iter: by index, never by address", () => {
    const mem = open();
    const a = mem.arrayPtr(u32, 8, 3);
    expect([a.offsetBase, a.len, a.asPtr().offset]).toEqual([8, 3, 8]);
    expect(a.get(2)?.offset).toBe(16);
    for (const i of [3, -1, 0.5, Number.NaN]) expect(a.get(i)).toBeUndefined();
    expect(a.getRange(1, 3)?.len).toBe(2);
    expect(a.getRange(3, 3)?.len).toBe(0);
    for (const [from, to] of [
      [2, 1],
      [0, 4],
      [4, 4],
      [-1, 1],
      [0, Number.NaN],
    ] as const) {
      expect(a.getRange(from, to)).toBeUndefined();
    }
    expect([...a].map((p) => p.offset)).toEqual([8, 12, 16]);
    const high = mem.arrayPtr(u32, 0xffff_fff8, 4);
    expect(codeOf(() => high.get(2))).toBe("ptr-overflow");
    expect(codeOf(() => high.getRange(2, 3))).toBe("ptr-overflow");
    const seen: number[] = [];
    expect(codeOf(() => drain(high, seen))).toBe("ptr-overflow");
    expect(seen).toEqual([0xffff_fff8, 0xffff_fffc]);
  });

  it("slices, cows, copies: the validator, then the borrow", () => {
    const mem = open();
    for (const method of ["asSlice", "asSliceMut", "asCow", "toVec", "asUnsafeSliceMut"] as const) {
      const code = (offset: number, len: number): string | undefined =>
        codeOf(() => mem.arrayPtr(u32, offset, len)[method]());
      expect(code(0, 2 ** 30)).toBe("ptr-overflow");
      expect(code(PAGE - 4, 2)).toBe("ptr-out-of-bounds");
      expect(code(2, 1)).toBe("ptr-not-aligned");
      expect(code(1, 0)).toBeUndefined();
      expect(code(PAGE, 0)).toBeUndefined();
      expect(code(PAGE + 4, 0)).toBe("ptr-out-of-bounds");
      expect(codeOf(() => mem.arrayPtr(bool8 as never, 0, 1)[method]())).toBe("not-transparent");
    }
    expect(mem.outstandingBorrows().every(({ region }) => region.len === 0)).toBe(true);
  });

  it("copyFromSlice: bounds, lengths, then (unless empty) borrows, then values, then bytes", () => {
    const mem = open();
    const a = mem.arrayPtr(u16, 8, 2);
    expect(codeOf(() => mem.arrayPtr(u16, PAGE, 1).copyFromSlice([1, 2]))).toBe(
      "ptr-out-of-bounds",
    );
    expect(codeOf(() => a.copyFromSlice([1]))).toBe("slice-lengths-differ");
    expect(codeOf(() => a.copyFromSlice([1, 70_000]))).toBe("try-from-int-error");
    expect([...a.toVec()]).toEqual([0, 0]);
    a.copyFromSlice([1, 2]);
    a.copyFromSlice(new Uint16Array([3, 4]));
    expect(a.toVec()).toEqual(new Uint16Array([3, 4]));
    const mut = mem.mutBorrow({ start: 0, len: PAGE });
    expect(codeOf(() => a.copyFromSlice([1, 70_000]))).toBe("ptr-borrowed");
    mem.arrayPtr(u16, 8, 0).copyFromSlice([]);
    expect(codeOf(() => a.toVec())).toBe("ptr-borrowed"); // wiggle's toVec looks away
    mem.mutUnborrow(mut);
  });

  it("an unsafe slice borrows later", () => {
    const mem = open();
    const list = [0, 4].map((at) => mem.arrayPtr(u8, at, 8).asUnsafeSliceMut());
    expect(mem.hasOutstandingBorrows()).toBe(false);
    expect(list[0]?.len).toBe(8);
    expect(list[0]?.isSharedMemory()).toBe(false);
    list[1]?.copyFromSlice(new Uint8Array(8).fill(1));
    const first = list[0]?.asSliceMut();
    expect(codeOf(() => list[1]?.asSliceMut())).toBe("ptr-borrowed");
    first?.drop();
    list[1]?.asSliceMut()?.drop();
  });

  it("a string of bytes", () => {
    const mem = open();
    mem.writeString(8, "word");
    expect(mem.arrayPtr(u8, 8, 4).asStrPtr().asStr()?.text()).toBe("word");
    expect(mem.arrayPtr(u8, 8, 4).cast(u16).len).toBe(4);
    expect(mem.arrayPtr(i32, 8, 4)).toBeInstanceOf(GuestArrayPtr);
    expect(JSON.stringify(mem.arrayPtr(i32, 8, 4))).toBe('{"type":"i32","offset":8,"len":4}');
  });
});

describe.each(SHARED)("pointers over %s", (_, make) => {
  it("views are null, copies work, text is copied before it is checked", () => {
    const mem = new GuestMemory(make().source);
    mem.writeString(8, "hé");
    expect(mem.arrayPtr(u8, 8, 3).asSlice()).toBeNull();
    expect(mem.arrayPtr(u8, 8, 3).asSliceMut()).toBeNull();
    expect(mem.strPtr(8, 3).asStr()).toBeNull();
    expect(mem.strPtr(8, 3).asStrMut()).toBeNull();
    expect(mem.strPtr(8, 2).asStr()).toBeNull(); // half an é: not looked at, as in wiggle
    expect(codeOf(() => mem.strPtr(8, 2).asCow())).toBe("invalid-utf8");
    expect(codeOf(() => mem.arrayPtr(u8, PAGE, 1).asSlice())).toBe("ptr-out-of-bounds");
    const cow = mem.arrayPtr(u8, 8, 3).asCow();
    const text = mem.strPtr(8, 3).asCow();
    mem.writeU8(8, 0x48);
    expect([cow.borrowed, cow.at(0), text.borrowed, text.text()]).toEqual([
      false,
      0x68,
      false,
      "hé",
    ]);
    expect(mem.arrayPtr(u8, 8, 3).toVec().buffer).toBeInstanceOf(ArrayBuffer);
    mem.arrayPtr(u16, 8, 1).copyFromSlice([0x4141]);
    expect(mem.readString(8, 2)).toBe("AA");
    expect(mem.arrayPtr(u8, 8, 3).isSharedMemory()).toBe(true);
    expect(mem.hasOutstandingBorrows()).toBe(false);
    text.drop();
    expect(codeOf(() => text.text())).toBe("released");
  });
});

describe("64-bit guests", () => {
  it("pointers in records have 8 bytes and pass 4 GiB", () => {
    const mem = new GuestMemory({ buffer: new ArrayBuffer(64) }, { target: "wasm64" });
    mem.write(iovec, 8, { buf: 2 ** 40, len: 3 });
    expect(mem.readU64(8)).toBe(2n ** 40n);
    expect(mem.read(iovec, 8)).toEqual({ buf: 2 ** 40, len: 3 });
    const io = mem.ptr(iovec, 8);
    expect(io.add(1).offset).toBe(24);
    expect(io.read().buf.add(2 ** 41).offset).toBe(2 ** 40 + 2 ** 41);
    expect(codeOf(() => io.read().buf.read())).toBe("ptr-out-of-bounds");
    mem.writeU64(8, 2n ** 53n);
    expect(codeOf(() => mem.read(iovec, 8))).toBe("try-from-int-error");
  });
});

function drain(a: GuestArrayPtr, seen: number[]): void {
  for (const p of a) seen.push(p.offset);
}
