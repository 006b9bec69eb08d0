/**
 * The element types of typed arrays and DataViews, in one table.
 *
 * @see ECMA-262 "The TypedArray Constructors", table of element types
 * @module
 */

import type { Word } from "./access.js";
import { realm } from "./realm.js";

type Array_ =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** One type of element. */
export interface Element {
  /** The name of its typed array, a global. */
  readonly array: string;
  /** What `get...` and `set...` of a DataView are called for it; none for clamped bytes. */
  readonly accessor: string | undefined;
  /** As it stands in traces. */
  readonly label: string;
  /** In bytes. */
  readonly size: number;
  /** One of it: assigning wraps, clamps or rounds a value as the type does. */
  readonly scratch: Array_;
}

/** The numbers of the types: what an access carries. */
const ElementType = {
  i8: 0,
  u8: 1,
  clamped: 2,
  i16: 3,
  u16: 4,
  i32: 5,
  u32: 6,
  f32: 7,
  f64: 8,
  i64: 9,
  u64: 10,
} as const;

const of = (scratch: Array_, label: string, accessor?: string): Element => ({
  array: scratch.constructor.name,
  accessor,
  label,
  size: scratch.BYTES_PER_ELEMENT,
  scratch,
});

/** By {@link ElementType}. */
export const ELEMENTS: readonly Element[] = [
  of(new Int8Array(1), "i8", "Int8"),
  of(new Uint8Array(1), "u8", "Uint8"),
  of(new Uint8ClampedArray(1), "u8c"),
  of(new Int16Array(1), "i16", "Int16"),
  of(new Uint16Array(1), "u16", "Uint16"),
  of(new Int32Array(1), "i32", "Int32"),
  of(new Uint32Array(1), "u32", "Uint32"),
  of(new Float32Array(1), "f32", "Float32"),
  of(new Float64Array(1), "f64", "Float64"),
  of(new BigInt64Array(1), "i64", "BigInt64"),
  of(new BigUint64Array(1), "u64", "BigUint64"),
];

/** The value that an element of this type holds after it was assigned `value`. */
export function fit(type: number, value: unknown): Word {
  const scratch = ELEMENTS[type]!.scratch as { [index: number]: unknown };
  scratch[0] = value; // converts, and throws what the assignment would throw
  return scratch[0] as Word;
}

type View = DataView<ArrayBuffer>;

/** Reads an element. Typed arrays are little-endian on every host that Node or a browser runs on. */
export function readElement(view: View, type: number, at: number, little: boolean): Word {
  switch (type) {
    case ElementType.i8:
      return view.getInt8(at);
    case ElementType.u8:
    case ElementType.clamped:
      return view.getUint8(at);
    case ElementType.i16:
      return view.getInt16(at, little);
    case ElementType.u16:
      return view.getUint16(at, little);
    case ElementType.i32:
      return view.getInt32(at, little);
    case ElementType.u32:
      return view.getUint32(at, little);
    case ElementType.f32:
      return view.getFloat32(at, little);
    case ElementType.f64:
      return view.getFloat64(at, little);
    case ElementType.i64:
      return view.getBigInt64(at, little);
    default:
      return view.getBigUint64(at, little);
  }
}

/** Writes an element; `value` has been through {@link fit}, or is what arithmetic on such values gave. */
export function writeElement(
  view: View,
  type: number,
  at: number,
  value: Word,
  little: boolean,
): void {
  switch (type) {
    case ElementType.i8:
      view.setInt8(at, value as number);
      break;
    case ElementType.u8:
    case ElementType.clamped:
      view.setUint8(at, value as number);
      break;
    case ElementType.i16:
      view.setInt16(at, value as number, little);
      break;
    case ElementType.u16:
      view.setUint16(at, value as number, little);
      break;
    case ElementType.i32:
      view.setInt32(at, value as number, little);
      break;
    case ElementType.u32:
      view.setUint32(at, value as number, little);
      break;
    case ElementType.f32:
      view.setFloat32(at, value as number, little);
      break;
    case ElementType.f64:
      view.setFloat64(at, value as number, little);
      break;
    case ElementType.i64:
      view.setBigInt64(at, value as bigint, little);
      break;
    default:
      view.setBigUint64(at, value as bigint, little);
  }
}

/** A view of bytes that the explorer itself keeps, made by the original constructor. */
export function privateView(bytes: number): View {
  return new realm.DataView(new ArrayBuffer(bytes)) as View;
}
