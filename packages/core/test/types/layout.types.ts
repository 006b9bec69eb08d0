/**
 * What the compiler must know about layouts. Never run: `tsc` over the tests is the judge.
 *
 * @module
 */

import { expectTypeOf } from "vitest";
import {
  type AlignOf,
  aligned,
  array,
  arrayPtr,
  atomic,
  bool8,
  type Codec,
  enumeration,
  type FitsIn,
  type f64,
  flags,
  type handle,
  type Layout,
  type PtrLen,
  packed,
  pad,
  ptr,
  type SizeOf,
  strPtr,
  struct,
  u8,
  u16,
  u32,
  u64,
  type ValueOf,
  variant,
  withCodec,
} from "../../src/layout.js";

const iovec = struct(["buf", ptr(u8)], ["len", u32]);
const prestat = variant(u8, ["nothing", ["dir", struct(["len", u32])]]);
const filestat = struct(
  ["dev", u64],
  ["ino", u64],
  ["filetype", enumeration(u8, ["unknown", "block", "char"])],
  ["nlink", u64],
  ["times", array(u64, 4)],
);
const oflags = flags(u16, ["creat", "excl"]);
const rights = flags(u64, ["read", "write"]);

// Host values.
expectTypeOf<ValueOf<typeof iovec>>().toEqualTypeOf<{ buf: number; len: number }>();
expectTypeOf<ValueOf<typeof filestat>>().toEqualTypeOf<{
  dev: bigint;
  ino: bigint;
  filetype: number;
  nlink: bigint;
  times: readonly bigint[];
}>();
expectTypeOf<ValueOf<typeof prestat>>().toEqualTypeOf<
  { tag: "nothing"; value?: undefined } | { tag: "dir"; value: { len: number } }
>();
expectTypeOf<ValueOf<typeof oflags>>().toEqualTypeOf<number>();
expectTypeOf<ValueOf<typeof rights>>().toEqualTypeOf<bigint>();
expectTypeOf<ValueOf<typeof bool8>>().toEqualTypeOf<boolean>();
expectTypeOf(oflags.bits.excl).toEqualTypeOf<number>();
expectTypeOf(rights.bits.write).toEqualTypeOf<bigint>();
// @ts-expect-error no such flag
oflags.bits.trunc;
// @ts-expect-error no such case
prestat.cases.file;

const dv = new DataView(new ArrayBuffer(64));
// @ts-expect-error a field is missing
iovec.write(dv, 0, { buf: 1 });
// @ts-expect-error a number is not a bigint
u64.write(dv, 0, 1);
// @ts-expect-error no such field
iovec.offsetOf("length");
iovec.offsetOf("len");
iovec.for("wasm64").offsetOf("buf");

// Views.
const nested = struct(["at", iovec], ["all", array(iovec, 2)], ["n", atomic(u32)], ["ok", bool8]);
const view = nested.view(dv, 0);
expectTypeOf(view.ok).toEqualTypeOf<boolean>();
expectTypeOf(view.at.len).toEqualTypeOf<number>();
expectTypeOf(view.all.get(0).buf).toEqualTypeOf<number>();
expectTypeOf(view.n.load()).toEqualTypeOf<number>();
view.at.len = 3;
// @ts-expect-error a view inside a view cannot be replaced
view.at = { buf: 1, len: 2 };
// @ts-expect-error an array's elements are set one at a time
view.all = [];

const texts = struct(["n", u8], ["list", arrayPtr(iovec)], ["two", array(strPtr, 2)]);
expectTypeOf<ValueOf<typeof texts>>().toEqualTypeOf<{
  n: number;
  list: PtrLen;
  two: readonly PtrLen[];
}>();
expectTypeOf(withCodec(texts, {} as Codec<ValueOf<typeof texts>>)).toEqualTypeOf<typeof texts>();
// @ts-expect-error a codec of other values
withCodec(texts, {} as Codec<{ n: bigint }>);

// Sizes, by hand from the rules of C.
type Sized<L, S extends number, A extends number, W extends 4 | 8 = 4> = [
  SizeOf<L, W>,
  AlignOf<L, W>,
] extends [S, A]
  ? [S, A] extends [SizeOf<L, W>, AlignOf<L, W>]
    ? true
    : [SizeOf<L, W>, AlignOf<L, W>]
  : [SizeOf<L, W>, AlignOf<L, W>];
const yes = <_T extends true>(): void => undefined;

yes<Sized<typeof u8, 1, 1>>();
yes<Sized<typeof f64, 8, 8>>();
yes<Sized<typeof handle, 4, 4>>();
yes<Sized<typeof iovec, 8, 4>>();
yes<Sized<typeof iovec, 16, 8, 8>>();
yes<Sized<typeof filestat, 64, 8>>();
yes<Sized<typeof prestat, 8, 4>>();
yes<Sized<typeof oflags, 2, 2>>();
yes<Sized<typeof nested, 32, 4>>();
yes<Sized<typeof nested, 56, 8, 8>>();
yes<Sized<typeof strPtr, 8, 4>>();
yes<Sized<typeof texts, 28, 4>>();
yes<Sized<typeof texts, 56, 8, 8>>();

