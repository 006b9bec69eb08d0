/** What a system may choose about its entries, and what not: a choice that nobody knows is refused, and every other one is kept. */

import {
  aarch64Format,
  CACHE_POLICIES,
  encodeLeaf,
  frameOf,
  kernelConfig,
  type PteFormat,
  pageProperty,
  pageTableConfig,
  propertyOf,
  READ,
  riscvFormat,
  userConfig,
  x86Format,
} from "@memkit/page-table/format";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** A value as a caller without types gives it. */
const untyped = (value: unknown): never => value as never;
const refused = expect.objectContaining({ code: "invalid-argument" });
const WB = "write-back";

const policy = fc.constantFrom(...CACHE_POLICIES);
const list = (minLength: number, maxLength: number) => fc.array(policy, { minLength, maxLength });
const anyFormat: fc.Arbitrary<PteFormat> = fc.oneof(
  fc
    .record({ levels: fc.constantFrom(4, 5), pat: list(8, 8) })
    .map((choice) => x86Format(choice as never)),
  fc
    .record({ sv: fc.constantFrom(39, 48, 57), svpbmt: fc.boolean() })
    .map((choice) => riscvFormat(choice as never)),
  list(1, 8).map((mair) => aarch64Format({ mair })),
);

test("PT-8: with any settings a format returns what it supports, and refuses the rest", () => {
  const prop = fc.tuple(fc.integer({ min: 0, max: 511 }), policy);
  fc.assert(
    fc.property(anyFormat, fc.array(prop), fc.nat(63), (format, props, at) => {
      for (const [flags, cache] of props) {
        const wanted = pageProperty(flags, cache);
        for (let level = 1; level <= format.paging.highestTranslationLevel; level += 1) {
          const pfn = at * 2 ** (9 * level - 9);
          if (!format.supports(wanted, level)) {
            expect(() => encodeLeaf(format, pfn, level, wanted)).toThrow("cannot express");
            continue;
          }
          const { lo, hi } = encodeLeaf(format, pfn, level, wanted);
          const found = frameOf(format, lo, hi);
          expect(propertyOf(format, lo, hi, level)).toBe(wanted);
          expect(found - (found % 2 ** (9 * level - 9))).toBe(pfn);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("PT-8: every policy of a list is supported, and no other", () => {
  fc.assert(
    fc.property(list(8, 8), (policies) => {
      for (const format of [x86Format({ pat: policies }), aarch64Format({ mair: policies })]) {
        for (const one of CACHE_POLICIES) {
          expect(format.supports(pageProperty(READ, one), 1)).toBe(policies.includes(one));
        }
      }
    }),
  );
});

describe("a choice that nobody knows", () => {
  const LISTS = ["write-back", 8, {}, [], [undefined], ["wb"], new Array(8), Array(9).fill(WB)];

  test.each([3, 6, "4", 4.5, null, Number.NaN])("of %s levels is refused", (levels) => {
    expect(() => x86Format({ levels: untyped(levels) })).toThrow(refused);
  });

  test.each([32, 64, "39", null])("of Sv%s is refused", (sv) => {
    expect(() => riscvFormat({ sv: untyped(sv) })).toThrow(refused);
  });

  test.each([1, "no", null, {}])("of Svpbmt %s is refused", (svpbmt) => {
    expect(() => riscvFormat({ svpbmt: untyped(svpbmt) })).toThrow(refused);
  });

  test.each([...LISTS, Array(7).fill(WB)])("of PAT %o is refused", (pat) => {
    expect(() => x86Format({ pat: untyped(pat) })).toThrow(refused);
  });

  test.each(LISTS)("of MAIR %o is refused", (mair) => {
    expect(() => aarch64Format({ mair: untyped(mair) })).toThrow(refused);
  });

  test.each([null, 4, "x86"])("of %s is refused", (options) => {
    for (const make of [x86Format, riscvFormat, aarch64Format]) {
      expect(() => make(untyped(options))).toThrow(refused);
    }
  });

  test("is named, with what there is", () => {
    expect(() => x86Format({ levels: untyped(6) })).toThrow(
      "6 is no number of levels: give 4 or 5",
    );
    expect(() => aarch64Format({ mair: [] })).toThrow(
      "an object is no MAIR: give 1 to 8 of CACHE_POLICIES",
    );
  });
});

describe("a configuration", () => {
  const user = userConfig(x86Format());

  test.each([
    { items: "x" },
    { items: undefined },
    { topLevelCanUnmap: 0 },
    { upperRoot: "no" },
    { name: 5 },
    { format: {} },
    { format: undefined },
    { topLevelIndexRange: undefined },
    { topLevelIndexRange: [0] },
    { topLevelIndexRange: 3 },
  ])("with %o is refused", (change) => {
    expect(() => pageTableConfig(untyped({ ...user, ...change }))).toThrow(refused);
  });

  test.each([undefined, null, {}, "x86"])("of %s is refused", (format) => {
    for (const make of [userConfig, kernelConfig, pageTableConfig]) {
      expect(() => make(untyped(format))).toThrow(refused);
    }
    expect(() => userConfig(x86Format(), untyped("x"))).toThrow(refused);
  });
});
