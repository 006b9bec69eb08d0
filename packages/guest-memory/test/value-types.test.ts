/** What the compiler infers for values, pointers, arrays and strings, and what it refuses. The calls are never made. */

import {
  aligned,
  array,
  arrayPtr,
  atomic,
  bool8,
  enumeration,
  type f32,
  flags,
  handle,
  type i64,
  type Layout,
  type Ptr,
  type PtrLen,
  packed,
  ptr,
  type Scalar,
  strPtr,
  struct,
  u8,
  u16,
  u32,
  u64,
  u64Number,
  type ValueOf,
  variant,
} from "@memkit/core";
import type {
  GuestArrayPtr,
  GuestCow,
  GuestInput,
  GuestMemory,
  GuestPtr,
  GuestSlice,
  GuestSliceMut,
  GuestStr,
  GuestStrCow,
  GuestStrMut,
  GuestStrPtr,
  GuestValue,
  Result,
} from "@memkit/guest-memory";
import { describe, expect, expectTypeOf, it } from "vitest";

const iovec = struct(["buf", ptr(u8)], ["len", u32]).named("iovec");
const colour = enumeration(u8, ["red", "green"]);
const rights = flags(u16, ["read", "write"]);
const wideRights = flags(u64, ["read", "write"]);
const shape = variant(u8, ["none", ["at", ptr(iovec)], ["text", strPtr], ["n", u64]]);
const everything = struct(
  ["n", u32],
  ["big", u64],
  ["safe", u64Number],
  ["ok", bool8],
  ["c", colour],
  ["r", rights],
  ["w", wideRights],
  ["fd", handle],
  ["count", atomic(u32)],
  ["p", ptr(iovec)],
  ["pp", ptr(ptr(u8))],
  ["list", arrayPtr(iovec)],
  ["text", strPtr],
  ["s", shape],
  ["inner", iovec],
  ["all", array(iovec, 2)],
  ["texts", array(strPtr, 2)],
);

type Of<L extends Layout> = GuestValue<L>;
type U8 = typeof u8;
type Iovec = typeof iovec;
/** The compiler is the judge; whoever runs this is told that nothing happened. */
const compiled = (_: (mem: GuestMemory) => void): void => expect(_).toBeTypeOf("function");

describe("GuestValue", () => {
  it("of numbers, bools, enums, flags, handles and atomics is core's value", () => {
    expectTypeOf<Of<typeof u32>>().toEqualTypeOf<number>();
    expectTypeOf<Of<typeof f32>>().toEqualTypeOf<number>();
    expectTypeOf<Of<typeof u64>>().toEqualTypeOf<bigint>();
    expectTypeOf<Of<typeof i64>>().toEqualTypeOf<bigint>();
    expectTypeOf<Of<typeof u64Number>>().toEqualTypeOf<number>();
    expectTypeOf<Of<typeof bool8>>().toEqualTypeOf<boolean>();
    expectTypeOf<Of<typeof colour>>().toEqualTypeOf<number>();
    expectTypeOf<Of<typeof rights>>().toEqualTypeOf<number>();
    expectTypeOf<Of<typeof wideRights>>().toEqualTypeOf<bigint>();
    expectTypeOf<Of<typeof handle>>().toEqualTypeOf<number>();
  });

  it("of pointers are pointers that know their memory and what they point to", () => {
    expectTypeOf<Of<Ptr<Iovec>>>().toEqualTypeOf<GuestPtr<Iovec>>();
    expectTypeOf<Of<Ptr<Ptr<U8>>>>().toEqualTypeOf<GuestPtr<Ptr<U8>>>();
    const list = arrayPtr(iovec);
    expectTypeOf<Of<typeof list>>().toEqualTypeOf<GuestArrayPtr<Iovec>>();
    expectTypeOf<Of<typeof strPtr>>().toEqualTypeOf<GuestStrPtr>();
  });

  it("goes through records, packed and aligned ones, arrays and variants", () => {
    type Read = { buf: GuestPtr<U8>; len: number };
    expectTypeOf<Of<Iovec>>().toEqualTypeOf<Read>();
    const tight = packed(iovec);
    expectTypeOf<Of<typeof tight>>().toEqualTypeOf<Read>();
    const line = aligned(64, iovec);
    expectTypeOf<Of<typeof line>>().toEqualTypeOf<Read>();
    const row = array(iovec, 2);
    expectTypeOf<Of<typeof row>>().toEqualTypeOf<readonly Read[]>();
    expectTypeOf<Of<typeof shape>>().toEqualTypeOf<
      | { tag: "none"; value?: undefined }
      | { tag: "at"; value: GuestPtr<Iovec> }
      | { tag: "text"; value: GuestStrPtr }
      | { tag: "n"; value: bigint }
    >();
    expectTypeOf<Of<typeof everything>>().toEqualTypeOf<{
      n: number;
      big: bigint;
      safe: number;
      ok: boolean;
      c: number;
      r: number;
      w: bigint;
      fd: number;
      count: number;
      p: GuestPtr<Iovec>;
      pp: GuestPtr<Ptr<U8>>;
      list: GuestArrayPtr<Iovec>;
      text: GuestStrPtr;
      s: Of<typeof shape>;
      inner: Read;
      all: readonly Read[];
      texts: readonly GuestStrPtr[];
    }>();
  });

  it("without a memory has numbers for pointers", () => {
    compiled((mem) => {
      expectTypeOf(mem.read(iovec, 0)).toEqualTypeOf<{ buf: number; len: number }>();
      expectTypeOf(mem.read(strPtr, 0)).toEqualTypeOf<PtrLen>();
      expectTypeOf(mem.tryRead(iovec, 0)).toEqualTypeOf<Result<ValueOf<Iovec>>>();
      mem.write(iovec, 0, { buf: 1, len: 2 });
      // @ts-expect-error the raw storey knows no GuestPtr
      mem.write(iovec, 0, { buf: mem.ptr(u8, 1), len: 2 });
      // @ts-expect-error a field is missing
      mem.write(iovec, 0, { buf: 1 });
      // @ts-expect-error a number is no bigint
      mem.write(u64, 0, 1);
    });
  });
});

