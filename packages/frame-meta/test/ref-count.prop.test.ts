import { REF_COUNT_MAX, Refusal } from "@memkit/frame-meta";
import {
  statusOf,
  tryDecShared,
  tryDecSingle,
  tryIncShared,
  tryIncSingle,
} from "@memkit/frame-meta/slots";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** Words where something changes are rare among all int32: ask for them half of the time. */
const word = fc.oneof(
  fc.constantFrom(-(2 ** 31), -4, -3, -2, -1, 0, 1, 2, REF_COUNT_MAX - 1, REF_COUNT_MAX),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);

/** The table of the module head, told by status and not by comparison. */
function model(op: "inc" | "dec", before: number): { result: number; after: number } {
  switch (statusOf(before)) {
    case "UNUSED":
      return { result: Refusal.unused, after: before };
    case "UNIQUE":
      return { result: Refusal.unique, after: before };
    case "UNDER_CONSTRUCTION":
      return { result: Refusal.busy, after: before };
    case "OVERFLOW":
      return { result: Refusal.overflow, after: before };
    case "SHARED": {
      const after = op === "inc" ? before + 1 : before - 1;
      return after > REF_COUNT_MAX
        ? { result: Refusal.countAtMax, after: before }
        : { result: after, after };
    }
  }
}

describe.each([
  { mode: "single", inc: tryIncSingle, dec: tryDecSingle, Buffer: ArrayBuffer },
  { mode: "shared", inc: tryIncShared, dec: tryDecShared, Buffer: SharedArrayBuffer },
])("$mode", ({ inc, dec, Buffer }) => {
  it("FM-1 FM-2 FM-3: any sequence of steps on any slots agrees with the table", () => {
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.constantFrom("inc", "dec"), fc.nat({ max: 3 })), { maxLength: 60 }),
        (start, steps) => {
          const words = new Int32Array(new Buffer(start.length * 4));
          words.set(start);
          const expected = [...start];
          for (const [op, at] of steps) {
            const result = (op === "inc" ? inc : dec)(words, at);
            const before = expected[at];
            if (before === undefined) {
              expect(result).toBe(Refusal.outOfBound);
            } else {
              const step = model(op, before);
              expected[at] = step.after;
              expect(result).toBe(step.result);
            }
            expect([...words]).toEqual(expected);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
