/**
 * What is a range of pages, and what else every driver asks before it asks the system.
 *
 * @module
 */

import { badArgument, requireObject } from "../argument.js";
import { RegionError, wholeNumber } from "../region-error.js";
import type { Access, PageRange } from "./driver.js";

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

/** Every range of a list. */
export function requireRanges(ranges: readonly PageRange[], pageSize: number): void {
  const given: unknown = ranges;
  if (!Array.isArray(given)) throw badArgument("ranges", ranges, "must be an array of ranges");
  for (const range of ranges) {
    requireObject("range", range);
    requireRange(range.address, range.length, pageSize);
  }
}

/** @throws {@link RegionError} `invalid-argument` for what is no access */
export function requireAccess(access: Access): void {
  if (access === "none" || access === "read" || access === "read-write") return;
  throw badArgument("access", access, "must be none, read or read-write");
}

/** @throws {@link RegionError} `invalid-argument` for what is no array of this kind */
export function requireArray(
  argument: string,
  value: unknown,
  kind: Uint8ArrayConstructor | Uint32ArrayConstructor,
): void {
  if (!(value instanceof kind)) throw badArgument(argument, value, `must be a ${kind.name}`);
}

/** @throws {@link RegionError} `invalid-argument` for what is no buffer, be it of another realm */
export function requireBuffer(buffer: ArrayBuffer): void {
  if (buffer instanceof ArrayBuffer) return;
  if (Object.prototype.toString.call(buffer) === "[object ArrayBuffer]") return;
  throw badArgument("buffer", buffer, "must be an ArrayBuffer");
}
