import { u8, u16, u64 } from "@memkit/core";
import { expect, it } from "vitest";
import { codeOf } from "../../support/model.js";
import { type MemoryKind, open } from "../memory-kind.js";

/** Borrows that are objects, of memories that are not shared. */
export function guards(kind: MemoryKind): void {
  it("GuestSlice reads; others may read, none may write, until it is dropped", () => {
    const { mem, at } = open(kind);
    mem.copyIn(at(8), new Uint8Array([1, 2, 3, 4]));
    const slice = mem.arrayPtr(u16, at(8), 2).asSlice()!;
    expect([...slice]).toEqual([0x0201, 0x0403]);
    expect([slice.length, slice.at(1), slice.at(2), slice.at(-1)]).toEqual([
      2,
      0x0403,
      undefined,
      undefined,
    ]);
    expect(slice.toVec()).toEqual(new Uint16Array([0x0201, 0x0403]));
    expect(mem.readU8(at(8))).toBe(1);
    expect(codeOf(() => mem.writeU8(at(8), 1))).toBe("ptr-borrowed");
    const second = mem.arrayPtr(u8, at(9), 1).asCow();
    expect([second.borrowed, second.at(0)]).toEqual([true, 2]);
    slice.drop();
    expect(codeOf(() => mem.writeU8(at(9), 1))).toBe("ptr-borrowed");
    second[Symbol.dispose]();
    mem.writeU8(at(9), 1);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("GuestSliceMut writes; nobody else may look", () => {
    const { mem, at } = open(kind);
    const slice = mem.arrayPtr(u64, at(8), 2).asSliceMut()!;
    slice.set(1, 5n);
    slice.copyFromSlice([slice.at(1)!, 6n]);
    expect(codeOf(() => slice.set(2, 1n))).toBe("index-out-of-range");
    expect(codeOf(() => slice.set(0, -1n))).toBe("try-from-int-error");
    expect(codeOf(() => slice.copyFromSlice([1n]))).toBe("slice-lengths-differ");
    expect(codeOf(() => mem.readU8(at(8)))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.arrayPtr(u8, at(23), 1).asSlice())).toBe("ptr-borrowed");
    slice.drop();
    expect([mem.readU64(at(8)), mem.readU64(at(16))]).toEqual([5n, 6n]);
  });

  it("GuestStr and GuestStrMut: text, replaced by text of the same length", () => {
    const { mem, at } = open(kind);
    mem.writeString(at(8), "Ελλάδα");
    const str = mem.strPtr(at(8), 12).asStr()!;
    expect([str.text(), String(str), str.length]).toEqual(["Ελλάδα", "Ελλάδα", 12]);
    expect(codeOf(() => mem.strPtr(at(8), 1).asStrMut())).toBe("ptr-borrowed");
    str.drop();
    expect(codeOf(() => mem.strPtr(at(8), 1).asStr())).toBe("invalid-utf8");
    expect(codeOf(() => mem.strPtr(at(8), 1).asStrMut())).toBe("invalid-utf8");
    expect(mem.hasOutstandingBorrows()).toBe(false); // a refused text leaves no borrow (GM-9)
    const mut = mem.strPtr(at(8), 12).asStrMut()!;
    mut.set("twelve bytes");
    expect(codeOf(() => mut.set("short"))).toBe("slice-lengths-differ");
    mut.drop();
    expect(mem.readString(at(8), 12)).toBe("twelve bytes");
  });

  it("every access after drop throws, and so does a second drop; dispose does not (GM-14)", () => {
    const { mem, at } = open(kind);
    const slice = mem.arrayPtr(u8, at(0), 4).asSliceMut()!;
    const str = mem.strPtr(at(8), 0).asStrMut()!;
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
      () => str.set(""),
    ];
    for (const use of uses) expect(codeOf(use)).toBe("released");
    slice[Symbol.dispose]();
    expect(slice.dropped).toBe(true);
    const other = mem.arrayPtr(u8, at(0), 4).asSliceMut()!;
    expect(codeOf(() => slice.drop())).toBe("released"); // and the other's borrow stays
    expect(mem.hasOutstandingBorrows()).toBe(true);
    other.drop();
  });

  it("an unsafe slice borrows later, so that a whole list can be checked before any is borrowed", () => {
    const { mem, at } = open(kind);
    const list = [0, 4].map((n) => mem.arrayPtr(u8, at(n), 8).asUnsafeSliceMut());
    expect(mem.hasOutstandingBorrows()).toBe(false);
    list[1]!.copyFromSlice(new Uint8Array(8).fill(1));
    const first = list[0]!.asSliceMut()!;
    expect(codeOf(() => list[1]!.asSliceMut())).toBe("ptr-borrowed");
    first.drop();
    list[1]!.asSliceMut()!.drop();
    expect([...mem.copyOut(at(0), 12)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  });
}
