import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, quantile, spread } from "../src/stats.js";

// Eighths: exact when halved or doubled, and no -0.
const samples = fc.array(
  fc.integer({ min: -1e9, max: 1e9 }).map((x) => x / 8),
  { minLength: 1, maxLength: 40 },
);

describe("quantile", () => {
  it("is the textbook value on small cases", () => {
    expect(median([3])).toBe(3);
    expect(median([4, 1])).toBe(2.5);
    expect(median([9, 1, 5])).toBe(5);
    expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2);
    expect(quantile([1, 2, 3, 4], 0.75)).toBe(3.25);
    expect(spread([1, 2, 3, 4, 5])).toBe(2);
  });

  it("is NaN without samples, and when one sample is no number", () => {
    expect(median([])).toBeNaN();
    expect(median([1, Number.NaN, 2])).toBeNaN();
  });

  it("puts at least half of the samples on either side of the median", () => {
    fc.assert(
      fc.property(samples, (xs) => {
        const m = median(xs);
        expect(2 * xs.filter((x) => x <= m).length).toBeGreaterThanOrEqual(xs.length);
        expect(2 * xs.filter((x) => x >= m).length).toBeGreaterThanOrEqual(xs.length);
      }),
    );
  });

  it("does not depend on the order, and does not sort its argument", () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0, max: 1, noNaN: true }), (xs, q) => {
        const copy = [...xs];
        const reversed = [...xs].reverse();
        expect(quantile(xs, q)).toBe(quantile(reversed, q));
        expect(xs).toEqual(copy);
      }),
    );
  });

  it("grows with q, from the least sample to the greatest", () => {
    fc.assert(
      fc.property(samples, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (xs, qs) => {
        const at = [0, ...qs.sort((a, b) => a - b), 1].map((q) => quantile(xs, q));
        expect(at[0]).toBe(Math.min(...xs));
        expect(at.at(-1)).toBe(Math.max(...xs));
        for (let i = 1; i < at.length; i++) {
          expect(at[i]! - at[i - 1]!).toBeGreaterThanOrEqual(-1e-6);
        }
      }),
    );
  });
});

describe("spread", () => {
  it("is the width of the middle half: no sample far out changes it by itself", () => {
    const calm = [10, 10, 11, 11, 12, 12, 13, 13, 14];
    expect(spread([...calm.slice(0, -1), 1e9])).toBe(spread(calm));
  });

  it("is never negative, 0 for equal samples, and scales with them", () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 1000 }), (xs, k) => {
        expect(spread(xs)).toBeGreaterThanOrEqual(0);
        expect(spread(xs.map(() => k))).toBe(0);
        expect(spread(xs.map((x) => 2 * x))).toBe(2 * spread(xs));
      }),
    );
  });
});
