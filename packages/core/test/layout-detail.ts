/**
 * What a refusal says.
 *
 * @module
 */

import { expect } from "vitest";
import { CoreError } from "../src/core-error.js";

/** The detail of the CoreError that `act` throws. */
export function detailOf(act: () => unknown): object {
  try {
    act();
  } catch (error) {
    if (error instanceof CoreError) {
      expect(error.message).not.toMatch(/\[object|undefined (bytes|elements)/);
      return { ...error };
    }
    throw error;
  }
  throw new Error("nothing was thrown");
}
