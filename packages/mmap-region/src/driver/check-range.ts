/**
 * What is a range of pages: the question that every driver asks before it asks the system.
 *
 * @module
 */

import { RegionError, wholeNumber } from "../region-error.js";

/** @throws {@link RegionError} `invalid-argument` unless `value` is a positive multiple of the page size. */
export function requirePages(argument: string, value: number, pageSize: number): void {
  if (wholeNumber(argument, value) % pageSize === 0 && value !== 0) return;
  throw new RegionError({
    code: "invalid-argument",
    argument,
    value,
    reason: `must be a positive multiple of the page size, ${pageSize}`,
  });
}

/** Both ends of a range; its end is a safe integer, too. */
export function requireRange(address: number, length: number, pageSize: number): void {
  requirePages("address", address, pageSize);
  requirePages("length", length, pageSize);
  wholeNumber("end of the range", address + length);
}
