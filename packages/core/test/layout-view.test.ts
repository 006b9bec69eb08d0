/**
 * Views: seats, views of fields, atomics, and what they refuse.
 *
 * @module
 */

import { describe, expect, it } from "vitest";
import {
  aligned,
  array,
  atomic,
  bool8,
  enumeration,
  i64,
  packed,
  ptr,
  struct,
  u8,
  u16,
  u32,
  u64,
  variant,
} from "../src/layout.js";
import { detailOf } from "./layout-detail.js";

const iovec = struct(["buf", ptr(u8)], ["len", u32]);

describe("a record's view", () => {
  it("moves without allocating anything but itself", () => {
    const dv = new DataView(new ArrayBuffer(32));
    for (let i = 0; i < 4; i++) iovec.write(dv, i * 8, { buf: i, len: 10 * i });
    const view = iovec.view(dv, 0);
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      view.seat(dv, i * 8);
      seen.push(view.buf, view.len);
    }
    expect(seen).toEqual([0, 0, 1, 10, 2, 20, 3, 30]);
  });

  it("moves to another buffer, and leaves the old one alone", () => {
    const first = new DataView(new ArrayBuffer(8));
    const second = new DataView(new ArrayBuffer(16));
    const view = iovec.view(first, 0);
    view.seat(second, 5);
    view.len = 7;
    expect([first.getUint32(4, true), second.getUint32(9, true)]).toEqual([0, 7]);
  });

  it("has the same bigints at the first seat and later, at any offset and over any buffer", () => {
    const wide = struct(["u", u64], ["i", i64], ["n", u32]);
    const shared = new DataView(new SharedArrayBuffer(64));
    const resizable = new DataView(new ArrayBuffer(64, { maxByteLength: 128 }));
    const inside = new DataView(new ArrayBuffer(99), 8, 64);
    const between = new DataView(new ArrayBuffer(99), 3, 64);
    const short = new DataView(new ArrayBuffer(28));
    for (const dv of [shared, resizable, inside, between, short]) {
      const view = wide.view(dv, 0);
      for (const at of [0, 0, 1, 4, 0]) {
        view.seat(dv, at);
        view.u = 2n ** 64n - 2n;
        view.i = -3n;
        view.n = 7;
        expect([view.u, view.i]).toEqual([2n ** 64n - 2n, -3n]);
        expect(wide.read(dv, at)).toEqual({ u: 2n ** 64n - 2n, i: -3n, n: 7 });
        expect(detailOf(() => Object.assign(view, { u: 2n ** 64n }))).toMatchObject({
          code: "value-out-of-range",
        });
      }
    }
  });

  it("of bytes that are gone is a TypeError, also when it knew their words", () => {
    const { buffer } = new Uint8Array(64);
    const dv = new DataView(buffer);
    const view = struct(["u", u64]).view(dv, 0);
    view.seat(dv, 8);
    view.u = 1n;
    structuredClone(buffer, { transfer: [buffer] });
    expect(() => view.u).toThrow(TypeError);
    expect(() => Object.assign(view, { u: 1n })).toThrow(TypeError);
    view.seat(dv, 0);
    expect(() => view.u).toThrow(TypeError);
  });

  it("shows 64-bit pointers as numbers", () => {
    const dv = new DataView(new ArrayBuffer(16));
    const view = iovec.for("wasm64").view(dv, 0);
    view.buf = 2 ** 40 + 3;
    expect([view.buf, dv.getBigUint64(0, true)]).toEqual([2 ** 40 + 3, 2n ** 40n + 3n]);
    dv.setBigUint64(0, 2n ** 60n, true);
    expect(detailOf(() => view.buf)).toMatchObject({ code: "value-out-of-range", got: 2n ** 60n });
    expect(detailOf(() => Object.assign(view, { buf: -1 }))).toMatchObject({
      code: "value-out-of-range",
    });
  });

  it("checks what it reads and what it writes", () => {
    const record = struct(
      ["ok", bool8],
      ["what", enumeration(u8, ["a", "b"])],
      ["u", variant(u8, [["n", u32], "none"])],
    );
    const dv = new DataView(new Uint8Array(record.size).fill(9).buffer);
    const view = record.view(dv, 0);
    expect(detailOf(() => view.ok)).toMatchObject({ code: "invalid-enum-value", got: 9 });
    expect(detailOf(() => view.what)).toMatchObject({ code: "invalid-enum-value", got: 9 });
    expect(detailOf(() => view.u)).toMatchObject({ code: "invalid-enum-value", got: 9 });
    expect(detailOf(() => Object.assign(view, { what: 2 }))).toMatchObject({
      code: "invalid-enum-value",
      got: 2,
    });
    view.ok = true;
    view.what = 1;
    view.u = { tag: "n", value: 77 };
    expect(record.read(dv, 0)).toEqual({ ok: true, what: 1, u: { tag: "n", value: 77 } });
  });

  it("keeps the views of its fields and moves them along", () => {
    const pair = struct(["first", iovec], ["second", iovec], ["all", array(iovec, 2)]);
    const dv = new DataView(new ArrayBuffer(2 * pair.size));
    const view = pair.view(dv, 0);
    const { first } = view;
    expect(view.first).toBe(first);
    expect(view.second).not.toBe(first);
    view.second.len = 5;
    view.all.get(1).buf = 6;
    view.seat(dv, pair.size);
    view.first.len = 8;
    view.all.set(0, { buf: 1, len: 2 });
    expect(pair.read(dv, 0)).toEqual({
      first: { buf: 0, len: 0 },
      second: { buf: 0, len: 5 },
      all: [
        { buf: 0, len: 0 },
        { buf: 6, len: 0 },
      ],
    });
    expect(pair.read(dv, pair.size)).toMatchObject({
      first: { len: 8 },
      all: [{ buf: 1, len: 2 }, {}],
    });
  });

  it("enumerates its fields", () => {
    const view = iovec.view(new DataView(new ArrayBuffer(8)), 0);
    const names: string[] = [];
    for (const name in view) names.push(name);
    expect(names).toEqual(expect.arrayContaining(["buf", "len"]));
  });

  it("cannot have a field's view replaced", () => {
    const outer = struct(["inner", iovec]);
    const view = outer.view(new DataView(new ArrayBuffer(8)), 0);
    expect(() => Object.assign(view, { inner: { buf: 1, len: 2 } })).toThrow(TypeError);
  });
});