describe("GuestInput", () => {
  it("takes what was read, and plain numbers for pointers", () => {
    compiled((mem) => {
      const p = mem.ptr(everything, 0);
      p.write(p.read());
      const io = mem.ptr(iovec, 0);
      io.write({ buf: 8, len: 1 });
      io.write({ buf: mem.ptr(u8, 8), len: 1 });
      const s = mem.ptr(shape, 0);
      s.write({ tag: "none" });
      s.write({ tag: "at", value: 8 });
      s.write({ tag: "at", value: mem.ptr(iovec, 8) });
      s.write({ tag: "text", value: { ptr: 8, len: 1 } });
      s.write({ tag: "text", value: mem.strPtr(8, 1) });
      // @ts-expect-error no such case
      s.write({ tag: "square" });
      // @ts-expect-error a payload of another case
      s.write({ tag: "n", value: 8 });
      // @ts-expect-error a case that has a payload needs it
      s.write({ tag: "n" });
      const list = mem.ptr(arrayPtr(iovec), 0);
      list.write(mem.arrayPtr(iovec, 8, 2));
      list.write({ ptr: 8, len: 2 });
      // @ts-expect-error elements of another type
      list.write(mem.arrayPtr(u8, 8, 2));
      // @ts-expect-error an address without a length
      list.write(8);
      // @ts-expect-error a pointer to another type
      io.write({ buf: mem.ptr(u16, 8), len: 1 });
    });
    expectTypeOf<GuestInput<Ptr<U8>>>().toEqualTypeOf<GuestPtr<U8> | number>();
  });
});

describe("pointers", () => {
  it("keep their type through add, and change it through cast", () => {
    compiled((mem) => {
      const p = mem.ptr(iovec, 0);
      expectTypeOf(p).toEqualTypeOf<GuestPtr<Iovec>>();
      expectTypeOf(p.add(1)).toEqualTypeOf<GuestPtr<Iovec>>();
      expectTypeOf(p.cast(u16)).toEqualTypeOf<GuestPtr<typeof u16>>();
      expectTypeOf(p.asArray(2)).toEqualTypeOf<GuestArrayPtr<Iovec>>();
      expectTypeOf(p.read().buf.asCStr(9)).toEqualTypeOf<GuestStrPtr>();
      // @ts-expect-error a pointer never changes
      p.offset = 1;
      // @ts-expect-error nor does what it points to
      p.type = iovec;
    });
  });

  it("to arrays: pointers to elements, and slices of what has plain bytes only", () => {
    compiled((mem) => {
      const words = mem.arrayPtr(u16, 0, 4);
      expectTypeOf(words.get(0)).toEqualTypeOf<GuestPtr<typeof u16> | undefined>();
      expectTypeOf(words.getRange(0, 1)).toEqualTypeOf<GuestArrayPtr<typeof u16> | undefined>();
      expectTypeOf([...words]).toEqualTypeOf<GuestPtr<typeof u16>[]>();
      expectTypeOf(words.asSlice()).toEqualTypeOf<GuestSlice<typeof u16> | null>();
      expectTypeOf(words.asSliceMut()).toEqualTypeOf<GuestSliceMut<typeof u16> | null>();
      expectTypeOf(words.asCow()).toEqualTypeOf<GuestCow<typeof u16>>();
      expectTypeOf(words.toVec()).toEqualTypeOf<Uint16Array>();
      expectTypeOf(mem.arrayPtr(u64, 0, 1).toVec()).toEqualTypeOf<BigUint64Array>();
      words.copyFromSlice([1, 2, 3, 4]);
      // @ts-expect-error bigints are no u16
      words.copyFromSlice([1n]);
      const records = mem.arrayPtr(iovec, 0, 4);
      expectTypeOf(records.get(0)?.read().buf).toEqualTypeOf<GuestPtr<U8> | undefined>();
      // @ts-expect-error the bytes of a record are not its value
      records.asSlice();
      // @ts-expect-error nor are those of a bool
      mem.arrayPtr(bool8, 0, 1).toVec();
      // @ts-expect-error only bytes are text
      words.asStrPtr();
      expectTypeOf(words.cast(u8).asStrPtr()).toEqualTypeOf<GuestStrPtr>();
    });
  });

  it("to text: guards of text, and its bytes", () => {
    compiled((mem) => {
      const str = mem.strPtr(0, 4);
      expectTypeOf(str.asStr()).toEqualTypeOf<GuestStr | null>();
      expectTypeOf(str.asStrMut()).toEqualTypeOf<GuestStrMut | null>();
      expectTypeOf(str.asCow()).toEqualTypeOf<GuestStrCow>();
      expectTypeOf(str.asBytes()).toEqualTypeOf<GuestArrayPtr<Scalar<"u8">>>();
      expectTypeOf(str.asPtr()).toEqualTypeOf<GuestPtr<Scalar<"u8">>>();
    });
  });
});
