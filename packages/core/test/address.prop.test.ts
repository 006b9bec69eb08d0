import {
  alignDown,
  alignUp,
  basePagesAt,
  CoreError,
  hiWord,
  isAligned,
  joinWords,
  joinWordsBig,
  loWord,
  MAX_NUMERIC_ADDRESS,
  MAX_PAGE_NUMBER,
  NR_ENTRIES,
  type PagingLevel,
  paddr,
  paddrOf,
  pageShift,
  pageSizeAt,
  pagesTouched,
  pagingLevel,
  pfn,
  pfnOf,
  vaddr,
  vaddrOf,
  vpn,
  vpnOf,
} from "@memkit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const U64 = 2n ** 64n;
const EDGES = [0, 1, 4095, 4096, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, 2 ** 53 - 1];
const numeric = fc.oneof(fc.constantFrom(...EDGES), fc.maxSafeNat());
const wide = fc.oneof(
  fc.constantFrom(...EDGES.map(BigInt), 2n ** 53n, 2n ** 63n, U64 - 1n, 0xffff_8000_0000_0000n),
  fc.bigInt({ min: 0n, max: U64 - 1n }),
);
const align = fc.integer({ min: 0, max: 52 }).map((shift) => 2 ** shift);
const notAnInteger = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, -(2 ** 53)];

describe("CORE-5: constructors", () => {
  it.each([
    ["paddr", paddr, MAX_NUMERIC_ADDRESS],
    ["vaddr", vaddr, MAX_NUMERIC_ADDRESS],
    ["pfn", pfn, MAX_PAGE_NUMBER],
    ["vpn", vpn, MAX_PAGE_NUMBER],
  ] as const)("%s takes its range, as number or bigint, and nothing else", (kind, make, max) => {
    for (const good of [0, 1, 2 ** 32, max]) {
      expect(make(good)).toBe(good);
      expect(make(BigInt(good))).toBe(good);
    }
    expect(Object.is(make(-0), 0)).toBe(true);
    for (const got of [...notAnInteger, max + 1, BigInt(max) + 1n, -1n, U64]) {
      expect(() => make(got)).toThrow(
        expect.objectContaining({ code: "address-out-of-range", kind, got, max }),
      );
    }
  });
  it("says the number in hex when it has one", () => {
    expect(() => paddr(2n ** 53n)).toThrow(
      "0x20000000000000 is no paddr: it must be an integer in 0..0x1fffffffffffff",
    );
    expect(() => pfn(0.5)).toThrow("0.5 is no pfn");
    expect(() => pfn(-1)).toThrow("-1 is no pfn");
  });
});

describe("CORE-5: pages and frames against bigint arithmetic", () => {
  it("numbers a page by its address over 4096, on all 64 bits", () => {
    fc.assert(
      fc.property(wide, (address) => {
        expect(BigInt(vpnOf(address))).toBe(address >> 12n);
        expect(BigInt(pfnOf(address))).toBe(address >> 12n);
      }),
    );
    fc.assert(
      fc.property(numeric, (address) => {
        expect(BigInt(vpnOf(address))).toBe(BigInt(address) >> 12n);
        expect(paddrOf(pfnOf(address))).toBe(alignDown(address, 4096));
        expect(vaddrOf(vpnOf(address))).toBe(alignDown(address, 4096));
      }),
    );
  });
  it("refuses a byte address that a number cannot hold", () => {
    expect(paddrOf(pfn(2 ** 41 - 1))).toBe(2 ** 53 - 4096);
    expect(() => paddrOf(pfn(2 ** 41))).toThrow(CoreError);
    expect(() => vaddrOf(vpn(MAX_PAGE_NUMBER))).toThrow("is no vaddr");
    expect(() => vpnOf(U64)).toThrow("is no vaddr");
    expect(() => pfnOf(-1n)).toThrow("is no paddr");
    expect(() => pfnOf(2 ** 53)).toThrow("is no paddr");
  });
});

