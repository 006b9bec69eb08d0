/**
 * Values at their limits and beyond, pointers with and without an environment, and writes that refuse.
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
  enumeration,
  f32,
  f64,
  flags,
  handle,
  i8,
  i16,
  i32,
  i64,
  type Layout,
  type PointerEnv,
  ptr,
  struct,
  u8,
  u16,
  u32,
  u64,
  u64Number,
  variant,
} from "../src/layout.js";
import { detailOf } from "./layout-detail.js";

const fresh = (): DataView<ArrayBuffer> => new DataView(new ArrayBuffer(64));

interface Range {
  readonly type: Layout;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
}

/** Never a value of any number type. */
const JUNK = [undefined, null, "1", "", true, {}, [], [1], Symbol("s"), () => 1, new Number(1)];
const FRACTIONS = [Number.NaN, 0.5, 1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

const ranges: readonly Range[] = [
  { type: u8, good: [0, -0, 255], bad: [-1, 256, 2 ** 32, ...FRACTIONS, 1n] },
  { type: charU8, good: [0, 255], bad: [-1, 256, ...FRACTIONS, "a"] },
  { type: i8, good: [-128, 127], bad: [-129, 128, 255, ...FRACTIONS, 1n] },
  { type: u16, good: [0, 65_535], bad: [-1, 65_536, ...FRACTIONS, 1n] },
  { type: i16, good: [-32_768, 32_767], bad: [-32_769, 32_768, ...FRACTIONS, 1n] },
  { type: u32, good: [0, 2 ** 31, 2 ** 32 - 1], bad: [-1, 2 ** 32, 2 ** 53, ...FRACTIONS, 1n] },
  { type: handle, good: [0, 2 ** 32 - 1], bad: [-1, 2 ** 32, ...FRACTIONS, 1n] },
  { type: i32, good: [-(2 ** 31), 2 ** 31 - 1], bad: [2 ** 31, -(2 ** 31) - 1, ...FRACTIONS, 1n] },
  { type: u64, good: [0n, 2n ** 64n - 1n], bad: [-1n, 2n ** 64n, 0, 1, ...FRACTIONS] },
  {
    type: i64,
    good: [-(2n ** 63n), 2n ** 63n - 1n],
    bad: [2n ** 63n, -(2n ** 63n) - 1n, 0, ...FRACTIONS],
  },
  { type: u64Number, good: [0, 2 ** 32, 2 ** 53 - 1], bad: [-1, 2 ** 53, ...FRACTIONS, 1n] },
  { type: ptr(u8), good: [0, 2 ** 32 - 1], bad: [-1, 2 ** 32, ...FRACTIONS, 1n] },
  {
    type: ptr(u8).for("wasm64"),
    good: [0, 2 ** 32, 2 ** 53 - 1],
    bad: [-1, 2 ** 53, ...FRACTIONS, 1n],
  },
  { type: aligned(16, ptr(u8)), good: [0, 2 ** 32 - 1], bad: [-1, 2 ** 32, ...FRACTIONS] },
  { type: atomic(u16), good: [0, 65_535], bad: [-1, 65_536, ...FRACTIONS] },
  { type: f32, good: [0, 1.5, -0.25, Number.POSITIVE_INFINITY, Number.NaN], bad: [1n] },
  { type: f64, good: [0, 0.1, Number.MAX_VALUE, Number.NEGATIVE_INFINITY, Number.NaN], bad: [1n] },
];

describe.each(
  ranges.map((range) => ({ ...range, name: `${range.type.name} (${range.type.size} bytes)` })),
)("$name", ({ type, good, bad }) => {
  it("keeps the values at its limits", () => {
    const dv = fresh();
    for (const value of good) {
      type.write(dv, 1, value);
      expect(type.read(dv, 1)).toEqual(
        value === 0 && !Object.is(value, 0) && type.kind < 8 ? 0 : value,
      );
    }
  });

  it("refuses everything else, and writes nothing (CORE-14)", () => {
    const dv = fresh();
    const view = struct(["it", type]).for(type.target).view(dv, 0) as { it?: unknown };
    for (const value of [...bad, ...JUNK]) {
      expect(detailOf(() => type.write(dv, 0, value))).toMatchObject({
        code: "value-out-of-range",
        path: "",
      });
      if (!type.name.startsWith("atomic")) {
        expect(detailOf(() => Object.assign(view, { it: value }))).toMatchObject({
          code: "value-out-of-range",
        });
      }
    }
    expect(new Uint8Array(dv.buffer).every((byte) => byte === 0)).toBe(true);
  });
});

describe("bytes that are no value", () => {
  const ones = new DataView(new Uint8Array(64).fill(255).buffer);

  it("are refused where a bool, case or set is read", () => {
    expect(detailOf(() => bool8.read(ones, 0))).toEqual({
      code: "invalid-enum-value",
      type: "bool8",
      got: 255,
      path: "",
    });
    expect(detailOf(() => boolWitx32.read(ones, 0))).toMatchObject({
      code: "invalid-enum-value",
      got: 2 ** 32 - 1,
    });
    const whence = enumeration(u8, ["set", "cur", "end"]).named("whence");
    expect(detailOf(() => whence.read(ones, 0))).toEqual({
      code: "invalid-enum-value",
      type: "whence",
      got: 255,
      path: "",
    });
    const dv = fresh();
    dv.setUint8(0, 3);
    expect(detailOf(() => whence.read(dv, 0))).toMatchObject({
      code: "invalid-enum-value",
      got: 3,
    });
    expect(detailOf(() => variant(u16, ["a", ["b", u64]]).read(ones, 0))).toMatchObject({
      code: "invalid-enum-value",
      got: 65_535,
    });
    const small = flags(u16, ["a", "b"]).named("small");
    expect(detailOf(() => small.read(ones, 0))).toEqual({
      code: "invalid-flag-value",
      type: "small",
      got: 0xffff,
      unknown: 0xfffc,
      path: "",
    });
    const top = flags(
      u32,
      Array.from({ length: 31 }, (_, i) => `f${i}`),
    );
    expect(detailOf(() => top.read(ones, 0))).toMatchObject({ got: 2 ** 32 - 1, unknown: 2 ** 31 });
    expect(
      flags(
        u32,
        Array.from({ length: 32 }, (_, i) => `f${i}`),
      ).read(ones, 0),
    ).toBe(2 ** 32 - 1);
    const wide = flags(u64, ["a"]);
    expect(detailOf(() => wide.read(ones, 0))).toMatchObject({
      got: 2n ** 64n - 1n,
      unknown: 2n ** 64n - 2n,
    });
  });

  it("are refused where a 64-bit number does not fit a JavaScript number", () => {
    const dv = fresh();
    dv.setBigUint64(0, 2n ** 53n, true);
    expect(detailOf(() => u64Number.read(dv, 0))).toMatchObject({
      code: "value-out-of-range",
      got: 2n ** 53n,
    });
    const far = ptr(u8).for("host64");
    expect(detailOf(() => far.read(dv, 0))).toMatchObject({
      code: "value-out-of-range",
      got: 2n ** 53n,
    });
    dv.setBigUint64(0, 2n ** 53n - 1n, true);
    expect([u64Number.read(dv, 0), far.read(dv, 0)]).toEqual([2 ** 53 - 1, 2 ** 53 - 1]);
  });
});

describe("writing", () => {
  const clock = struct(["id", enumeration(u32, ["real", "mono"])], ["timeout", u64]);
  const kind = variant(u8, [["clock", clock], ["fd", handle], "none"]).named("kind");
  const record = struct(
    ["before", u32],
    ["u", kind],
    ["parts", array(struct(["n", u8]), 2)],
    ["rights", flags(u8, ["r"])],
  );
  const good = { before: 1, u: { tag: "none" }, parts: [{ n: 1 }, { n: 2 }], rights: 1 };
  const bad: readonly { readonly change: object; readonly detail: object }[] = [
    {
      change: { before: -1 },
      detail: { code: "value-out-of-range", type: "u32", got: -1, path: "before" },
    },
    {
      change: { u: undefined },
      detail: { code: "value-out-of-range", type: "kind", got: "undefined", path: "u" },
    },
    {
      change: { u: null },
      detail: { code: "value-out-of-range", type: "kind", got: "null", path: "u" },
    },
    {
      change: { u: { tag: 1 } },
      detail: { code: "value-out-of-range", type: "kind", got: "an object", path: "u" },
    },
    {
      change: { u: { tag: "disk" } },
      detail: { code: "invalid-enum-value", type: "kind", got: "disk", path: "u" },
    },
    {
      change: { u: { tag: "none", value: 0 } },
      detail: { code: "value-out-of-range", type: "nothing", got: 0, path: "u.none" },
    },
    {
      change: { u: { tag: "clock" } },
      detail: { code: "value-out-of-range", type: clock.name, got: "undefined", path: "u.clock" },
    },
    {
      change: { u: { tag: "clock", value: { id: 2, timeout: 0n } } },
      detail: {
        code: "invalid-enum-value",
        type: clock.fields[0]?.type.name,
        got: 2,
        path: "u.clock.id",
      },
    },
    {
      change: { parts: [{ n: 1 }] },
      detail: { code: "value-out-of-range", got: "an array", path: "parts" },
    },
    {
      change: { parts: [{ n: 1 }, { n: 256 }] },
      detail: { code: "value-out-of-range", type: "u8", got: 256, path: "parts[1].n" },
    },
    { change: { parts: "ab" }, detail: { code: "value-out-of-range", got: '"ab"', path: "parts" } },
    {
      change: { rights: 2 },
      detail: { code: "invalid-flag-value", got: 2, unknown: 2, path: "rights" },
    },
    { change: { rights: 1n }, detail: { code: "value-out-of-range", got: 1n, path: "rights" } },
  ];

  it.each(bad)(
    "refuses $detail.path as $detail.got before the first byte",
    ({ change, detail }) => {
      const dv = fresh();
      expect(detailOf(() => (record as Layout).write(dv, 0, { ...good, ...change }))).toMatchObject(
        detail,
      );
      expect(new Uint8Array(dv.buffer).every((byte) => byte === 0)).toBe(true);
      (record as Layout).write(dv, 0, good);
      expect(record.read(dv, 0)).toEqual({ ...good, u: { tag: "none", value: undefined } });
    },
  );
});

describe("pointers", () => {
  class Address {
    readonly to: string;
    readonly address: number;
    constructor(to: string, address: number) {
      this.to = to;
      this.address = address;
    }
  }
  const env: PointerEnv = {
    fromAddress: (layout, address) => new Address(layout.element.name, address),
    toAddress: (_, value) => (value as Address).address,
    toLength: () => undefined,
  };
  const list = struct(["head", ptr(u16)], ["tail", array(ptr(u8), 2)]);

  it.each(["wasm32", "wasm64"] as const)(
    "become what the environment makes of them on %s",
    (target) => {
      const type: Layout = list.for(target);
      const dv = fresh();
      const value = {
        head: new Address("u16", 7),
        tail: [new Address("u8", 8), new Address("u8", 9)],
      };
      type.write(dv, 0, value, env);
      expect(type.read(dv, 0, env)).toEqual(value);
      expect(type.read(dv, 0)).toEqual({ head: 7, tail: [8, 9] });
    },
  );

  it("are checked like any number after the environment has answered", () => {
    const dv = fresh();
    const write = (address: number): void =>
      (list as Layout).write(
        dv,
        0,
        { head: new Address("", 1), tail: [new Address("", address), new Address("", 1)] },
        env,
      );
    expect(detailOf(() => write(2 ** 32))).toMatchObject({
      code: "value-out-of-range",
      got: 2 ** 32,
      path: "tail[0]",
    });
    expect(dv.getUint32(0, true)).toBe(0);
  });
});

it("quiets a signalling NaN or keeps it, but never makes a number of it", () => {
  const dv = fresh();
  dv.setUint32(0, 0x7fa00001, true);
  f32.write(dv, 0, f32.read(dv, 0));
  expect(dv.getUint32(0, true) & 0x7fa00000).toBe(0x7fa00000);
});
