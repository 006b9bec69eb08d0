/**
 * The plain scalars, named by width.
 *
 * @module
 */

import { Kind } from "./kind.js";
import { define, faceOf } from "./node.js";
import type { Part } from "./part.js";
import type { Handle, Scalar, ScalarName } from "./type.js";
import { VALUES } from "./walk.js";

function scalar<N extends ScalarName>(name: N, size: number, part: Part): Scalar<N> {
  const plan = { kind: Kind[name], part, code: VALUES, name, size, align: size, portable: true };
  return faceOf(define(() => plan));
}

/** An unsigned byte: a number from 0 to 255. */
export const u8: Scalar<"u8"> = /* @__PURE__ */ scalar("u8", 1, "u8");
/** A signed byte: a number from -128 to 127. */
export const i8: Scalar<"i8"> = /* @__PURE__ */ scalar("i8", 1, "i8");
/** Two unsigned bytes: a number from 0 to 65,535. */
export const u16: Scalar<"u16"> = /* @__PURE__ */ scalar("u16", 2, "u16");
/** Two signed bytes: a number from -32,768 to 32,767. */
export const i16: Scalar<"i16"> = /* @__PURE__ */ scalar("i16", 2, "i16");
/** Four unsigned bytes: a number from 0 to 2^32-1. */
export const u32: Scalar<"u32"> = /* @__PURE__ */ scalar("u32", 4, "u32");
/** Four signed bytes: a number from -2^31 to 2^31-1. */
export const i32: Scalar<"i32"> = /* @__PURE__ */ scalar("i32", 4, "i32");
/** Eight unsigned bytes: a bigint from 0 to 2^64-1. See {@link u64Number} for a number. */
export const u64: Scalar<"u64"> = /* @__PURE__ */ scalar("u64", 8, "u64");
/** Eight signed bytes: a bigint from -2^63 to 2^63-1. */
export const i64: Scalar<"i64"> = /* @__PURE__ */ scalar("i64", 8, "i64");
/**
 * An IEEE 754 single: a number, rounded to the nearest single when stored.
 *
 * `DataView.getFloat32` and `setFloat32` may quiet a signalling NaN (0x7fa00001 becomes 0x7fe00001 in V8), so its bits
 * do not survive a round trip; copy the bytes where they must.
 */
export const f32: Scalar<"f32"> = /* @__PURE__ */ scalar("f32", 4, "float");
/** An IEEE 754 double: a number. */
export const f64: Scalar<"f64"> = /* @__PURE__ */ scalar("f64", 8, "float");
/** C's `_Bool`: one byte, 0 or 1; anything else is `invalid-enum-value`. */
export const bool8: Scalar<"bool8"> = /* @__PURE__ */ scalar("bool8", 1, "bool");
/**
 * A bool as witx lays it out: an enumeration `{ false, true }` whose tag is a `u32`; anything else is
 * `invalid-enum-value`.
 *
 * @see https://github.com/WebAssembly/WASI/blob/wasi-0.1/tools/witx/src/validate.rs
 */
export const boolWitx32: Scalar<"boolWitx32"> = /* @__PURE__ */ scalar("boolWitx32", 4, "bool");
/** One byte of text: its number from 0 to 255, not a string. */
export const charU8: Scalar<"charU8"> = /* @__PURE__ */ scalar("charU8", 1, "u8");
/** Eight unsigned bytes as a number from 0 to 2^53-1: above, reading throws `value-out-of-range`. About 8 times faster than {@link u64}. */
export const u64Number: Scalar<"u64Number"> = /* @__PURE__ */ scalar("u64Number", 8, "u64Number");

/** An index that a host gives out: any `u32`. */
export const handle: Handle = /* @__PURE__ */ faceOf(
  /* @__PURE__ */ define(() => ({
    kind: Kind.handle,
    part: "u32",
    code: VALUES,
    name: "handle",
    size: 4,
    align: 4,
    portable: true,
  })),
);
