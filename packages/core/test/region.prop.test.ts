import { containsRegion, formatRegion, overlaps, type Region } from "@memkit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** Small regions, told as sets of bytes. */
const region = fc.record({ start: fc.nat({ max: 12 }), len: fc.nat({ max: 6 }) });
const bytesOf = ({ start, len }: Region) => Array.from({ length: len }, (_, i) => start + i);

/** Anywhere up to 2^53-1, so that the last byte is a safe integer. */
const far = fc.maxSafeNat().chain((start) =>
  fc.record({
    start: fc.constant(start),
    len: fc.integer({ min: 0, max: Math.min(2 ** 40, Number.MAX_SAFE_INTEGER - start) }),
  }),
);

describe("CORE-1", () => {
  it("overlaps: exactly when they share a byte", () => {
    fc.assert(
      fc.property(region, region, (a, b) => {
        const shared = bytesOf(a).some((byte) => bytesOf(b).includes(byte));
        expect(overlaps(a, b)).toBe(shared);
        expect(overlaps(b, a)).toBe(shared);
      }),
      { numRuns: 1000 },
    );
  });
  it("overlaps and containsRegion agree with bigint arithmetic anywhere", () => {
    fc.assert(
      fc.property(far, far, (a, b) => {
        const [a0, a1] = [BigInt(a.start), BigInt(a.start) + BigInt(a.len)];
        const [b0, b1] = [BigInt(b.start), BigInt(b.start) + BigInt(b.len)];
        expect(overlaps(a, b)).toBe(a1 > a0 && b1 > b0 && a0 < b1 && b0 < a1);
        expect(containsRegion(a, b)).toBe(b0 >= a0 && b1 <= a1);
      }),
    );
  });
  it("containsRegion: every byte, and empty ones within or at the end", () => {
    fc.assert(
      fc.property(region, region, (outer, inner) => {
        const all = bytesOf(inner).every((byte) => bytesOf(outer).includes(byte));
        const placed = inner.start >= outer.start && inner.start <= outer.start + outer.len;
        expect(containsRegion(outer, inner)).toBe(inner.len === 0 ? placed : all);
      }),
      { numRuns: 1000 },
    );
  });
  it("the region itself overlaps and contains itself unless empty", () => {
    expect(overlaps({ start: 5, len: 0 }, { start: 5, len: 0 })).toBe(false);
    expect(overlaps({ start: 2 ** 32 - 1, len: 2 }, { start: 2 ** 32, len: 1 })).toBe(true);
    expect(overlaps({ start: 2 ** 53 - 1, len: 1 }, { start: 2 ** 53 - 2, len: 1 })).toBe(false);
  });
});

describe("formatRegion", () => {
  it.each([
    [{ start: 16, len: 16 }, "0x10..0x1f (16 bytes)"],
    [{ start: 16, len: 1 }, "0x10 (1 byte)"],
    [{ start: 16, len: 0 }, "0x10 (empty)"],
    [{ start: 2 ** 32, len: 2 }, "0x100000000..0x100000001 (2 bytes)"],
  ])("%o", (given, text) => {
    expect(formatRegion(given)).toBe(text);
  });
});
