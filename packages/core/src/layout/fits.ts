/**
 * Whether a host value is exactly a value of a scalar type.
 *
 * A DataView coerces silently: `setUint8(0, 300)` stores 44, `setUint32(0, NaN)` stores 0. Every store of this language
 * asks one of these first, so what is written is what was given. `-0` counts as 0.
 *
 * @module
 */

const number = (value: unknown): value is number => typeof value === "number";

/** An integer from 0 to 255. */
export function isU8(value: unknown): value is number {
  return number(value) && (value & 0xff) === value;
}

/** An integer from -128 to 127. */
export function isI8(value: unknown): value is number {
  return number(value) && (value << 24) >> 24 === value;
}

/** An integer from 0 to 65,535. */
export function isU16(value: unknown): value is number {
  return number(value) && (value & 0xffff) === value;
}

/** An integer from -32,768 to 32,767. */
export function isI16(value: unknown): value is number {
  return number(value) && (value << 16) >> 16 === value;
}

/** An integer from 0 to 2^32-1. */
export function isU32(value: unknown): value is number {
  return number(value) && value >>> 0 === value;
}

/** An integer from -2^31 to 2^31-1. */
export function isI32(value: unknown): value is number {
  return number(value) && (value | 0) === value;
}

/** A bigint from 0 to 2^64-1. */
export function isU64(value: unknown): value is bigint {
  return typeof value === "bigint" && BigInt.asUintN(64, value) === value;
}

/** A bigint from -2^63 to 2^63-1. */
export function isI64(value: unknown): value is bigint {
  return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
}

/** An integer from 0 to 2^53-1: an unsigned 64-bit number that a JavaScript number holds exactly. */
export function isU53(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Any number. Storing it as `f32` rounds to the nearest, as `Math.fround` does. */
export function isFloat(value: unknown): value is number {
  return number(value);
}

/** `true` or `false`. */
export function isBool(value: unknown): value is boolean {
  return typeof value === "boolean";
}

/** An object; a record's fields are looked for in it. */
export function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** An array, or something like one, of exactly `count` elements. */
export function isArrayOf(value: unknown, count: number): value is ArrayLike<unknown> {
  return isRecord(value) && (value as { length?: unknown }).length === count;
}
