/**
 * wiggle's `GuestPtr`, method by method: the checks in their order, the error of each, and the result. One test for each row
 * of `src/lib.rs` at bc4d4cb143~1, on every kind of memory; where ours differs, the test's name says how.
 *
 * @module
 */

import { inspect } from "node:util";
import { array, i32, type Layout, ptr, struct, u8, u16, u32 } from "@memkit/core";
import { type GuestArrayPtr, GuestPtr, GuestStrPtr } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { open, PAGE, type Subject } from "./kinds/memory-kind.js";
import { codeOf } from "./support/model.js";
import { KINDS } from "./support/sources.js";

type Words = GuestArrayPtr<typeof u32>;

/**
 * What `run` says of an array of words that is too long for the address space, out of bounds, misaligned and mut-borrowed at
 * once, and then of the same with one fault after the other taken away.
 */
function faults({ mem, at }: Subject, run: (words: Words) => unknown): unknown[] {
  const huge = (mem.maxAddress + 1) / 4;
  const code = (p: number, len: number): string | undefined =>
    codeOf(() => run(mem.arrayPtr(u32, p, len)));
  const held = mem.isSharedMemory() ? undefined : mem.mutBorrow({ start: at(0), len: 64 });
  const said = [code(at(PAGE - 2), huge), code(at(PAGE - 2), 2), code(at(2), 2), code(at(4), 2)];
  if (held !== undefined) mem.mutUnborrow(held);
  return [...said, code(at(4), 2)];
}

const VALIDATOR = ["ptr-overflow", "ptr-out-of-bounds", "ptr-not-aligned"] as const;
/** The validator, then the borrow; memories that are shared know none. */
const withBorrow = (shared: boolean): unknown[] => [
  ...VALIDATOR,
  shared ? undefined : "ptr-borrowed",
  undefined,
];

/** Ends a guard, where there is one. */
const drop = (guard: { drop(): void } | null): void => guard?.drop();

