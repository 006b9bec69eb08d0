/** Random operations agree with the model, and every invariant holds after each: FM-16, FM-17, FM-20, FM-21. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MODES } from "../slot/modes.js";
import { FRAMES, OPS, Operation, setUp, tearDown } from "./operations.js";

/** Operations for each mode; `MEMKIT_OPERATIONS` asks for more. */
const OPERATIONS = Number(process.env.MEMKIT_OPERATIONS ?? 10_000);
const LENGTH = 100;

describe.each(MODES)("%s", (mode) => {
  it(`FM-16 FM-17 FM-20 FM-21: ${OPERATIONS} operations`, () => {
    const one = fc
      .tuple(fc.constantFrom(...Object.keys(OPS)), fc.nat({ max: FRAMES - 1 }), fc.nat({ max: 50 }))
      .map(([name, a, b]) => new Operation(name, a, b));
    let ran = 0;
    fc.assert(
      fc.property(
        fc.array(one, { minLength: LENGTH, maxLength: LENGTH, size: "max" }),
        (operations) => {
          const { model, real } = setUp(mode);
          for (const operation of operations) {
            operation.run(model, real);
            ran += 1;
          }
          tearDown(model, real);
        },
      ),
      { numRuns: Math.ceil(OPERATIONS / LENGTH) },
    );
    expect(ran).toBeGreaterThanOrEqual(OPERATIONS);
  }, 600_000);
});