describe("an array's view", () => {
  const list = array(u16, 3).named("list");

  it.each([-1, 3, 0.5, Number.NaN, 2 ** 32])("refuses index %d", (index) => {
    const view = list.view(new DataView(new ArrayBuffer(16)), 0);
    const refusal = { code: "index-out-of-range", type: "list", index, length: 3 };
    expect(detailOf(() => view.get(index))).toEqual(refusal);
    expect(detailOf(() => view.set(index, 1))).toEqual(refusal);
  });

  it("reads and writes elements, and moves", () => {
    const dv = new DataView(new ArrayBuffer(16));
    const view = list.view(dv, 1);
    view.set(2, 0xffff);
    expect([view.length, view.get(2), dv.getUint16(5, true)]).toEqual([3, 0xffff, 0xffff]);
    view.seat(dv, 3);
    expect(view.get(1)).toBe(0xffff);
    expect(detailOf(() => view.set(0, 65_536))).toMatchObject({ code: "value-out-of-range" });
  });
});

describe("an atomic", () => {
  const meta = struct(
    ["kind", u8],
    ["small", atomic(u16)],
    ["count", atomic(u32)],
    ["tiny", atomic(u8)],
  );

  it("is reached through Atomics on shared memory", () => {
    const slots = new SharedArrayBuffer(130); // no multiple of 4: whole words are what counts
    const dv = new DataView(slots);
    const view = meta.view(dv, 64);
    expect([meta.offsetOf("small"), meta.offsetOf("count"), meta.offsetOf("tiny")]).toEqual([
      2, 4, 8,
    ]);
    expect(view.count.add(5)).toBe(0);
    expect(view.count.sub(6)).toBe(5);
    expect(view.count.load()).toBe(2 ** 32 - 1);
    expect(view.count.exchange(0b1100)).toBe(2 ** 32 - 1);
    expect(view.count.and(0b0110)).toBe(0b1100);
    expect(view.count.or(0b0001)).toBe(0b0100);
    expect(view.count.xor(0b1111)).toBe(0b0101);
    expect(view.count.compareExchange(0, 1)).toBe(0b1010);
    expect(view.count.compareExchange(0b1010, 77)).toBe(0b1010);
    view.small.store(0xffff);
    view.tiny.store(0xee);
    expect(new Uint8Array(slots, 64, 9)).toEqual(
      Uint8Array.of(0, 0, 0xff, 0xff, 77, 0, 0, 0, 0xee),
    );
    expect(meta.read(dv, 64)).toEqual({ kind: 0, small: 0xffff, count: 77, tiny: 0xee });
  });

  it("gives code of its own the words and the index, in the whole buffer", () => {
    const slots = new SharedArrayBuffer(192);
    const { count } = meta.view(new DataView(slots, 64), 64);
    expect([count.words.constructor, count.words.buffer, count.index]).toEqual([
      Uint32Array,
      slots,
      33,
    ]);
  });

  it("moves with its record, keeping its words for the same view of the buffer", () => {
    const dv = new DataView(new SharedArrayBuffer(128));
    const view = meta.view(dv, 0);
    const { words } = view.count;
    view.count.store(1);
    view.seat(dv, 64);
    view.count.store(2);
    expect(view.count.words).toBe(words);
    expect([dv.getUint32(4, true), dv.getUint32(68, true)]).toEqual([1, 2]);
    const other = new DataView(new SharedArrayBuffer(64));
    view.seat(other, 0);
    view.count.store(3);
    expect([dv.getUint32(4, true), other.getUint32(4, true)]).toEqual([1, 3]);
  });

  it("is refused at an address that is no multiple of its width, and stays where it was (CORE-15)", () => {
    const buffer = new ArrayBuffer(64);
    const tight = packed(struct(["kind", u8], ["count", atomic(u32)]));
    const view = tight.view(new DataView(buffer), 0);
    expect(detailOf(() => view.count)).toEqual({
      code: "atomic-misaligned",
      type: "atomic<u32>",
      address: 1,
      align: 4,
    });
    view.seat(new DataView(buffer, 1), 2);
    expect(view.count.index).toBe(1);
    const cell = atomic(u32).view(new DataView(buffer), 8);
    expect(detailOf(() => cell.seat(new DataView(buffer), 10))).toMatchObject({
      code: "atomic-misaligned",
      address: 10,
    });
    cell.store(9);
    expect(new Uint32Array(buffer)[2]).toBe(9);
  });

  it("refuses what Atomics would coerce, and changes nothing", () => {
    const view = meta.view(new DataView(new ArrayBuffer(16)), 0);
    for (const wrong of [-1, 256, 1.5, Number.NaN]) {
      for (const act of [
        () => view.tiny.store(wrong),
        () => view.tiny.add(wrong),
        () => view.tiny.sub(wrong),
        () => view.tiny.and(wrong),
        () => view.tiny.or(wrong),
        () => view.tiny.xor(wrong),
        () => view.tiny.exchange(wrong),
        () => view.tiny.compareExchange(wrong, 0),
        () => view.tiny.compareExchange(0, wrong),
      ]) {
        expect(detailOf(act)).toEqual({
          code: "value-out-of-range",
          type: "atomic<u8>",
          got: wrong,
          path: "",
        });
      }
    }
    expect(view.tiny.load()).toBe(0);
  });

  it("may have a line of its own", () => {
    const counters = array(aligned(64, atomic(u32)), 2);
    const view = counters.view(new DataView(new SharedArrayBuffer(128)), 0);
    view.get(1).add(1);
    expect([counters.size, view.get(1).index, view.get(0).load()]).toEqual([128, 16, 0]);
  });
});
