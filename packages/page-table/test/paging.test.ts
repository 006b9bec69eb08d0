import {
  AARCH64_4K,
  checkCanonical,
  isCanonical,
  isCanonicalHi,
  PageTableError,
  type PagingConsts,
  pteIndex,
  pteIndexOfWords,
  SV39,
  SV48,
  SV57,
  X86_64,
  X86_64_LA57,
} from "@memkit/page-table";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const FORMATS = [X86_64, X86_64_LA57, SV39, SV48, SV57, AARCH64_4K];
const each = FORMATS.map((paging) => [paging.name, paging] as const);

/** Addresses near every border there is, and any others. */
const va = fc.oneof(
  fc
    .tuple(fc.integer({ min: 11, max: 64 }), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([bit, off, top]) =>
      BigInt.asUintN(64, (top ? -1n : 1n) * 2n ** BigInt(bit) + BigInt(off)),
    ),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

/** The manuals' rule, told by shifting the whole address. */
function naiveCanonical({ vaBits, canonical }: PagingConsts, address: bigint): boolean {
  const top =
    BigInt.asIntN(64, address) >> BigInt(canonical === "two-halves" ? vaBits : vaBits - 1);
  return top === 0n || top === -1n;
}

describe.each(each)("%s", (_, paging) => {
  it("has constants that follow from each other", () => {
    expect(paging.entries * paging.pteSize).toBe(paging.basePageSize);
    expect(paging.vaBits).toBe(12 + 9 * paging.levels);
    expect(paging.highestTranslationLevel).toBeLessThanOrEqual(paging.levels);
    expect(Object.isFrozen(paging)).toBe(true);
  });
  it("PT-1: pteIndex is the nine bits of the level, in every form of the address", () => {
    fc.assert(
      fc.property(va, (address) => {
        const hi = Number(address >> 32n);
        const lo = Number(address & 0xffff_ffffn);
        for (let level = 1; level <= paging.levels; level++) {
          const naive = Number((address >> BigInt(12 + 9 * (level - 1))) & 511n);
          expect(pteIndex(paging, address, level)).toBe(naive);
          expect(pteIndexOfWords(hi, lo, level)).toBe(naive);
          expect(pteIndexOfWords(hi | 0, lo | 0, level)).toBe(naive);
          if (address < 2n ** 53n) expect(pteIndex(paging, Number(address), level)).toBe(naive);
        }
      }),
      { numRuns: 500 },
    );
  });
  it("PT-2: canonical as the manual says", () => {
    fc.assert(
      fc.property(va, (address) => {
        const naive = naiveCanonical(paging, address);
        const hi = Number(address >> 32n);
        expect(isCanonical(paging, address)).toBe(naive);
        expect(isCanonicalHi(paging, hi)).toBe(naive);
        expect(isCanonicalHi(paging, hi | 0)).toBe(naive);
        if (address < 2n ** 53n) expect(isCanonical(paging, Number(address))).toBe(naive);
        if (naive) expect(() => checkCanonical(paging, address)).not.toThrow();
        else
          expect(() => checkCanonical(paging, address)).toThrow(
            expect.objectContaining({ code: "non-canonical", va: address, paging: paging.name }),
          );
      }),
      { numRuns: 1000 },
    );
  });
  it.each([0, paging.levels + 1, 1.5, -1, Number.NaN])("has no level %d", (level) => {
    expect(() => pteIndex(paging, 0, level)).toThrow(
      expect.objectContaining({ code: "invalid-level", level, levels: paging.levels }),
    );
  });
  it.each([-1, 0.5, 2 ** 53, Number.NaN, -1n, 2n ** 64n])("%s is no address", (bad) => {
    for (const f of [
      () => pteIndex(paging, bad, 1),
      () => isCanonical(paging, bad),
      () => checkCanonical(paging, bad),
    ]) {
      expect(f).toThrow(PageTableError);
      expect(f).toThrow(expect.objectContaining({ code: "invalid-vaddr", va: bad }));
    }
  });
});

describe("the borders, written out", () => {
  it.each([
    [X86_64, 0x0000_7fff_ffff_ffffn, 0xffff_8000_0000_0000n],
    [X86_64_LA57, 0x00ff_ffff_ffff_ffffn, 0xff00_0000_0000_0000n],
    [SV39, 0x0000_003f_ffff_ffffn, 0xffff_ffc0_0000_0000n],
    [SV48, 0x0000_7fff_ffff_ffffn, 0xffff_8000_0000_0000n],
    [SV57, 0x00ff_ffff_ffff_ffffn, 0xff00_0000_0000_0000n],
    [AARCH64_4K, 0x0000_ffff_ffff_ffffn, 0xffff_0000_0000_0000n],
  ])("PT-2: the hole of $name", (paging, lastLow, firstHigh) => {
    const around = [0n, lastLow, lastLow + 1n, firstHigh - 1n, firstHigh, 2n ** 64n - 1n];
    expect(around.map((a) => isCanonical(paging, a))).toEqual([
      true,
      true,
      false,
      false,
      true,
      true,
    ]);
  });
  it("levels and largest leaves of the hardware", () => {
    expect(FORMATS.map((f) => [f.levels, f.highestTranslationLevel, f.vaBits])).toEqual([
      [4, 3, 48],
      [5, 3, 57],
      [3, 3, 39],
      [4, 4, 48],
      [5, 5, 57],
      [4, 3, 48],
    ]);
  });
  it("says what is wrong, in hex", () => {
    expect(() => checkCanonical(SV39, 2n ** 39n)).toThrow("0x8000000000 is not canonical in Sv39");
    expect(() => pteIndex(SV39, 0, 4)).toThrow(
      "Sv39 has no level 4: its levels are 1 (leaves) to 3",
    );
    expect(() => isCanonical(SV39, -1)).toThrow("-1 is no 64-bit virtual address");
  });
});