const mixed = struct(["a", u8], ["b", u32], ["c", u8], ["d", u64], ["e", u16]);
yes<Sized<typeof mixed, 32, 8>>();
const tight = packed(mixed);
yes<Sized<typeof tight, 16, 1>>();
const line = aligned(64, mixed);
yes<Sized<typeof line, 64, 64>>();
expectTypeOf<ValueOf<typeof line>>().toEqualTypeOf<ValueOf<typeof mixed>>();
line.offsetOf("d");
line.view(dv, 0).e = 1;
const lines = array(line, 3);
yes<Sized<typeof lines, 192, 64>>();
const again = aligned(16, line);
yes<Sized<typeof again, 64, 64>>();
const gap = struct(["a", u8], pad(6), ["b", u8], ["c", aligned(16, u32)]);
yes<Sized<typeof gap, 32, 16>>();
const nothing = struct();
yes<Sized<typeof nothing, 0, 1>>();
const sub = variant(u8, [["clock", struct(["id", u32], ["t", u64])], ["fd", u32], "none"]);
yes<Sized<typeof sub, 24, 8>>();
const halves = variant(u16, [["a", array(u8, 5)]]);
yes<Sized<typeof halves, 8, 2>>();

// Up to the bound, beyond it, and where types cannot know.
const b256 = struct(["a", array(u8, 255)], ["b", u8]);
yes<Sized<typeof b256, 256, 1>>();
const b1023 = array(u8, 1023);
yes<Sized<typeof b1023, 1023, 1>>();
const b1016 = struct(["a", array(u64, 126)], ["b", u8]);
yes<Sized<typeof b1016, 1016, 8>>();
const b1024 = array(u64, 128);
yes<Sized<typeof b1024, number, 8>>();
const b512 = aligned(512, struct(["a", u8]));
yes<Sized<typeof b512, 512, 512>>();
const steps = struct(["a", u8], ["b", aligned(32, u8)], ["c", aligned(128, u8)], ["d", u16]);
yes<Sized<typeof steps, 384, 128>>();
const huge = array(array(u64, 1_000_000), 4_000);
yes<Sized<typeof huge, number, 8>>();
const around = struct(["a", array(u8, 1023)], ["b", u64]);
yes<Sized<typeof around, number, 8>>();
const some = array(u64, 3 as number);
yes<Sized<typeof some, number, 8>>();
const holder = struct(["n", u32], ["some", some]);
yes<Sized<typeof holder, number, 8>>();
yes<Sized<Layout, number, number>>();
const coarse = aligned(4096, u8);
yes<Sized<typeof coarse, number, number>>();
const any = struct(...([] as (readonly [string, typeof u8])[]));
yes<Sized<typeof any, number, number>>();

// A metadata definition: at most 40 bytes, aligned to at most 64, both known.
function metadata<L extends Layout>(layout: L & FitsIn<L, 40, 64>): L {
  return layout;
}
metadata(array(u8, 40));
metadata(struct(["a", array(u64, 4)], ["b", u32], ["c", atomic(u32)]));
metadata(struct(["p", array(ptr(u8), 10)]));
metadata(struct(["only", aligned(32, u8)]));
metadata(nothing);
// @ts-expect-error 41 bytes
metadata(array(u8, 41));
// @ts-expect-error 41 bytes in a record
metadata(struct(["a", array(u8, 40)], ["b", u8]));
// @ts-expect-error 48 bytes after padding
metadata(struct(["a", array(u8, 36)], ["b", u64]));
// @ts-expect-error aligned to 64, so 64 bytes
metadata(aligned(64, u8));
// @ts-expect-error aligned beyond 64
metadata(aligned(128, struct()));
// @ts-expect-error nobody knows how many bytes
metadata(array(u8, 4 as number));
// @ts-expect-error a layout of unknown kind
metadata(u8 as Layout);

function onHost<L extends Layout>(layout: L & FitsIn<L, 40, 64, 8>): L {
  return layout;
}
onHost(array(ptr(u8), 5));
// @ts-expect-error 80 bytes where pointers have 8
onHost(array(ptr(u8), 10));

// Definitions that make no sense do not compile.
// @ts-expect-error padding has no name
struct(["x", pad(3)]);
// @ts-expect-error a 64-bit tag
enumeration(u64, ["a"]);
// @ts-expect-error a 64-bit atomic
atomic(u64);
// @ts-expect-error only records can be packed
packed(u32);
