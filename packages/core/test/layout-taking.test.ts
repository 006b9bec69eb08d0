/**
 * Values whose getters run code while they are written: what is checked is what is stored (CORE-14).
 *
 * @module
 */

import { describe, expect, it } from "vitest";
import {
  array,
  f64,
  type Layout,
  NO_WORDS,
  struct,
  u8,
  u32,
  u64,
  variant,
  withCodec,
} from "../src/layout.js";
import { detailOf } from "./layout-detail.js";

const pair = struct(["a", u8], ["b", u32]);
const fresh = (): DataView => new DataView(new ArrayBuffer(32));
const bytes = (dv: DataView): number[] => [...new Uint8Array(dv.buffer)];

describe("a value with getters", () => {
  it("is asked once: a second answer would not have been checked", () => {
    const dv = fresh();
    let asked = 0;
    pair.write(dv, 0, {
      a: 1,
      get b() {
        return asked++ === 0 ? 7 : 1e9;
      },
    });
    expect([asked, dv.getUint32(4, true)]).toEqual([1, 7]);
  });

  it.each([0, 1])("that throws at field %i leaves no byte, and its error comes out", (k) => {
    const dv = fresh();
    const mine = new Error("mine");
    const value = { a: 1, b: 2 };
    Object.defineProperty(value, k === 0 ? "a" : "b", {
      get() {
        throw mine;
      },
    });
    expect(() => pair.write(dv, 0, value)).toThrow(mine);
    expect(bytes(dv).every((byte) => byte === 0)).toBe(true);
    pair.write(dv, 0, { a: 1, b: 2 }); // and the next write is none the worse
    expect(pair.read(dv, 0)).toEqual({ a: 1, b: 2 });
  });

  it("may write other values meanwhile, of its own type too", () => {
    const dv = fresh();
    const nest = (depth: number): { a: number; b: number } => ({
      a: depth,
      get b() {
        if (depth > 0) pair.write(dv, 8 * depth, nest(depth - 1));
        return 10 * depth;
      },
    });
    pair.write(dv, 0, nest(3));
    expect([0, 8, 16, 24].map((at) => pair.read(dv, at))).toEqual([
      { a: 3, b: 30 },
      { a: 0, b: 0 },
      { a: 1, b: 10 },
      { a: 2, b: 20 },
    ]);
  });

  it("opens its place after the last getter, and what the place says comes first", () => {
    const order: string[] = [];
    const dv = fresh();
    const value = {
      get a() {
        order.push("a");
        return 300;
      },
      b: 1,
    };
    const open = (): DataView => {
      order.push("open");
      return dv;
    };
    expect(detailOf(() => pair.writeTo({ ...NO_WORDS, open }, 0, value))).toMatchObject({
      got: 300,
      path: "a",
    });
    expect(order).toEqual(["a", "open"]);
    const closed = new Error("closed");
    const refuse = (): never => {
      throw closed;
    };
    expect(() => pair.writeTo({ ...NO_WORDS, open: refuse }, 0, value)).toThrow(closed);
  });

  it("finds fields in any order, inherited, hidden and on views", () => {
    const dv = fresh();
    const shuffled = { b: 2, a: 1 };
    const inherited = Object.assign(Object.create({ b: 2 }), { a: 1 });
    const hidden = Object.defineProperty({ b: 2 }, "a", { value: 1 });
    const more = { a: 1, x: 9, b: 2 };
    const source = new DataView(new ArrayBuffer(8));
    pair.write(source, 0, shuffled);
    for (const value of [shuffled, inherited, hidden, more, pair.view(source, 0)]) {
      pair.write(dv, 8, { a: 0, b: 0 });
      pair.write(dv, 8, value as typeof shuffled);
      expect(pair.read(dv, 8)).toEqual({ a: 1, b: 2 });
    }
  });

  it("that deletes and adds fields meanwhile is taken as it is when asked", () => {
    const value: { a?: number; b?: number } = {
      get a() {
        delete value.b;
        return 1;
      },
      b: 2,
    };
    expect(detailOf(() => (pair as Layout).write(fresh(), 0, value))).toMatchObject({ path: "b" });
  });

  it("large values give their room back", () => {
    const many = array(f64, 10_000);
    const dv = new DataView(new ArrayBuffer(80_000));
    many.write(dv, 0, new Array(10_000).fill(1.5));
    expect(dv.getFloat64(79_992, true)).toBe(1.5);
    pair.write(dv, 0, { a: 1, b: 2 });
    expect(pair.read(dv, 0)).toEqual({ a: 1, b: 2 });
  });

  it("a variant's case is the one that its payload was checked for", () => {
    const either = variant(u8, [
      ["small", u8],
      ["large", u64],
    ]);
    const dv = fresh();
    let asked = 0;
    const value = {
      get tag() {
        return asked++ === 0 ? "small" : "large";
      },
      value: 5,
    };
    (either as Layout).write(dv, 0, value);
    expect(either.read(dv, 0)).toEqual({ tag: "small", value: 5 });
  });
});

describe("withCodec (CORE-20)", () => {
  const codec = (shape: string, target: "wasm32" | "wasm64" = "wasm32") => ({
    shape,
    target,
    read: (): never => expect.fail("read by a codec of another type"),
    write: (): never => expect.fail("written by a codec of another type"),
  });

  it("refuses a codec of another type, target or version", () => {
    for (const bad of [codec(""), codec("struct"), codec("", "wasm64")]) {
      expect(detailOf(() => withCodec(pair, bad))).toMatchObject({
        code: "codec-mismatch",
        type: pair.name,
      });
    }
    expect(detailOf(() => withCodec({} as typeof pair))).toMatchObject({ code: "not-a-layout" });
  });

  it("without codecs changes nothing but the object", () => {
    const dv = fresh();
    const same = withCodec(pair);
    same.write(dv, 0, { a: 1, b: 2 });
    expect(pair.read(dv, 0)).toEqual({ a: 1, b: 2 });
    expect(same.offsetOf("b")).toBe(4);
  });
});