describe.each(KINDS)("$name", (kind) => {
  const { shared } = kind;

  describe("GuestPtr", () => {
    it("new, offset, mem: nothing is checked; only what is no address is refused", () => {
      const { mem, abs } = open(kind);
      for (const offset of [0, 1, abs(PAGE), abs(PAGE) + 1, mem.maxAddress]) {
        expect(mem.ptr(u32, offset).offset).toBe(offset);
        expect(new GuestPtr(mem, u32, offset).offset).toBe(offset);
      }
      expect(codeOf(() => mem.ptr(u32, 0.5))).toBe("try-from-int-error");
      expect(mem.ptr(u32, 0).mem.source).toBe(mem.source);
      expect(mem.hasOutstandingBorrows()).toBe(false);
    });

    it("cast: to any sized type, nothing is checked", () => {
      const { mem, at, abs } = open(kind);
      const byte = mem.ptr(u8, at(PAGE + 1));
      for (const type of [u32, ptr(u8), array(u16, 3), struct(["x", u32])] as Layout[]) {
        const cast = byte.cast(type);
        expect([cast.offset, cast.type.name]).toEqual([abs(PAGE + 1), type.name]);
      }
      expect(codeOf(() => byte.cast(u8).read())).toBe("ptr-out-of-bounds");
    });

    it("Clone: a pointer never changes, so another name for it is a copy", () => {
      const { mem, at, abs } = open(kind);
      const one = mem.ptr(u32, at(4));
      const copy = one;
      expect([one.add(1).offset, one.cast(u8).offset, copy.offset]).toEqual([
        abs(8),
        abs(4),
        abs(4),
      ]);
    });

    it("Debug: *guest 0x10, and *guest 0x10/len for arrays and strings", () => {
      const { mem, at, abs } = open(kind);
      const text = `*guest 0x${abs(16).toString(16)}`;
      const one = mem.ptr(u32, at(16));
      expect([String(one), inspect(one)]).toEqual([text, text]);
      for (const many of [one.asArray(3), mem.strPtr(at(16), 3)]) {
        expect([String(many), inspect(many)]).toEqual([`${text}/3`, `${text}/3`]);
      }
      expect(JSON.stringify(one)).toBe(`{"type":"u32","offset":${abs(16)}}`);
      expect(JSON.stringify(one.asArray(3))).toBe(`{"type":"u32","offset":${abs(16)},"len":3}`);
    });

    it("read, write: as the type does", () => {
      const { mem, at } = open(kind);
      mem.ptr(u32, at(8)).write(7);
      expect(mem.ptr(u32, at(8)).read()).toBe(7);
    });

    it("add: count * size, then the sum, beyond the address space is ptr-overflow; bounds and alignment are not asked", () => {
      const { mem, at, abs } = open(kind);
      const max = mem.maxAddress;
      expect(mem.ptr(u32, at(PAGE - 1)).add(100).offset).toBe(abs(PAGE - 1) + 400);
      expect(mem.ptr(u8, max - 1).add(1).offset).toBe(max);
      expect(codeOf(() => mem.ptr(u8, max).add(1))).toBe("ptr-overflow");
      expect(codeOf(() => mem.ptr(u32, max - 3).add(1))).toBe("ptr-overflow");
      expect(codeOf(() => mem.ptr(u32, 0).add((max + 1) / 4))).toBe("ptr-overflow");
      expect(mem.ptr(u32, max).add(0).offset).toBe(max);
    });

    it("as_array: nothing is checked", () => {
      const { mem, at } = open(kind);
      const many = mem.ptr(u32, at(PAGE + 1)).asArray(2 ** 31);
      expect(many.len).toBe(2 ** 31);
      expect(codeOf(() => many.toVec())).toBe(
        mem.target === "wasm32" ? "ptr-overflow" : "ptr-out-of-bounds",
      );
    });

    it("is_shared_memory: the memory's, on pointers of every kind (wiggle's forwarding loses it)", () => {
      const { mem, at } = open(kind);
      const words = mem.arrayPtr(u32, at(0), 1);
      expect(mem.ptr(u32, at(0)).isSharedMemory()).toBe(shared);
      expect(words.isSharedMemory()).toBe(shared);
      expect(words.asUnsafeSliceMut().isSharedMemory()).toBe(shared);
      expect(mem.strPtr(at(0), 1).isSharedMemory()).toBe(shared);
    });
  });

  describe("GuestPtr<[T]>", () => {
    it("offset_base, len, as_ptr: nothing is checked", () => {
      const { mem, at, abs } = open(kind);
      const words = mem.arrayPtr(u32, at(PAGE + 1), 5);
      expect([words.offsetBase, words.len, words.asPtr().offset]).toEqual([
        abs(PAGE + 1),
        5,
        abs(PAGE + 1),
      ]);
      expect(mem.arrayPtr(u32, at(0), 0).asPtr().offset).toBe(abs(0));
    });

    it("cast: to elements of any type, and to and from strings; offset and len stay", () => {
      const { mem, at, abs } = open(kind);
      const words = mem.arrayPtr(u32, at(8), 5);
      const bytes = words.cast(u8);
      const str = bytes.asStrPtr();
      for (const each of [bytes, str, str.asBytes(), str.asBytes().cast(u16)]) {
        expect([each.offsetBase, each.len]).toEqual([abs(8), 5]);
      }
      expect(str).toBeInstanceOf(GuestStrPtr);
    });

    it("iter: len pointers, not values; bounds show on read, ptr-overflow at its item", () => {
      const { mem, at, abs } = open(kind);
      const offsets = [...mem.arrayPtr(u32, at(PAGE - 4), 3).iter()].map((p) => p.offset);
      expect(offsets).toEqual([abs(PAGE - 4), abs(PAGE), abs(PAGE + 4)]);
      expect([...mem.arrayPtr(u32, at(0), 0)]).toEqual([]);
      const seen: number[] = [];
      const overflow = codeOf(() => {
        for (const { offset } of mem.arrayPtr(u32, mem.maxAddress - 7, 4)) seen.push(offset);
      });
      expect([overflow, seen]).toEqual(["ptr-overflow", [mem.maxAddress - 7, mem.maxAddress - 3]]);
    });

    it("get: a pointer below len, undefined from there on; ptr-overflow where wiggle panics", () => {
      const { mem, at, abs } = open(kind);
      const words = mem.arrayPtr(u32, at(8), 3);
      expect([0, 1, 2].map((i) => words.get(i)?.offset)).toEqual([abs(8), abs(12), abs(16)]);
      for (const i of [3, 2 ** 31, -1, 0.5, Number.NaN]) expect(words.get(i)).toBeUndefined();
      const high = mem.arrayPtr(u32, mem.maxAddress - 7, 4);
      expect(high.get(1)?.offset).toBe(mem.maxAddress - 3);
      expect(codeOf(() => high.get(2))).toBe("ptr-overflow");
      expect(high.get(4)).toBeUndefined();
    });

    it("get_range: undefined if reversed or beyond len, empty ranges anywhere up to len; ptr-overflow where wiggle panics", () => {
      const { mem, at, abs } = open(kind);
      const words = mem.arrayPtr(u32, at(8), 3);
      const some = words.getRange(1, 3);
      expect([some?.offsetBase, some?.len]).toEqual([abs(12), 2]);
      for (const n of [0, 1, 2, 3]) expect(words.getRange(n, n)?.len).toBe(0);
      for (const [from, to] of [
        [2, 1],
        [0, 4],
        [4, 4],
        [-1, 1],
        [0, Number.NaN],
      ] as const) {
        expect(words.getRange(from, to)).toBeUndefined();
      }
      const high = mem.arrayPtr(u32, mem.maxAddress - 7, 4);
      expect(codeOf(() => high.getRange(2, 3))).toBe("ptr-overflow");
      expect(high.getRange(3, 2)).toBeUndefined();
    });

    it("as_unsafe_slice_mut: the validator; no borrow is asked or taken", () => {
      const subject = open(kind);
      expect(faults(subject, (words) => words.asUnsafeSliceMut())).toEqual([
        ...VALIDATOR,
        undefined,
        undefined,
      ]);
      expect(subject.mem.hasOutstandingBorrows()).toBe(false);
    });

    it("as_slice: the validator, then null if shared, then a shared borrow", () => {
      const subject = open(kind);
      expect(faults(subject, (words) => drop(words.asSlice()))).toEqual(withBorrow(shared));
      const { mem, at } = subject;
      const slice = mem.arrayPtr(u32, at(0), 1).asSlice();
      expect(slice === null).toBe(shared);
      expect(mem.isSharedBorrowed({ start: at(0), len: 4 })).toBe(!shared);
      drop(slice);
    });

    it("as_slice_mut: the validator, then null if shared, then a mut borrow", () => {
      const subject = open(kind);
      expect(faults(subject, (words) => drop(words.asSliceMut()))).toEqual(withBorrow(shared));
      const { mem, at } = subject;
      const slice = mem.arrayPtr(u32, at(0), 1).asSliceMut();
      expect(slice === null).toBe(shared);
      expect(mem.isMutBorrowed({ start: at(0), len: 4 })).toBe(!shared);
      drop(slice);
    });

    it("as_cow: the validator, then a copy if shared, else a shared borrow", () => {
      const subject = open(kind);
      expect(faults(subject, (words) => drop(words.asCow()))).toEqual(withBorrow(shared));
      const { mem, at } = subject;
      const cow = mem.arrayPtr(u32, at(0), 1).asCow();
      expect(cow.borrowed).toBe(!shared);
      expect(mem.isSharedBorrowed({ start: at(0), len: 4 })).toBe(!shared);
      cow.drop();
    });

    it("to_vec: the validator, then, unlike wiggle's, the mut borrows", () => {
      const subject = open(kind);
      expect(faults(subject, (words) => words.toVec())).toEqual(withBorrow(shared));
      const { mem, at } = subject;
      if (shared) return;
      const held = mem.sharedBorrow({ start: at(0), len: 4 });
      expect(mem.arrayPtr(u32, at(0), 1).toVec()).toEqual(new Uint32Array(1));
      mem.sharedUnborrow(held);
    });

    it("copy_from_slice: the validator, the lengths, nothing more if empty, then a mut borrow for the moment", () => {
      const subject = open(kind);
      const { mem, at } = subject;
      expect(faults(subject, (words) => words.copyFromSlice([1, 2]))).toEqual(withBorrow(shared));
      expect(faults(subject, (words) => words.copyFromSlice([1]))).toEqual([
        ...VALIDATOR,
        "slice-lengths-differ",
        "slice-lengths-differ",
      ]);
      expect(mem.arrayPtr(u32, at(4), 2).toVec()).toEqual(new Uint32Array([1, 2]));
      expect(mem.hasOutstandingBorrows()).toBe(false);
      if (shared) return;
      const mut = mem.mutBorrow({ start: at(0), len: 64 });
      mem.arrayPtr(u32, at(4), 0).copyFromSlice([]);
      mem.mutUnborrow(mut);
      const held = mem.sharedBorrow({ start: at(4), len: 1 });
      expect(codeOf(() => mem.arrayPtr(u32, at(4), 2).copyFromSlice([1, 2]))).toBe("ptr-borrowed");
      mem.sharedUnborrow(held);
    });

    it("only the ten transparent types can be borrowed as a range", () => {
      const { mem, at } = open(kind);
      const pairs = mem.arrayPtr(struct(["x", i32]), at(0), 1) as unknown as Words;
      for (const run of [
        () => pairs.asSlice(),
        () => pairs.asSliceMut(),
        () => pairs.asCow(),
        () => pairs.toVec(),
        () => pairs.copyFromSlice([1]),
        () => pairs.asUnsafeSliceMut(),
      ]) {
        expect(codeOf(run)).toBe("not-transparent");
      }
    });
  });

  describe("GuestPtr<str>", () => {
    it("offset_base, len, as_bytes, as_ptr; [u8].as_str_ptr: nothing is checked", () => {
      const { mem, at, abs } = open(kind);
      const str = mem.strPtr(at(PAGE + 1), 9);
      expect([str.offsetBase, str.len, str.asPtr().offset]).toEqual([
        abs(PAGE + 1),
        9,
        abs(PAGE + 1),
      ]);
      expect([str.asBytes().offsetBase, str.asBytes().len]).toEqual([abs(PAGE + 1), 9]);
      expect(str.asBytes().asStrPtr().len).toBe(9);
    });

    /** Bounds, a borrow, and bytes that are no UTF-8; the last two in a place of their own. */
    function textFaults(
      { mem, at }: Subject,
      run: (str: GuestStrPtr) => unknown,
    ): (string | undefined)[] {
      mem.writeU8(at(8), 0xff);
      const held = mem.isSharedMemory() ? undefined : mem.mutBorrow({ start: at(8), len: 1 });
      const code = (p: number): string | undefined => codeOf(() => run(mem.strPtr(p, 2)));
      const said = [code(at(PAGE - 1)), code(at(8))];
      if (held !== undefined) mem.mutUnborrow(held);
      const after = code(at(8));
      expect(mem.hasOutstandingBorrows()).toBe(false); // a borrow whose text is refused has ended
      return [...said, after];
    }

    it("as_str: the validator, then null if shared without a look, then a shared borrow, then UTF-8", () => {
      expect(textFaults(open(kind), (str) => drop(str.asStr()))).toEqual(
        shared
          ? ["ptr-out-of-bounds", undefined, undefined]
          : ["ptr-out-of-bounds", "ptr-borrowed", "invalid-utf8"],
      );
    });

    it("as_str_mut: the same with a mut borrow", () => {
      const subject = open(kind);
      const { mem, at } = subject;
      expect(textFaults(subject, (str) => drop(str.asStrMut()))).toEqual(
        shared
          ? ["ptr-out-of-bounds", undefined, undefined]
          : ["ptr-out-of-bounds", "ptr-borrowed", "invalid-utf8"],
      );
      const str = mem.strPtr(at(0), 1).asStrMut();
      expect(mem.isMutBorrowed({ start: at(0), len: 1 })).toBe(!shared);
      drop(str);
    });

    it("as_cow: as as_str; of a shared memory the copy is checked", () => {
      expect(textFaults(open(kind), (str) => drop(str.asCow()))).toEqual(
        shared
          ? ["ptr-out-of-bounds", "invalid-utf8", "invalid-utf8"]
          : ["ptr-out-of-bounds", "ptr-borrowed", "invalid-utf8"],
      );
    });

    it("C strings, which wiggle has none of: bounds, then borrows up to the NUL or the limit, then that there is a NUL", () => {
      const { mem, at, abs } = open(kind);
      mem.writeString(at(PAGE - 8), "ab\0cdefg");
      const text = mem.ptr(u8, at(PAGE - 8)).asCStr(100);
      expect([text.offsetBase, text.len]).toEqual([abs(PAGE - 8), 2]);
      expect(codeOf(() => mem.ptr(u8, at(PAGE)).asCStr(100))).toBe("ptr-out-of-bounds");
      expect(codeOf(() => mem.ptr(u8, at(PAGE - 5)).asCStr(100))).toBe("unterminated-string");
      expect(codeOf(() => mem.ptr(u8, at(PAGE - 8)).asCStr(2))).toBe("unterminated-string");
      expect(codeOf(() => mem.ptr(u8, at(PAGE - 8)).asCStr(-1))).toBe(
        mem.target === "wasm32" ? undefined : "try-from-int-error",
      );
      if (shared) return;
      const held = mem.mutBorrow({ start: at(PAGE - 3), len: 1 });
      expect(mem.ptr(u8, at(PAGE - 8)).asCStr(100).len).toBe(2); // behind the NUL
      expect(codeOf(() => mem.ptr(u8, at(PAGE - 5)).asCStr(100))).toBe("ptr-borrowed");
      expect(codeOf(() => mem.ptr(u8, at(PAGE - 5)).asCStr(2))).toBe("unterminated-string");
      mem.mutUnborrow(held);
    });
  });
});
