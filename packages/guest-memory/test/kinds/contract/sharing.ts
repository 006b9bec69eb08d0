import { ptr, struct, u8, u16, u32 } from "@memkit/core";
import { expect, it } from "vitest";
import { codeOf } from "../../support/model.js";
import { type MemoryKind, open, PAGE } from "../memory-kind.js";

const node = struct(["next", ptr(u32)], ["value", u32]);

/** That a memory is shared is known to everything made from it. */
export function knownAs(kind: MemoryKind): void {
  it("isSharedMemory is never lost: every pointer and slice made from the memory says the same", () => {
    const { mem, at, abs } = open(kind);
    mem.ptr(node, at(16)).write({ next: abs(32), value: 7 });
    mem.writeString(at(64), "text\0");
    const array = mem.arrayPtr(u16, at(16), 4);
    const wrappers = [
      mem,
      mem.ptr(u32, at(16)),
      mem.ptr(u32, at(16)).add(1),
      mem.ptr(u32, at(16)).cast(u8),
      mem.ptr(ptr(u32), at(16)).read(),
      mem.ptr(node, at(16)).read().next,
      mem.ptr(u8, at(16)).asArray(4),
      mem.ptr(u8, at(64)).asCStr(8),
      array,
      array.cast(u8),
      array.asPtr(),
      array.get(1)!,
      array.getRange(1, 2)!,
      [...array][3]!,
      array.asUnsafeSliceMut(),
      mem.arrayPtr(u8, at(64), 4).asStrPtr(),
      mem.strPtr(at(64), 4),
      mem.strPtr(at(64), 4).asBytes(),
      mem.strPtr(at(64), 4).asPtr(),
    ];
    expect(wrappers.map((wrapper) => wrapper.isSharedMemory())).toEqual(
      wrappers.map(() => kind.shared),
    );
    const cows = [array.asCow(), mem.strPtr(at(64), 4).asCow()];
    expect(cows.map(({ borrowed }) => borrowed)).toEqual([!kind.shared, !kind.shared]);
    for (const cow of cows) cow.drop();
  });
}

/** What memories that other threads may change refuse, and what they give instead. */
export function sharing(kind: MemoryKind): void {
  it("views are null or refused, after bounds and before their contents", () => {
    const { mem, at, abs } = open(kind);
    mem.writeString(at(8), "hé");
    const bytes = mem.arrayPtr(u8, at(8), 3);
    expect([bytes.asSlice(), bytes.asSliceMut(), bytes.asUnsafeSliceMut().asSliceMut()]).toEqual([
      null,
      null,
      null,
    ]);
    const half = mem.strPtr(at(8), 2); // half an é: not looked at, as in wiggle
    expect([half.asStr(), half.asStrMut()]).toEqual([null, null]);
    const region = { start: abs(8), len: 3 };
    const refused = expect.objectContaining({ code: "shared-memory", region });
    expect(() => mem.withSlice(at(8), 3, () => 0)).toThrow(refused);
    expect(() => mem.withSliceMut(at(8), 3, () => 0)).toThrow(refused);
    expect(() => mem.mutBorrow({ start: at(8), len: 3 })).toThrow(refused);
    expect(() => mem.sharedBorrow({ start: at(8), len: 3 })).toThrow(refused);
    expect(mem.tryBorrow("shared", { start: at(8), len: 3 })).toEqual({
      ok: false,
      error: { code: "shared-memory", region },
    });
    const beyond = mem.arrayPtr(u16, at(PAGE), 1);
    expect(codeOf(() => beyond.asSlice())).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.arrayPtr(u16, at(1), 1).asSliceMut())).toBe("ptr-not-aligned");
    expect(codeOf(() => mem.strPtr(at(PAGE), 1).asStr())).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.withSlice(at(PAGE), 1, () => 0))).toBe("ptr-out-of-bounds");
    expect([mem.isMutBorrowed(region), mem.isSharedBorrowed(region)]).toEqual([false, false]);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("copies go through, and are private: asCow, toVec, copyFromSlice, strings", () => {
    const { mem, at } = open(kind);
    mem.writeString(at(8), "hé");
    const cow = mem.arrayPtr(u8, at(8), 3).asCow();
    const text = mem.strPtr(at(8), 3).asCow();
    const vec = mem.arrayPtr(u8, at(8), 3).toVec();
    expect(codeOf(() => mem.strPtr(at(8), 2).asCow())).toBe("invalid-utf8");
    mem.base().fill(0x41); // any other thread, at any moment
    expect([cow.at(0), [...cow], [...vec], text.text()]).toEqual([
      0x68,
      [0x68, 0xc3, 0xa9],
      [0x68, 0xc3, 0xa9],
      "hé",
    ]);
    expect([cow, text].map(({ bytes }) => bytes.buffer.constructor.name)).toEqual([
      "ArrayBuffer",
      "ArrayBuffer",
    ]);
    mem.arrayPtr(u16, at(8), 1).copyFromSlice([0x4242]);
    expect(mem.readString(at(8), 3)).toBe("BBA");
    for (const guard of [cow, text]) guard.drop();
    expect(codeOf(() => text.text())).toBe("released");
    expect(codeOf(() => cow.at(0))).toBe("released");
  });
}
