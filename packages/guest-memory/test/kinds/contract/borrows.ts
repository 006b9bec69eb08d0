import { formatRegion, struct, u8, u16, u32, u64 } from "@memkit/core";
import { expect, it } from "vitest";
import { codeOf } from "../../support/model.js";
import { type MemoryKind, open, PAGE } from "../memory-kind.js";

const record = struct(["a", u32], ["b", u64]);

/** Who may touch which bytes, of memories that are not shared. */
export function borrows(kind: MemoryKind): void {
  it("reads and writes respect them, and errors name both sides", () => {
    const { mem, at, abs } = open(kind);
    const shared = mem.sharedBorrow({ start: at(16), len: 8 });
    expect(mem.readU32(at(16))).toBe(0);
    const [asked, held] = [formatRegion({ start: abs(20), len: 4 }), { start: abs(16), len: 8 }];
    expect(() => mem.writeU32(at(20), 1)).toThrow(
      `write of ${asked} refused: it overlaps a live shared borrow of ${formatRegion(held)}`,
    );
    mem.writeU32(at(12), 1);
    mem.writeU32(at(24), 1);
    mem.sharedUnborrow(shared);
    const mut = mem.mutBorrow({ start: at(16), len: 8 });
    const conflict = { region: held, kind: "mut" };
    expect(() => mem.readU64(at(16))).toThrow(
      expect.objectContaining({ code: "ptr-borrowed", access: "read", region: held, conflict }),
    );
    expect(codeOf(() => mem.copyOut(at(0), 17))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.copyIn(at(23), new Uint8Array(1)))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.readString(at(20), 1))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.withSlice(at(20), 1, () => 0))).toBe("ptr-borrowed");
    expect(mem.withSlice(at(20), 0, (b) => b.length)).toBe(0);
    mem.copyIn(at(20), new Uint8Array(0));
    mem.mutUnborrow(mut);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("ptr-borrowed through GuestPtr read and write: a read looks at mut borrows, a write at all (GM-7)", () => {
    const { mem, at, abs } = open(kind);
    const value = { a: 1, b: 2n };
    const p = mem.ptr(record, at(32));
    const region = { start: abs(32), len: record.size };
    // One byte of the record is enough, its padding included.
    for (const n of [32, 37, 47]) {
      const shared = mem.sharedBorrow({ start: at(n), len: 1 });
      expect(p.read()).toEqual({ a: 0, b: 0n });
      const conflict = { region: { start: abs(n), len: 1 }, kind: "shared" };
      expect(() => p.write(value)).toThrow(
        expect.objectContaining({ code: "ptr-borrowed", access: "write", region, conflict }),
      );
      mem.sharedUnborrow(shared);
      const mut = mem.mutBorrow({ start: at(n), len: 1 });
      expect(codeOf(() => p.read())).toBe("ptr-borrowed");
      expect(codeOf(() => p.write(value))).toBe("ptr-borrowed");
      expect(mem.tryWrite(record, at(32), value)).toMatchObject({ error: { access: "write" } });
      mem.mutUnborrow(mut);
    }
    for (const n of [31, 48]) mem.mutBorrow({ start: at(n), len: 1 });
    p.write(value);
    expect(p.read()).toEqual(value);
  });

  it("handles: accepted once, for their kind, and not given out again (GM-4)", () => {
    const { mem, at } = open(kind);
    const region = { start: at(16), len: 8 };
    const first = mem.mutBorrow(region);
    expect(codeOf(() => mem.sharedUnborrow(first))).toBe("wrong-handle-kind");
    expect(codeOf(() => mem.readU8(at(16)))).toBe("ptr-borrowed"); // and the borrow stays
    mem.mutUnborrow(first);
    const second = mem.mutBorrow(region);
    expect(second).not.toBe(first);
    expect(codeOf(() => mem.mutUnborrow(first))).toBe("stale-handle");
    expect(mem.isMutBorrowed(region)).toBe(true);
    mem.mutUnborrow(second);
    expect(codeOf(() => mem.mutUnborrow(second))).toBe("stale-handle");
    const shared = [mem.sharedBorrow(region), mem.sharedBorrow(region)];
    mem.sharedUnborrow(shared[0]!);
    expect(codeOf(() => mem.sharedUnborrow(shared[0]!))).toBe("stale-handle");
    expect(mem.isSharedBorrowed(region)).toBe(true);
    mem.sharedUnborrow(shared[1]!);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("tryBorrow returns what the others throw", () => {
    const { mem, at, abs } = open(kind);
    expect(mem.tryBorrow("mut", { start: at(0), len: 4 }).ok).toBe(true);
    const conflict = { region: { start: abs(0), len: 4 }, kind: "mut" };
    expect(mem.tryBorrow("shared", { start: at(3), len: 4 })).toEqual({
      ok: false,
      error: {
        code: "ptr-borrowed",
        access: "shared borrow",
        region: { start: abs(3), len: 4 },
        conflict,
      },
    });
    expect(mem.outstandingBorrows()).toEqual([conflict]);
  });

  it("zero-length borrows conflict with nothing and count until released (GM-3)", () => {
    const { mem, at } = open(kind);
    const all = mem.mutBorrow({ start: at(0), len: PAGE });
    for (const n of [0, 7, PAGE]) {
      const slices = [
        mem.arrayPtr(u32, at(n), 0).asSlice()!,
        mem.arrayPtr(u32, at(n), 0).asSliceMut()!,
        mem.arrayPtr(u32, at(n), 0).asCow(),
        mem.strPtr(at(n), 0).asStr()!,
        mem.strPtr(at(n), 0).asStrMut()!,
      ];
      expect(slices.map(({ bytes }) => bytes.length)).toEqual([0, 0, 0, 0, 0]);
      expect(mem.outstandingBorrows().length).toBe(6);
      for (const slice of slices) slice.drop();
      expect(mem.withSliceMut(at(n), 0, (bytes) => bytes.length)).toBe(0);
      mem.arrayPtr(u8, at(n), 0).copyFromSlice([]);
    }
    expect(mem.isMutBorrowed({ start: at(7), len: 0 })).toBe(false);
    mem.mutUnborrow(all);
    const empty = mem.mutBorrow({ start: at(PAGE), len: 0 });
    expect(mem.hasOutstandingBorrows()).toBe(true);
    mem.writeU8(at(PAGE - 1), 1);
    mem.mutUnborrow(empty);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("toVec, asCow and copyFromSlice ask for borrows, unlike wiggle's toVec", () => {
    const { mem, at } = open(kind);
    const a = mem.arrayPtr(u16, at(8), 2);
    const mut = mem.mutBorrow({ start: at(11), len: 1 });
    expect(codeOf(() => a.toVec())).toBe("ptr-borrowed");
    expect(codeOf(() => a.asCow())).toBe("ptr-borrowed");
    expect(codeOf(() => a.copyFromSlice([1, 2]))).toBe("ptr-borrowed");
    mem.mutUnborrow(mut);
    const shared = mem.sharedBorrow({ start: at(11), len: 1 });
    expect(a.toVec()).toEqual(new Uint16Array(2));
    const cow = a.asCow();
    expect([cow.borrowed, [...cow]]).toEqual([true, [0, 0]]);
    cow.drop();
    expect(codeOf(() => a.copyFromSlice([1, 2]))).toBe("ptr-borrowed");
    mem.sharedUnborrow(shared);
    expect(a.toVec()).toEqual(new Uint16Array(2));
  });

  it("a scoped slice is a view, and its borrow ends with the callback (GM-10)", () => {
    const { mem, at } = open(kind);
    mem.withSliceMut(at(4), 4, (bytes) => {
      bytes.set([1, 2, 3, 4]);
      expect(mem.isMutBorrowed({ start: at(7), len: 1 })).toBe(true);
      expect(codeOf(() => mem.readU8(at(4)))).toBe("ptr-borrowed");
    });
    expect(mem.withSlice(at(4), 4, (bytes) => [...bytes])).toEqual([1, 2, 3, 4]);
    const failing = (): never => {
      throw new RangeError("mine");
    };
    expect(() => mem.withSlice(at(0), 4, failing)).toThrow(RangeError);
    expect(() => mem.withSliceMut(at(0), 4, failing)).toThrow(RangeError);
    expect(codeOf(() => mem.withSlice(at(0), 4, async () => 1))).toBe("async-callback");
    // biome-ignore lint/suspicious/noThenProperty: a thenable that is no promise is what this is about
    const thenable = { then: () => 1 };
    expect(codeOf(() => mem.withSliceMut(at(0), 4, () => thenable))).toBe("async-callback");
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
}
