/**
 * What the compiler makes of a description for the way back: exports, as a host calls them.
 *
 * @module
 */

import type { ArrayPtr, Layout, StrPtr, ValueOf } from "@memkit/core";
import type { GuestArrayPtr } from "../guest-array-ptr.js";
import type { GuestStrPtr } from "../guest-str-ptr.js";
import type { GuestInput, GuestValue } from "../guest-value.js";
import type { Transparent } from "../transparent.js";
import type { FunctionSpecs, Param } from "./function-spec.js";

/** What an export takes for a parameter: values, or pointers to what lies in the guest already. */
export type GuestArg<T> =
  T extends ArrayPtr<infer E>
    ? GuestArrayPtr<E> | (E extends Transparent ? ArrayLike<ValueOf<E>> : ArrayLike<GuestInput<E>>)
    : T extends StrPtr
      ? GuestStrPtr | string
      : T extends Layout
        ? GuestInput<T>
        : never;

type ResultsOf<R extends readonly unknown[]> = R extends readonly []
  ? // biome-ignore lint/suspicious/noConfusingVoidType: nothing is returned
    void
  : R extends readonly [infer L extends Layout]
    ? GuestValue<L>
    : { readonly [I in keyof R]: R[I] extends Layout ? GuestValue<R[I]> : never };

type Results<F> = F extends { readonly noreturn: true }
  ? never
  : ResultsOf<F extends { readonly results: infer R extends readonly Layout[] } ? R : []>;

type Args<F> = F extends { readonly params: infer P extends readonly Param[] }
  ? { -readonly [I in keyof P]: GuestArg<P[I][1]> }
  : [];

/** A described export. One result is returned as it is, several as a tuple; an errno that is not 0 is thrown. */
export type GuestFunction<F> = (
  ...args: Args<F>
) => F extends { readonly async: true } ? Promise<Results<F>> : Results<F>;

/** Described exports. */
export type GuestFunctions<F extends FunctionSpecs> = {
  readonly [K in keyof F]: GuestFunction<F[K]>;
};
