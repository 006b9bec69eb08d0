import { FrameError, type FrameErrorDetail, REF_COUNT_MAX, Refusal } from "@memkit/frame-meta";
import * as subpath from "@memkit/frame-meta/ref-count";
import {
  decShared,
  decSingle,
  incShared,
  incSingle,
  type MetaSlotStatus,
  statusOf,
  tryDecShared,
  tryDecSingle,
  tryIncShared,
  tryIncSingle,
} from "@memkit/frame-meta/slots";
import { describe, expect, it } from "vitest";

const INT32_MIN = -(2 ** 31);

function detailOf(run: () => unknown): FrameErrorDetail {
  try {
    run();
  } catch (error) {
    if (error instanceof FrameError) return { ...error } as unknown as FrameErrorDetail;
    throw error;
  }
  throw new Error("did not throw");
}

describe("statusOf: the value table", () => {
  const table: [number, MetaSlotStatus][] = [
    [-1, "UNUSED"],
    [-2, "UNIQUE"],
    [0, "UNDER_CONSTRUCTION"],
    [1, "SHARED"],
    [REF_COUNT_MAX - 1, "SHARED"],
    [REF_COUNT_MAX, "SHARED"],
    [-3, "OVERFLOW"],
    [INT32_MIN, "OVERFLOW"],
  ];
  it.each(table)("%i is %s", (word, status) => {
    expect(statusOf(word)).toBe(status);
  });
  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 32 - 1, INT32_MIN - 1])(
    "%d is no word",
    (got) => {
      expect(detailOf(() => statusOf(got))).toEqual({ code: "not-a-word", got });
    },
  );
});

const MODES = [
  {
    mode: "single",
    inc: incSingle,
    dec: decSingle,
    tryInc: tryIncSingle,
    tryDec: tryDecSingle,
    words: (...values: number[]) => Int32Array.from(values),
  },
  {
    mode: "shared",
    inc: incShared,
    dec: decShared,
    tryInc: tryIncShared,
    tryDec: tryDecShared,
    words: (...values: number[]) => {
      const words = new Int32Array(new SharedArrayBuffer(values.length * 4));
      words.set(values);
      return words;
    },
  },
] as const;

describe.each(MODES)("$mode", ({ inc, dec, tryInc, tryDec, words }) => {
  it("counts from one handle to several and down to busy, and returns each count", () => {
    const slots = words(7, 1, 7);
    expect([inc(slots, 1), inc(slots, 1), dec(slots, 1), dec(slots, 1), dec(slots, 1)]).toEqual([
      2, 3, 2, 1, 0,
    ]);
    expect([...slots]).toEqual([7, 0, 7]);
    expect(statusOf(slots[1] ?? Number.NaN)).toBe("UNDER_CONSTRUCTION");
  });

  it("FM-1: reaches REF_COUNT_MAX, refuses one more, and comes back", () => {
    const slots = words(REF_COUNT_MAX - 1);
    expect(inc(slots, 0)).toBe(REF_COUNT_MAX);
    expect(tryInc(slots, 0)).toBe(Refusal.countAtMax);
    expect(detailOf(() => inc(slots, 0))).toEqual({
      code: "count-at-max",
      index: 0,
      word: REF_COUNT_MAX,
    });
    expect(slots[0]).toBe(REF_COUNT_MAX);
    expect(dec(slots, 0)).toBe(REF_COUNT_MAX - 1);
  });

  describe.each([
    ["unused", -1, Refusal.unused],
    ["unique", -2, Refusal.unique],
    ["busy", 0, Refusal.busy],
    ["overflow", -3, Refusal.overflow],
    ["overflow", INT32_MIN, Refusal.overflow],
  ] as const)("FM-2: %s (%i)", (code, word, refusal) => {
    it.each([
      ["inc", inc, tryInc],
      ["dec", dec, tryDec],
    ] as const)("%s is refused and the word stays", (_name, throwing, trying) => {
      const slots = words(5, word, 5);
      expect(trying(slots, 1)).toBe(refusal);
      expect(detailOf(() => throwing(slots, 1))).toEqual({ code, index: 1, word });
      expect([...slots]).toEqual([5, word, 5]);
    });
  });

  it.each([-1, 2, 0.5, 1.5, 2 ** 31, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY])(
    "index %d names no word: nothing is touched",
    (index) => {
      const slots = words(3, 3);
      for (const [throwing, trying] of [
        [inc, tryInc],
        [dec, tryDec],
      ] as const) {
        expect(trying(slots, index)).toBe(Refusal.outOfBound);
        expect(detailOf(() => throwing(slots, index))).toEqual({
          code: "out-of-bound",
          index,
          length: 2,
        });
      }
      expect([...slots]).toEqual([3, 3]);
    },
  );
});

describe("FrameError", () => {
  it("says what happened and what to do, with the word in hex", () => {
    expect(() => incSingle(Int32Array.of(-2), 0)).toThrow(
      "count word 0 (0xfffffffe) is unique: share it before counting",
    );
    expect(() => decSingle(Int32Array.of(0), 0)).toThrow("dropped twice?");
    expect(() => incSingle(Int32Array.of(REF_COUNT_MAX), 0)).toThrow("2147483647");
    expect(() => incSingle(new Int32Array(2), 2)).toThrow("the array has 2");
    expect(() => statusOf(0.5)).toThrow("0.5 is not a 32-bit signed integer");
  });
  it("is one class behind index and subpath", () => {
    expect(subpath.incSingle).toBe(incSingle);
    expect(() => subpath.decSingle(Int32Array.of(0), 0)).toThrow(FrameError);
  });
});
