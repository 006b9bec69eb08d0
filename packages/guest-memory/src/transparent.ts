/**
 * Types whose bytes are their value, so that ranges of them can be borrowed and copied as bytes.
 *
 * They are wiggle's ten: the integers and floats. Everything else (bools, enums, flags, records, pointers) has bytes
 * that are no value, and is read element by element.
 *
 * @see wiggle `src/guest_type.rs`, `GuestTypeTransparent`
 * @module
 */

import { Kind, type Layout, type Scalar, type ValueOf } from "@memkit/core";
import { GuestError } from "./error.js";

/** For each transparent type, the typed array that holds its values on the host. */
export interface Vectors {
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u64: BigUint64Array;
  readonly i64: BigInt64Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** A type that slices can be made of. */
export type Transparent = Scalar<keyof Vectors>;

/** The typed array of a type's values. */
export type VectorOf<T extends Transparent> =
  T extends Scalar<infer N extends keyof Vectors> ? Vectors[N] : never;

type Constructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): Vectors[keyof Vectors];
};

const CONSTRUCTORS: ReadonlyMap<number, Constructor> = new Map<number, Constructor>([
  [Kind.u8, Uint8Array],
  [Kind.i8, Int8Array],
  [Kind.u16, Uint16Array],
  [Kind.i16, Int16Array],
  [Kind.u32, Uint32Array],
  [Kind.i32, Int32Array],
  [Kind.u64, BigUint64Array],
  [Kind.i64, BigInt64Array],
  [Kind.f32, Float32Array],
  [Kind.f64, Float64Array],
]);

/** The getter of every typed array: a class derived from one may have a `byteLength` of its own. */
export const lengthOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  "byteLength",
)?.get as (this: ArrayBufferView) => number;

/** Guests are little-endian; where the host is not, values go through a DataView one by one. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** @throws {@link GuestError} `not-transparent`, also for a number with padding behind it because its alignment was raised */
export function demandTransparent(type: Layout): void {
  if (CONSTRUCTORS.get(type.kind)?.BYTES_PER_ELEMENT !== type.size) {
    throw new GuestError({ code: "not-transparent", type: type.name });
  }
}

/** The values that `bytes` hold. Takes `bytes.buffer`, all of which it must be, for its own. */
export function vectorOf<T extends Transparent>(
  type: T,
  bytes: Uint8Array<ArrayBuffer>,
): VectorOf<T> {
  const Vector = CONSTRUCTORS.get(type.kind) as Constructor;
  if (LITTLE_ENDIAN) return new Vector(bytes.buffer) as VectorOf<T>;
  const dv = new DataView(bytes.buffer);
  const vector = new Vector(new ArrayBuffer(bytes.length));
  for (let i = 0; i < vector.length; i++) vector[i] = type.read(dv, i * type.size) as number;
  return vector as VectorOf<T>;
}

/**
 * The bytes of `values`: a view of them if they are a typed array of `type`, else a checked copy of the first `count`,
 * which is what their length was when the caller asked.
 *
 * @throws `CoreError` `value-out-of-range`
 */
export function bytesOf<T extends Transparent>(
  type: T,
  values: ArrayLike<ValueOf<T>>,
  count: number,
): Uint8Array {
  const Vector = CONSTRUCTORS.get(type.kind) as unknown as typeof Uint8Array;
  const length = count * type.size;
  // Of what only looks like a typed array, or has another length than it says, each element is checked.
  if (LITTLE_ENDIAN && values instanceof Vector && ArrayBuffer.isView(values)) {
    if (lengthOf.call(values) === length) {
      return new Uint8Array(values.buffer, values.byteOffset, length);
    }
  }
  const bytes = new Uint8Array(length);
  const dv = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) type.write(dv, i * type.size, values[i] as never);
  return bytes;
}
