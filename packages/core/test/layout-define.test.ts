/**
 * Definitions: what they offer, and every mistake that is refused.
 *
 * @module
 */

import { describe, expect, it } from "vitest";
import {
  aligned,
  array,
  atomic,
  bool8,
  boolWitx32,
  charU8,
  emit,
  enumeration,
  f32,
  f64,
  flags,
  handle,
  i8,
  i16,
  i32,
  i64,
  Kind,
  type Layout,
  packed,
  pad,
  ptr,
  type Scalar,
  struct,
  u8,
  u16,
  u32,
  u64,
  u64Number,
  variant,
} from "../src/layout.js";
import { detailOf } from "./layout-detail.js";

const lie = <T>(value: unknown): T => value as T;

describe("a definition", () => {
  it("refuses two members of one name", () => {
    const type = "struct { a, b, a }";
    expect(detailOf(() => struct(["a", u8], ["b", u8], ["a", u32]))).toEqual({
      code: "duplicate-name",
      type,
      member: "a",
    });
    expect(detailOf(() => enumeration(u8, ["x", "x"]))).toMatchObject({ code: "duplicate-name" });
    expect(detailOf(() => flags(u8, ["x", "x"]))).toMatchObject({ code: "duplicate-name" });
    expect(detailOf(() => variant(u8, ["x", ["x", u8]]))).toMatchObject({ code: "duplicate-name" });
  });

  it.each(["", "~dv", "seat", "__proto__"])("refuses the name %j", (name) => {
    const refusal = { code: "invalid-name", member: name };
    expect(detailOf(() => struct([name, u8]))).toMatchObject(refusal);
    expect(detailOf(() => enumeration(u8, [name]))).toMatchObject(refusal);
    expect(detailOf(() => flags(u8, [name]))).toMatchObject(refusal);
    expect(detailOf(() => variant(u8, [name]))).toMatchObject(refusal);
  });

  it.each([0, 3, -8, 6.5, Number.NaN, 2 ** 17, 2 ** 32])("refuses an alignment of %d", (align) => {
    expect(detailOf(() => aligned(align, u8))).toEqual({ code: "invalid-align", align });
  });

  it("refuses counts that are no integers in range", () => {
    for (const count of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32 + 1]) {
      expect(detailOf(() => array(u8, count))).toMatchObject({
        code: "invalid-count",
        count,
        min: 0,
      });
    }
    expect(detailOf(() => pad(0))).toMatchObject({ code: "invalid-count", count: 0, min: 1 });
    expect(detailOf(() => enumeration(u8, []))).toMatchObject({ code: "invalid-count", count: 0 });
    expect(detailOf(() => variant(u8, []))).toMatchObject({ code: "invalid-count", count: 0 });
    const names = Array.from({ length: 257 }, (_, i) => `n${i}`);
    expect(detailOf(() => enumeration(u8, names))).toMatchObject({
      code: "invalid-count",
      max: 256,
    });
    expect(enumeration(u8, names.slice(1)).names.length).toBe(256);
    expect(detailOf(() => flags(u8, names.slice(0, 9)))).toMatchObject({
      code: "invalid-count",
      max: 8,
    });
    expect(flags(u8, names.slice(0, 8)).bits.n7).toBe(128);
    expect(flags(u32, names.slice(0, 32)).bits.n31).toBe(2 ** 31);
    expect(flags(u64, names.slice(0, 64)).bits.n63).toBe(1n << 63n);
  });

  it("refuses types of more than 2^32 bytes, on the target where they grow too large", () => {
    expect(array(u8, 2 ** 32).size).toBe(2 ** 32);
    expect(detailOf(() => array(u16, 2 ** 32))).toEqual({
      code: "layout-too-large",
      type: "u16[4294967296]",
    });
    const half = array(u8, 2 ** 31);
    expect(detailOf(() => struct(["a", half], ["b", half], ["c", u8]))).toMatchObject({
      code: "layout-too-large",
    });
    const pointers = array(ptr(u8), 2 ** 30);
    expect(pointers.size).toBe(2 ** 32);
    expect(detailOf(() => pointers.for("wasm64"))).toMatchObject({ code: "layout-too-large" });
  });

  it("refuses what is no type, or not the right kind of type", () => {
    const wrong = { code: "not-a-layout" };
    expect(detailOf(() => struct(["a", lie<Layout>(undefined)]))).toMatchObject({
      ...wrong,
      got: "undefined",
    });
    expect(detailOf(() => struct(["a", lie<Layout>({ kind: 0, size: 1 })]))).toMatchObject(wrong);
    expect(detailOf(() => struct(lie<typeof u8 & never>(u8)))).toMatchObject({
      ...wrong,
      got: "u8",
    });
    expect(detailOf(() => struct(["a", lie<Layout>(pad(1))]))).toMatchObject({
      ...wrong,
      got: "pad(1)",
    });
    expect(detailOf(() => ptr(lie<Layout>(3)))).toMatchObject(wrong);
    expect(detailOf(() => array(lie<Layout>(null), 1))).toMatchObject(wrong);
    expect(detailOf(() => atomic(lie<Scalar<"u32">>(u64)))).toMatchObject({ ...wrong, got: "u64" });
    expect(detailOf(() => enumeration(lie<Scalar<"u8">>(u64), ["a"]))).toMatchObject(wrong);
    expect(detailOf(() => packed(lie<ReturnType<typeof struct<[]>>>(u8)))).toMatchObject(wrong);
    for (const name of [
      "not a name",
      "class",
      "await",
      "as",
      "string",
      "DataView",
      "isU8",
      "Codec",
    ]) {
      expect(detailOf(() => emit({ [name]: u8 }))).toMatchObject({
        code: "invalid-name",
        member: name,
      });
    }
  });

  it("has no field but its own", () => {
    const point = struct(["x", u32], ["y", u32]).named("point");
    expect(detailOf(() => point.offsetOf(lie<"x">("z")))).toEqual({
      code: "no-such-field",
      type: "point",
      member: "z",
    });
  });

  it("says what it is", () => {
    const point = struct(["x", u32], pad(4), ["y", u32]);
    expect(point.name).toBe("struct { x, y }");
    expect(point.fields.map(({ name }) => name)).toEqual(["x", "y"]);
    expect(point.named("point").name).toBe("point");
    expect(ptr(point.named("point")).name).toBe("ptr<point>");
    expect(ptr(point.named("point")).named("p").for("wasm64")).toMatchObject({
      name: "p",
      size: 8,
    });
    expect(ptr(u8).for("host64").named("p")).toMatchObject({
      name: "p",
      target: "host64",
      size: 8,
    });
    expect(packed(point)).toMatchObject({ size: 12, align: 1, kind: Kind.struct });
    expect(packed(lie<typeof point>(aligned(64, point)))).toMatchObject({ size: 12, align: 1 });
    const errno = enumeration(u16, ["success", "2big"]);
    expect([errno.cases["2big"], errno.nameOf(0), errno.nameOf(2)]).toEqual([
      1,
      "success",
      undefined,
    ]);
    expect(variant(u8, ["a", ["b", u64]]).cases).toEqual({ a: 0, b: 1 });
  });

  it("gives plain scalars the first kinds, without a gap (CORE-10)", () => {
    const scalars = [
      u8,
      i8,
      u16,
      i16,
      u32,
      i32,
      u64,
      i64,
      f32,
      f64,
      bool8,
      boolWitx32,
      charU8,
      u64Number,
    ];
    expect(scalars.map(({ kind }) => kind)).toEqual(scalars.map((_, i) => i));
    expect(Kind.u64Number).toBe(scalars.length - 1);
    const others = [
      ptr(u8),
      handle,
      enumeration(u8, ["a"]),
      flags(u8, []),
      atomic(u8),
      array(u8, 1),
    ];
    for (const { kind } of [...others, struct(["a", u8]), variant(u8, ["a"]), pad(1)]) {
      expect(kind).toBeGreaterThan(Kind.u64Number);
    }
  });

  it("keeps one object per type and target, and one shape for all (CORE-11, CORE-12)", () => {
    const list = struct(["next", ptr(u8)], ["n", array(ptr(u32), 2)]);
    expect(list.for("wasm64")).toBe(list.for("wasm64"));
    expect(list.for("wasm64")).not.toBe(list.for("host64"));
    expect(list.for("wasm64").for("wasm32")).toBe(list);
    expect(u8.for("host64")).toBe(u8);
    const shape = Object.keys(u8);
    for (const type of [
      list,
      list.for("wasm64"),
      ptr(u8),
      flags(u64, []),
      variant(u8, ["a"]),
      aligned(8, u8),
    ]) {
      expect(Object.keys(type)).toEqual(shape);
    }
  });
});
