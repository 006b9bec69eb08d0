import { u8 } from "@memkit/core";
import { BorrowChecker, GuestMemory } from "@memkit/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";

const memory = (): GuestMemory => new GuestMemory({ buffer: new ArrayBuffer(64) });

describe("releaseAll", () => {
  it("ends every borrow: handles are stale, guards released", () => {
    const mem = memory();
    const mut = mem.mutBorrow({ start: 0, len: 4 });
    const shared = mem.sharedBorrow({ start: 4, len: 0 });
    const slice = mem.arrayPtr(u8, 8, 4).asSliceMut()!;
    const str = mem.strPtr(16, 4).asStr()!;
    mem.releaseAll();
    expect([mem.hasOutstandingBorrows(), mem.outstandingBorrows()]).toEqual([false, []]);
    expect(codeOf(() => mem.mutUnborrow(mut))).toBe("stale-handle");
    expect(codeOf(() => mem.sharedUnborrow(shared))).toBe("stale-handle");
    const uses = [() => slice.bytes, () => slice.set(0, 1), () => slice.drop(), () => str.text()];
    for (const use of uses) expect(codeOf(use)).toBe("released");
    expect([slice.dropped, str.dropped]).toEqual([true, true]);
    slice[Symbol.dispose](); // the end of a `using` scope that did not know
    mem.writeU32(8, 1);
  });

  it("reaches guards made through another GuestMemory over the source, and none made later", () => {
    const mem = memory();
    const twin = new GuestMemory(mem.source);
    const early = twin.arrayPtr(u8, 0, 4).asSlice()!;
    mem.releaseAll();
    const late = twin.arrayPtr(u8, 0, 4).asSliceMut()!;
    expect([early.dropped, late.dropped]).toEqual([true, false]);
    expect(codeOf(() => early.drop())).toBe("released"); // and the later borrow stays
    expect(mem.isMutBorrowed({ start: 0, len: 4 })).toBe(true);
    late.drop();
  });

  it("leaves copies alone: they borrow nothing", () => {
    const mem = new GuestMemory({ buffer: new SharedArrayBuffer(16) });
    const cow = mem.arrayPtr(u8, 0, 4).asCow();
    mem.releaseAll();
    expect([cow.dropped, cow.at(0)]).toEqual([false, 0]);
    cow.drop();
  });

  it("in a callback: the scoped borrow is gone when it returns, and says so", () => {
    const mem = memory();
    expect(codeOf(() => mem.withSlice(0, 4, () => mem.releaseAll()))).toBe("stale-handle");
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("a policy that fails to leaves guards live", () => {
    class Stubborn extends BorrowChecker {
      override releaseAll(): void {
        throw new Error("never");
      }
    }
    const mem = new GuestMemory({ buffer: new ArrayBuffer(8) }, { policy: new Stubborn() });
    const slice = mem.arrayPtr(u8, 0, 4).asSlice()!;
    expect(() => mem.releaseAll()).toThrow("never");
    expect(slice.at(0)).toBe(0);
    slice.drop();
  });

  it("BorrowChecker: afterwards no handle lives, and it answers as a new one (GM-2, GM-4)", () => {
    const range = fc.tuple(fc.boolean(), fc.nat(255), fc.nat(64));
    const ranges = fc.array(range, { maxLength: 60 });
    const borrowAll = (checker: BorrowChecker, all: [boolean, number, number][]): number[] =>
      all.map(([mut, start, len]) =>
        mut ? checker.mutBorrow(start, len) : checker.sharedBorrow(start, len),
      );
    fc.assert(
      fc.property(ranges, ranges, (first, second) => {
        const checker = new BorrowChecker();
        const handles = borrowAll(checker, first);
        checker.releaseAll();
        expect([checker.mutCount, checker.sharedCount, checker.outstanding()]).toEqual([0, 0, []]);
        for (const handle of handles) expect(checker.lookup(handle)).toBeUndefined();
        const granted = (handle: number): boolean => handle >= 0;
        const fresh = new BorrowChecker();
        expect(borrowAll(checker, second).map(granted)).toEqual(
          borrowAll(fresh, second).map(granted),
        );
        const sorted = (c: BorrowChecker): string[] =>
          c
            .outstanding()
            .map((borrow) => JSON.stringify(borrow))
            .sort();
        expect(sorted(checker)).toEqual(sorted(fresh));
      }),
    );
  });
});
