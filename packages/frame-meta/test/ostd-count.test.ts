import { FrameError, REF_COUNT_MAX } from "@memkit/frame-meta";
import { fromOstdCount, statusOf, toOstdCount } from "@memkit/frame-meta/slots";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const OSTD_MAX = 2n ** 63n - 1n;
const OSTD_UNIQUE = 2n ** 64n - 2n;
const OSTD_UNUSED = 2n ** 64n - 1n;

/** OSTD's own reading of its u64 (`view` in `meta_owners.rs`). */
function ostdStatus(count: bigint): string {
  if (count === OSTD_UNUSED) return "UNUSED";
  if (count === OSTD_UNIQUE) return "UNIQUE";
  if (count === 0n) return "UNDER_CONSTRUCTION";
  return count <= OSTD_MAX ? "SHARED" : "OVERFLOW";
}

const word = fc.oneof(
  fc.constantFrom(-(2 ** 31), -3, -2, -1, 0, 1, REF_COUNT_MAX),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);

describe("the OSTD codec", () => {
  it("keeps the sentinels", () => {
    expect([-1, -2, 0, 1, REF_COUNT_MAX].map(toOstdCount)).toEqual([
      OSTD_UNUSED,
      OSTD_UNIQUE,
      0n,
      1n,
      0x7fff_ffffn,
    ]);
  });
  it("FM-4: round-trips every word and keeps its status", () => {
    fc.assert(
      fc.property(word, (w) => {
        expect(fromOstdCount(toOstdCount(w))).toBe(w);
        expect(ostdStatus(toOstdCount(w))).toBe(statusOf(w));
      }),
    );
  });
  it("FM-4: takes back only what it could have given", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), (count) => {
        let back: bigint | undefined;
        try {
          back = toOstdCount(fromOstdCount(count));
        } catch (error) {
          expect(error).toMatchObject({ code: "count-too-wide", got: count });
        }
        expect(back === undefined || back === count).toBe(true);
      }),
    );
  });
  it.each([2n ** 31n, OSTD_MAX, OSTD_MAX + 1n, -1n, 2n ** 64n, 2n ** 64n - 2n ** 31n - 1n])(
    "refuses %i",
    (count) => {
      expect(() => fromOstdCount(count)).toThrow(FrameError);
      expect(() => fromOstdCount(count)).toThrow(`0x${count.toString(16)}`);
    },
  );
  it("refuses what is no word", () => {
    expect(() => toOstdCount(2 ** 31)).toThrow(expect.objectContaining({ code: "not-a-word" }));
  });
});
