/**
 * The description of an import module or of exports, and what the compiler makes of it.
 *
 * Descriptions are plain data. A mistake that the compiler can see is a type error; signature.ts finds the rest when the
 * description is used.
 *
 * @module
 */

import type { Enumeration, Flags, Handle, Layout, Ptr, Scalar } from "@memkit/core";
import type { GuestInput, GuestValue } from "../guest-value.js";
import type { ErrorType, Failure } from "./error-type.js";

/**
 * A parameter: its name, for errors and traces, and its type. `arrayPtr` and `strPtr` (witx's `list` and `string`) are
 * passed as an address and a length; records, variants and arrays by their address, and read before the host sees them.
 */
export type Param = readonly [name: string, type: Layout];

/** A type whose value is one wasm number, so that it can be returned as itself and not through memory. */
export type Direct = Scalar | Handle | Enumeration | Flags | Ptr;

/** What a function answers with beside its results; an enumeration alone maps guest errors by the names of its cases. */
export type ErrorSpec = ErrorType | Enumeration;

/** A function that can fail: it returns an errno, and stores its results through trailing pointer arguments. */
export interface FallibleSpec {
  readonly params?: readonly Param[];
  /** One trailing pointer argument for each. */
  readonly results?: readonly Layout[];
  /** Its 0 is success. */
  readonly error: ErrorSpec;
  /** Whether it may return a promise, for which the guest is suspended. */
  readonly async?: true;
  readonly noreturn?: undefined;
}

/** A function that cannot fail: it returns its result, if it has one, as wasm does. */
export interface PlainSpec {
  readonly params?: readonly Param[];
  /** One at most, and one that wasm can return. */
  readonly results?: readonly [] | readonly [Direct];
  readonly error?: undefined;
  /** Whether it may return a promise, for which the guest is suspended. */
  readonly async?: true;
  readonly noreturn?: undefined;
}

/** A function after which the guest does not go on, as WASI's `proc_exit`. */
export interface NoReturnSpec {
  readonly params?: readonly Param[];
  readonly results?: undefined;
  readonly error?: undefined;
  readonly async?: undefined;
  readonly noreturn: true;
}

/** The description of one function. */
export type FunctionSpec = FallibleSpec | PlainSpec | NoReturnSpec;

/** The keys of a description. */
export const SPEC_KEYS: readonly Key[] = ["params", "results", "error", "async", "noreturn"];
type Key = keyof FallibleSpec;

/**
 * Refuses, to the compiler, keys that no description has. All keys may be left out, so a misspelt one would describe a
 * function of other types.
 */
export type Known<F> = {
  readonly [K in keyof F]: { readonly [P in Exclude<keyof F[K], Key>]: never };
};

/** Descriptions by the names that the guest knows the functions under. */
export type FunctionSpecs = Readonly<Record<string, FunctionSpec>>;

type ParamsOf<F> = F extends { readonly params: infer P extends readonly Param[] } ? P : [];
type ResultsOf<F> = F extends { readonly results: infer R extends readonly Layout[] } ? R : [];

/** What the host gets for an argument of the guest's: pointers that know their memory, and values. */
export type HostArg<T> = T extends Layout ? GuestValue<T> : never;

/** What the host returns for a result. A list or text is one that lies in the guest's memory already. */
export type HostResult<T> = T extends Layout ? GuestInput<T> : never;

type HostResults<R extends readonly unknown[]> = R extends readonly []
  ? // biome-ignore lint/suspicious/noConfusingVoidType: what a class's method that returns nothing is inferred to return
    void
  : R extends readonly [infer T]
    ? HostResult<T>
    : { readonly [I in keyof R]: HostResult<R[I]> };

type Thrown<F> = F extends { readonly error: infer E }
  ? Failure | (E extends ErrorType<infer T> ? T : never)
  : never;

type HostOutcome<F> = F extends { readonly noreturn: true }
  ? Error
  : F extends { readonly async: true }
    ? HostResults<ResultsOf<F>> | Thrown<F> | PromiseLike<HostResults<ResultsOf<F>> | Thrown<F>>
    : HostResults<ResultsOf<F>> | Thrown<F>;

/** The arguments of a function, as its implementation takes them. */
export type HostArgs<F> =
  ParamsOf<F> extends infer P extends readonly Param[]
    ? { -readonly [I in keyof P]: HostArg<P[I][1]> }
    : never;

/** The implementation of one described function. One result is returned as it is, several as a tuple. */
export type HostFunction<F> = (...args: HostArgs<F>) => HostOutcome<F>;

/** The implementations of described functions; an instance of a class will do, and is `this` to its methods. */
export type HostFunctions<S extends FunctionSpecs> = {
  readonly [K in keyof S]: HostFunction<S[K]>;
};
