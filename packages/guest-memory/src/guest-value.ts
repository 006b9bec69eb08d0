/**
 * Host values of guest types, with pointers that know their memory.
 *
 * @module
 */

import type {
  AlignedShape,
  ArrayPtr,
  ArrayType,
  CaseSpec,
  FieldSpec,
  Layout,
  PackedShape,
  Ptr,
  PtrLen,
  ShapeOf,
  StrPtr,
  Struct,
  StructShape,
  ValueOf,
  Variant,
} from "@memkit/core";
import type { GuestArrayPtr } from "./guest-array-ptr.js";
import type { GuestPtr } from "./guest-ptr.js";
import type { GuestStrPtr } from "./guest-str-ptr.js";

type Named<F extends readonly FieldSpec[]> = Extract<F[number], readonly [string, Layout]>;

/** What {@link GuestPtr.read} gives for a type: core's value, but with pointers that know their memory. */
export type GuestValue<L extends Layout> =
  ShapeOf<L> extends AlignedShape<number, infer T extends Layout>
    ? GuestValue<T>
    : L extends Ptr<infer T>
      ? GuestPtr<T>
      : L extends ArrayPtr<infer T>
        ? GuestArrayPtr<T>
        : L extends StrPtr
          ? GuestStrPtr
          : L extends Struct<infer F, StructShape | PackedShape>
            ? { [K in Named<F> as K[0]]: GuestValue<K[1]> }
            : L extends ArrayType<infer E>
              ? readonly GuestValue<E>[]
              : L extends Variant<infer _, infer C>
                ? CaseValue<C[number]>
                : ValueOf<L>;

/** What {@link GuestPtr.write} takes: as {@link GuestValue}, and addresses as plain numbers too. */
export type GuestInput<L extends Layout> =
  ShapeOf<L> extends AlignedShape<number, infer T extends Layout>
    ? GuestInput<T>
    : L extends Ptr<infer T>
      ? GuestPtr<T> | number
      : L extends ArrayPtr<infer T>
        ? GuestArrayPtr<T> | Readonly<PtrLen>
        : L extends StrPtr
          ? GuestStrPtr | Readonly<PtrLen>
          : L extends Struct<infer F, StructShape | PackedShape>
            ? { readonly [K in Named<F> as K[0]]: GuestInput<K[1]> }
            : L extends ArrayType<infer E>
              ? readonly GuestInput<E>[]
              : L extends Variant<infer _, infer C>
                ? CaseInput<C[number]>
                : ValueOf<L>;

type CaseValue<C extends CaseSpec> = C extends readonly [
  infer K extends string,
  infer L extends Layout,
]
  ? { tag: K; value: GuestValue<L> }
  : { tag: Extract<C, string>; value?: undefined };

type CaseInput<C extends CaseSpec> = C extends readonly [
  infer K extends string,
  infer L extends Layout,
]
  ? { readonly tag: K; readonly value: GuestInput<L> }
  : { readonly tag: Extract<C, string>; readonly value?: undefined };