describe("words", () => {
  it("come apart and together again", () => {
    fc.assert(
      fc.property(wide, (value) => {
        const hi = hiWord(value);
        const lo = loWord(value);
        expect([BigInt(hi), BigInt(lo)]).toEqual([value >> 32n, value & 0xffff_ffffn]);
        expect(joinWordsBig(hi, lo)).toBe(value);
        expect(joinWordsBig(hi | 0, lo | 0)).toBe(value); // signed words are the same bits
        if (value < 2n ** 53n) expect(joinWords(hi | 0, lo | 0)).toBe(Number(value));
        else expect(() => joinWords(hi, lo)).toThrow(expect.objectContaining({ got: value }));
      }),
    );
    fc.assert(fc.property(numeric, (n) => joinWords(hiWord(n), loWord(n)) === n));
  });
  it.each([...notAnInteger.filter((n) => n !== -1), 2 ** 32])("%d is no word", (word) => {
    expect(() => joinWords(0, word)).toThrow(CoreError);
    expect(() => joinWordsBig(word, 0)).toThrow("is no word");
  });
  it.each([...notAnInteger, 2 ** 53, U64, -1n])("%s has no words", (value) => {
    expect(() => hiWord(value)).toThrow("is no address");
    expect(() => loWord(value)).toThrow("is no address");
  });
});

describe("CORE-4: levels", () => {
  it("are 4 KiB, 2 MiB, 1 GiB, 512 GiB and 256 TiB", () => {
    const levels: PagingLevel[] = [1, 2, 3, 4, 5];
    expect(levels.map(pageSizeAt)).toEqual([2 ** 12, 2 ** 21, 2 ** 30, 2 ** 39, 2 ** 48]);
    expect(levels.map(pageShift)).toEqual([12, 21, 30, 39, 48]);
    expect(levels.map(basePagesAt)).toEqual(levels.map((level) => NR_ENTRIES ** (level - 1)));
  });
  it.each([0, 6, 1.5, -1, Number.NaN])("%d is none", (got) => {
    expect(() => pagingLevel(got)).toThrow(expect.objectContaining({ code: "invalid-level", got }));
    expect(() => pageSizeAt(got as PagingLevel)).toThrow(CoreError);
  });
});

describe("CORE-4: alignment against bigint arithmetic", () => {
  it("never rounds, and throws instead of leaving the numbers", () => {
    fc.assert(
      fc.property(numeric, align, (address, to) => {
        const down = (BigInt(address) / BigInt(to)) * BigInt(to);
        const up = down === BigInt(address) ? down : down + BigInt(to);
        expect(BigInt(alignDown(address, to))).toBe(down);
        expect(isAligned(address, to)).toBe(down === BigInt(address));
        if (up < 2n ** 53n) expect(BigInt(alignUp(address, to))).toBe(up);
        else
          expect(() => alignUp(address, to)).toThrow(
            expect.objectContaining({ code: "address-overflow", start: address }),
          );
      }),
      { numRuns: 1000 },
    );
  });
  it.each([0, 3, -4096, 0.5, 2 ** 53, Number.NaN, 4097, 2 ** 52 - 1])("to %d is refused", (got) => {
    for (const f of [alignDown, alignUp, isAligned]) {
      expect(() => f(8192, got)).toThrow(expect.objectContaining({ code: "not-a-power-of-two" }));
    }
  });
  it.each(notAnInteger)("of %d is refused", (got) => {
    expect(() => alignUp(got, 4096)).toThrow(expect.objectContaining({ got, kind: "address" }));
  });
});

describe("CORE-4: pages touched", () => {
  it("counts every page of the range once", () => {
    fc.assert(
      fc.property(wide, wide, (start, len) => {
        const end = start + len;
        if (end > U64) {
          expect(() => pagesTouched(start, len)).toThrow(
            expect.objectContaining({ code: "address-overflow", start, len }),
          );
          return;
        }
        const { first, count } = pagesTouched(start, len);
        expect(BigInt(first)).toBe(start >> 12n);
        expect(BigInt(count)).toBe(len === 0n ? 0n : ((end - 1n) >> 12n) - (start >> 12n) + 1n);
      }),
    );
  });
  it("reaches the end of the address space without naming it", () => {
    expect(pagesTouched(0n, U64)).toEqual({ first: 0, count: 2 ** 52 });
    expect(pagesTouched(U64 - 1n, 1)).toEqual({ first: MAX_PAGE_NUMBER, count: 1 });
    expect(() => pagesTouched(U64 - 1n, 2)).toThrow("leave the address space");
    expect(pagesTouched(0xfff, 2)).toEqual({ first: 0, count: 2 });
    expect(pagesTouched(4096, 0)).toEqual({ first: 1, count: 0 });
  });
  it.each([-1, 0.5, 2 ** 53, -1n, U64 + 1n])("refuses %s bytes", (len) => {
    expect(() => pagesTouched(0, len)).toThrow(
      expect.objectContaining({ kind: "length", got: len }),
    );
  });
});
