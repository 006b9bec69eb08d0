/**
 * The layout language: describe bytes once, get sizes, offsets, codecs, views and host types.
 *
 * @module
 */

export { type Aligned, aligned } from "./layout/aligned.js";
export { type ArrayType, type ArrayView, array } from "./layout/array.js";
export { type Atomic, type AtomicRepr, atomic } from "./layout/atomic.js";
export { AtomicCell } from "./layout/atomic-cell.js";
export { type Codec, withCodec } from "./layout/codec.js";
export { emit } from "./layout/emit.js";
export { type Enumeration, enumeration, type TagRepr } from "./layout/enumeration.js";
export {
  isArrayOf,
  isBool,
  isFloat,
  isI8,
  isI16,
  isI32,
  isI64,
  isRecord,
  isU8,
  isU16,
  isU32,
  isU53,
  isU64,
} from "./layout/fits.js";
export { type Flags, type FlagsRepr, flags } from "./layout/flags.js";
export { Kind } from "./layout/kind.js";
export type { LayoutErrorDetail } from "./layout/layout-error.js";
export { type Misfit, outOfRange, unknownCase, unknownFlags } from "./layout/misfit.js";
export { arrayPtr, ptr, strPtr } from "./layout/pointer.js";
export {
  bool8,
  boolWitx32,
  charU8,
  f32,
  f64,
  handle,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  u64Number,
} from "./layout/scalar.js";
export type {
  AlignedShape,
  AlignOf,
  ArrayShape,
  DoesNotFit,
  FitsIn,
  FixedShape,
  PackedShape,
  PointerPairShape,
  PointerShape,
  ScalarSize,
  Shape,
  SizeOf,
  StructShape,
  VariantShape,
} from "./layout/size-types.js";
export {
  type Field,
  type FieldSpec,
  type Pad,
  packed,
  pad,
  type Seat,
  type Struct,
  type StructValue,
  type StructView,
  struct,
} from "./layout/struct.js";
export { pointerSize, type Target } from "./layout/target.js";
export type {
  ArrayPtr,
  Handle,
  Layout,
  Pointer,
  PointerEnv,
  Ptr,
  PtrLen,
  Scalar,
  ScalarName,
  ScalarValue,
  ShapeOf,
  StrPtr,
  ValueOf,
  Viewed,
  ViewOf,
  WriteSite,
} from "./layout/type.js";
export { type CaseSpec, type Variant, type VariantValue, variant } from "./layout/variant.js";
export {
  loadI64,
  loadU64,
  NO_WORDS,
  store64,
  type Words,
} from "./layout/words.js";
