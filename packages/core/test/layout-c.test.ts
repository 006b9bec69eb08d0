/**
 * Records as a C compiler lays them out on a 64-bit Unix host. `fixtures/c-layout.c` prints `fixtures/c-layout.json`
 * (made by gcc 12.2 on x86-64); no compiler is needed here.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  aligned,
  array,
  bool8,
  f32,
  f64,
  i16,
  i32,
  i64,
  type Layout,
  packed,
  ptr,
  struct,
  u8,
  u16,
  u32,
  u64,
  variant,
} from "../src/layout.js";

interface Row {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly offsets: Readonly<Record<string, number>>;
}

const rows = JSON.parse(
  readFileSync(new URL("./fixtures/c-layout.json", import.meta.url), "utf8"),
) as readonly Row[];

const inner = struct(["x", u16], ["y", u8]);
const tight = packed(struct(["a", u8], ["b", u64], ["c", inner], ["d", ptr(u8)], ["e", u16]));
const line = aligned(32, struct(["a", u32], ["b", u8]));
const tightAligned = aligned(4, packed(struct(["a", u8], ["b", u32], ["c", u16])));

const ours: Readonly<
  Record<string, Layout & { readonly fields?: readonly { name: string; offset: number }[] }>
> = {
  scalars: struct(
    ["a", u8],
    ["b", i64],
    ["c", i16],
    ["d", f32],
    ["e", u8],
    ["f", f64],
    ["g", bool8],
    ["h", i32],
  ),
  iovec: struct(["base", ptr(u8)], ["len", ptr(u8)]),
  inner,
  outer: struct(
    ["tag", u8],
    ["in", inner],
    ["many", array(inner, 3)],
    ["next", ptr(u8)],
    ["last", u8],
  ),
  tight,
  tight_inside: struct(["a", u8], ["b", tight], ["c", u32]),
  line,
  lines: struct(["a", u8], ["b", line], ["c", array(line, 2)], ["d", u8]),
  tight_aligned: tightAligned,
  in_tight_aligned: struct(["a", u8], ["b", tightAligned], ["c", u8]),
};

const unions: Readonly<Record<string, ReturnType<typeof variant>>> = {
  tagged: variant(u8, [
    ["a", u8],
    ["b", u64],
    ["c", struct(["x", u32], ["y", u32], ["z", u32])],
  ]),
  wide_tag: variant(u32, [
    ["a", array(u8, 5)],
    ["b", u16],
  ]),
};

describe("what C says on a 64-bit host", () => {
  it.each(rows)("holds for $name", ({ name, size, align, offsets }) => {
    const union = unions[name]?.for("host64");
    const record = ours[name]?.for("host64");
    const seen =
      union === undefined
        ? Object.fromEntries((record?.fields ?? []).map((field) => [field.name, field.offset]))
        : { tag: 0, u: union.payloadOffset };
    const type = union ?? record;
    expect({ size: type?.size, align: type?.align, offsets: seen }).toEqual({
      size,
      align,
      offsets,
    });
  });

  it("is asked about every record here", () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(
      [...Object.keys(ours), ...Object.keys(unions)].sort(),
    );
  });
});
