import { expect } from "vitest";
import { RegionError, type RegionErrorDetail } from "../src/index.js";

/** Expects `act` to throw a RegionError with this code and these fields, and returns it. */
export function refusal<C extends RegionErrorDetail["code"]>(
  act: () => unknown,
  code: C,
  fields: Partial<Extract<RegionErrorDetail, { code: C }>> = {},
): RegionError {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(RegionError);
  expect(thrown).toMatchObject({ code, ...fields });
  return thrown as RegionError;
}
