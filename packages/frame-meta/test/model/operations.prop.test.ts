/** Random operations agree with the model, and every invariant holds after each: FM-16, FM-17, FM-20, FM-21. */
import { expect, it } from "vitest";
import { MODES } from "../slot/modes.js";
import { play } from "./operations.js";

const OPERATIONS = 4000;

it.each(MODES)(
  `FM-16 FM-17 FM-20 FM-21: ${OPERATIONS} operations in mode %s`,
  (mode) => {
    expect(play(mode, OPERATIONS)).toBeGreaterThanOrEqual(OPERATIONS);
  },
  120_000,
);
