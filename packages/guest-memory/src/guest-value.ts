/**
 * Host values of guest types, with pointers as {@link GuestPtr}.
 *
 * @module
 */

import type { ArrayType, FieldSpec, Layout, Ptr, Struct, ValueOf } from "@memkit/core";
import type { GuestPtr } from "./guest-ptr.js";

type Named<F extends readonly FieldSpec[]> = Extract<F[number], readonly [string, Layout]>;

/** What {@link GuestPtr.read} gives for a type: core's value, but with pointers that know their memory. */
export type GuestValue<L extends Layout> =
  L extends Ptr<infer T>
    ? GuestPtr<T>
    : L extends Struct<infer F>
      ? { [K in Named<F> as K[0]]: GuestValue<K[1]> }
      : L extends ArrayType<infer E>
        ? readonly GuestValue<E>[]
        : ValueOf<L>;

/** What {@link GuestPtr.write} takes: as {@link GuestValue}, and addresses as plain numbers too. */
export type GuestInput<L extends Layout> =
  L extends Ptr<infer T>
    ? GuestPtr<T> | number
    : L extends Struct<infer F>
      ? { readonly [K in Named<F> as K[0]]: GuestInput<K[1]> }
      : L extends ArrayType<infer E>
        ? readonly GuestInput<E>[]
        : ValueOf<L>;
