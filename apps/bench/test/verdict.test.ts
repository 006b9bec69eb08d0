import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Attempt, type Bound, combine, judge, NOISY_SHARE } from "../src/verdict.js";

const attempt = (over: Partial<Attempt> = {}): Attempt => ({
  value: 1,
  spread: 0,
  noisy: false,
  eliminated: false,
  ok: true,
  ...over,
});

const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true });

describe("judge", () => {
  it("holds at the bound and fails beyond it, in both senses", () => {
    expect(judge([2, 2, 2], { atMost: 2 }, false).ok).toBe(true);
    expect(judge([2.001, 2.001], { atMost: 2 }, false).ok).toBe(false);
    expect(judge([2, 2, 2], { atLeast: 2 }, false).ok).toBe(true);
    expect(judge([1.999, 1.999], { atLeast: 2 }, false).ok).toBe(false);
  });

  it("is noisy above 30 % of the bound, whatever the value", () => {
    // Rounds 1, 2, 3, 4, 5: the middle half is 2 wide.
    const rounds = [1, 2, 3, 4, 5];
    expect(judge(rounds, { atMost: 2 / NOISY_SHARE + 0.01 }, false)).toMatchObject({
      noisy: false,
      ok: true,
    });
    expect(judge(rounds, { atMost: 2 / NOISY_SHARE - 0.01 }, false)).toMatchObject({
      noisy: true,
      ok: false,
      value: 3,
      spread: 2,
    });
  });

  it("never holds for a row that was optimised away or has no reading", () => {
    expect(judge([1], { atMost: 2 }, true).ok).toBe(false);
    expect(judge([], { atMost: 2 }, false).ok).toBe(false);
    expect(judge([1, Number.NaN, 1], { atMost: 2 }, false).ok).toBe(false);
    expect(judge([Number.POSITIVE_INFINITY], { atLeast: 2 }, false).ok).toBe(false);
  });

  it("says of exactly one of two opposite bounds that it is met, unless the value lies on it", () => {
    fc.assert(
      fc.property(positive, positive, (value, bound) => {
        fc.pre(value !== bound);
        const met = (b: Bound): boolean => judge([value, value], b, false).ok;
        expect(met({ atMost: bound })).toBe(!met({ atLeast: bound }));
      }),
    );
  });

  it("holds for a looser bound whenever it holds for a tighter one", () => {
    fc.assert(
      fc.property(fc.array(positive, { minLength: 1 }), positive, positive, (rounds, a, b) => {
        const [tight, loose] = [Math.min(a, b), Math.max(a, b)];
        if (judge(rounds, { atMost: tight }, false).ok) {
          expect(judge(rounds, { atMost: loose }, false).ok).toBe(true);
        }
      }),
    );
  });
});

describe("combine", () => {
  it("fails when two of three fail, in every order", () => {
    const bad = attempt({ ok: false });
    const good = attempt();
    expect(combine([good]).ok).toBe(true);
    expect(combine([bad]).ok).toBe(false);
    expect(combine([bad, good, good]).ok).toBe(true);
    for (const two of [
      [bad, bad, good],
      [bad, good, bad],
      [good, bad, bad],
    ]) {
      expect(combine(two).ok).toBe(false);
    }
  });

  it("agrees with counting, for any attempts", () => {
    const any = fc.record({
      ok: fc.boolean(),
      noisy: fc.boolean(),
      value: positive,
      spread: positive,
    });
    fc.assert(
      fc.property(fc.tuple(any, any, any), (three) => {
        const verdict = combine(three.map(attempt));
        expect(verdict.ok).toBe(three.filter((a) => !a.ok).length < 2);
        expect(verdict.noisy).toBe(three.filter((a) => a.noisy).length >= 2);
        const middle = three.map((a) => a.value).sort((a, b) => a - b)[1];
        expect(verdict.value).toBe(middle);
      }),
    );
  });

  it("reports a value within the bound when the check holds", () => {
    fc.assert(
      fc.property(fc.tuple(positive, positive, positive), positive, (values, atMost) => {
        const verdict = combine(values.map((value) => judge([value], { atMost }, false)));
        expect(verdict.ok).toBe(verdict.value <= atMost);
      }),
    );
  });
});
