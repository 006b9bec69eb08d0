import { array, bool8, struct, u8, u16, u32 } from "@memkit/core";
import { defineFrameMeta, type FrameMeta, type MetaSlotStorage } from "@memkit/frame-meta";
import { linkMeta } from "@memkit/frame-meta/list";
import { reprOf } from "@memkit/frame-meta/model";
import { storedPageTablePageMeta } from "@memkit/frame-meta/pt-node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const u32s = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const plain = defineFrameMeta({
  name: "plain",
  layout: struct(["a", u8], ["b", u32], ["flag", bool8], ["c", array(u16, 4)]),
});
const node = defineFrameMeta({ name: "node", layout: storedPageTablePageMeta, usage: "PageTable" });
const untyped = defineFrameMeta({ name: "raw", layout: struct(["a", u32]), isUntyped: true });
const small = defineFrameMeta({ name: "small", layout: struct(["b", array(u8, 32)]) });
const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });

const cases: [string, FrameMeta, fc.Arbitrary<object>][] = [
  [
    "Empty",
    plain,
    fc.record({
      a: fc.nat({ max: 255 }),
      b: u32s,
      flag: fc.boolean(),
      c: fc.array(fc.nat({ max: 65_535 }), { minLength: 4, maxLength: 4 }),
    }),
  ],
  ["Untyped", untyped, fc.record({ a: u32s })],
  [
    "PTNode",
    node,
    fc.record({
      nrChildren: fc.nat({ max: 512 }),
      stray: fc.boolean(),
      level: fc.integer({ min: 1, max: 5 }),
      lock: fc.nat({ max: 1 }),
    }),
  ],
  [
    "FrameLink",
    linkMeta(small),
    fc.record({ next: u32s, prev: u32s, inner: bytes(32).map((b) => ({ b: [...b] })) }),
  ],
];

const storages: fc.Arbitrary<MetaSlotStorage> = fc.oneof(
  bytes(40).map((b) => ({ tag: "Empty" as const, bytes: b })),
  // Few bytes set: what has padding behind it is well-formed now and then.
  bytes(2).map((b) => {
    const all = new Uint8Array(40);
    all.set(b, 4);
    return { tag: "Empty" as const, bytes: all };
  }),
  bytes(40).map((b) => ({ tag: "Untyped" as const, bytes: b })),
  fc.record({
    tag: fc.constant("FrameLink" as const),
    link: fc.record({
      next: fc.option(fc.nat({ max: 2 ** 27 }), { nil: undefined }),
      prev: fc.option(fc.nat({ max: 2 ** 27 }), { nil: undefined }),
      slot: bytes(32),
    }),
  }),
);

describe.each(cases)("FM-19: %s", (tag, type, values) => {
  const repr = reprOf(type);
  it("fromRepr(toRepr(v)) is v, and toRepr(v) is well-formed", () => {
    fc.assert(
      fc.property(values, (value) => {
        const storage = repr.toRepr(value as never);
        expect(storage.tag).toBe(tag);
        expect(repr.wf(storage)).toBe(true);
        expect(repr.fromRepr(storage)).toEqual(value);
      }),
    );
  });
  it("toRepr(fromRepr(r)) is r, for every r that is well-formed", () => {
    fc.assert(
      fc.property(storages, (storage) => {
        if (!repr.wf(storage)) return;
        expect(repr.toRepr(repr.fromRepr(storage))).toEqual(storage);
      }),
      { numRuns: 300 },
    );
  });
});

it("FM-19: bytes that are no value, or another case, are not well-formed", () => {
  const flag = new Uint8Array(40);
  flag[8] = 2; // a bool of 2
  expect(reprOf(plain).wf({ tag: "Empty", bytes: flag })).toBe(false);
  const padding = new Uint8Array(40);
  padding[1] = 1; // between a and b
  expect(reprOf(plain).wf({ tag: "Empty", bytes: padding })).toBe(false);
  expect(reprOf(plain).wf({ tag: "Empty", bytes: new Uint8Array(40) })).toBe(true);
  expect(reprOf(plain).wf({ tag: "Untyped", bytes: new Uint8Array(40) })).toBe(false);
});
