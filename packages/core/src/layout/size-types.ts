/**
 * Sizes and alignments in the type system, by the same C rules as at run time.
 *
 * Nothing is computed until {@link SizeOf} or {@link AlignOf} is asked. Results are exact for sizes up to 1,023 bytes
 * and alignments up to 512; whatever lies above, or depends on a count that is only known at run time, is `number`.
 * The arithmetic is that of `size-arithmetic.ts`.
 *
 * @module
 */

import type {
  Add,
  AlignUp,
  Bytes,
  Coarsest,
  Longer,
  NumberOf,
  Times,
  Unknown,
  Zero,
} from "./size-arithmetic.js";

/** Bytes of each plain scalar; the alignment is the same. */
export interface ScalarSize {
  readonly u8: 1;
  readonly i8: 1;
  readonly u16: 2;
  readonly i16: 2;
  readonly u32: 4;
  readonly i32: 4;
  readonly u64: 8;
  readonly i64: 8;
  readonly f32: 4;
  readonly f64: 8;
  readonly bool8: 1;
  readonly boolWitx32: 4;
  readonly charU8: 1;
  readonly u64Number: 8;
}

/** `N` bytes aligned to `N`. */
export interface FixedShape<N extends number = number> {
  readonly rule: "fixed";
  readonly size: N;
}
/** As wide as the target's pointers. */
export interface PointerShape {
  readonly rule: "pointer";
}
/** An address and a length, each as wide as the target's pointers. */
export interface PointerPairShape {
  readonly rule: "pointer-pair";
}
/** `N` elements in a row. */
export interface ArrayShape<E = unknown, N extends number = number> {
  readonly rule: "array";
  readonly element: E;
  readonly count: N;
}
/** Fields in order, each aligned. */
export interface StructShape<F = unknown> {
  readonly rule: "struct";
  readonly fields: F;
}
/** Fields in order without padding. */
export interface PackedShape<F = unknown> {
  readonly rule: "packed";
  readonly fields: F;
}
/** A tag, then the largest payload. */
export interface VariantShape<R = unknown, C = unknown> {
  readonly rule: "variant";
  readonly tag: R;
  readonly cases: C;
}
/** `L`, aligned to `N` at least. */
export interface AlignedShape<N extends number = number, L = unknown> {
  readonly rule: "aligned";
  readonly least: N;
  readonly layout: L;
}
/** What a size can be computed from. */
export type Shape =
  | FixedShape
  | PointerShape
  | PointerPairShape
  | ArrayShape
  | StructShape
  | PackedShape
  | VariantShape
  | AlignedShape;

/** Bytes of `L` where pointers have `W` bytes: 4 for wasm32, 8 for wasm64 and host64. */
export type SizeOf<L, W extends 4 | 8 = 4> = NumberOf<Size<L, W>>;

/** Alignment of `L` in bytes where pointers have `W` bytes. */
export type AlignOf<L, W extends 4 | 8 = 4> = L extends { readonly "~shape"?: infer S }
  ? Align<S, W>
  : number;

/**
 * `unknown` if `L` takes at most `MaxSize` bytes aligned to at most `MaxAlign`, both known to the compiler; otherwise a
 * type that no layout has and whose text says what is wrong. Made to be intersected with a parameter's type.
 *
 * @example
 * ```ts
 * import { array, type FitsIn, type Layout, u8 } from "@memkit/core";
 *
 * const small = <L extends Layout>(layout: L & FitsIn<L, 40, 64>): L => layout;
 * small(array(u8, 40)).size; // => 40
 * // small(array(u8, 41)) does not compile
 * ```
 */
export type FitsIn<L, MaxSize extends number, MaxAlign extends number, W extends 4 | 8 = 4> =
  AtMost<SizeOf<L, W>, MaxSize> extends true
    ? AtMost<AlignOf<L, W>, MaxAlign> extends true
      ? unknown
      : DoesNotFit<"alignment", AlignOf<L, W>, MaxAlign>
    : DoesNotFit<"size", SizeOf<L, W>, MaxSize>;

/** The compiler's message when {@link FitsIn} refuses. `Got` is `number` where the compiler cannot know. */
export interface DoesNotFit<What extends string, Got extends number, Max extends number> {
  readonly "does not fit": [What, Got, "of at most", Max];
}

type AtMost<N extends number, Max extends number> = number extends N
  ? false
  : Longer<Bytes<Max>, Bytes<N>> extends Bytes<Max>
    ? true
    : false;

type Size<L, W extends 4 | 8> = L extends { readonly "~shape"?: infer S } ? Extent<S, W> : Unknown;

type Extent<S, W extends 4 | 8> =
  S extends FixedShape<infer N>
    ? Bytes<N>
    : S extends StructShape<infer F>
      ? AlignUp<Place<F, W>, FieldAlign<F, W>>
      : S extends PointerShape
        ? Bytes<W>
        : S extends ArrayShape<infer E, infer N>
          ? Times<Size<E, W>, `${N}`>
          : S extends PackedShape<infer F>
            ? Squeeze<F, W>
            : S extends VariantShape<infer R, infer C>
              ? AlignUp<Add<AlignUp<Size<R, W>, FieldAlign<C, W>>, Largest<C, W>>, Align<S, W>>
              : S extends PointerPairShape
                ? Add<Bytes<W>, Bytes<W>>
                : S extends AlignedShape<number, infer T>
                  ? AlignUp<Size<T, W>, Align<S, W>>
                  : Unknown;

type Align<S, W extends 4 | 8> =
  S extends FixedShape<infer N>
    ? N
    : S extends StructShape<infer F>
      ? FieldAlign<F, W>
      : S extends PointerShape | PointerPairShape
        ? W
        : S extends ArrayShape<infer E>
          ? AlignOf<E, W>
          : S extends PackedShape
            ? 1
            : S extends VariantShape<infer R, infer C>
              ? Coarsest<AlignOf<R, W> | FieldAlign<C, W>>
              : S extends AlignedShape<infer N, infer T>
                ? Coarsest<AlignOf<T, W> | N>
                : number;

/** Where the last field of `F` ends. */
type Place<F, W extends 4 | 8, At = Zero> = F extends readonly [
  readonly [string, infer L],
  ...infer R,
]
  ? Place<R, W, Put<At, L, W>>
  : F extends readonly [infer P, ...infer R]
    ? Place<R, W, Add<At, Size<P, W>>>
    : F extends readonly []
      ? At
      : Unknown;

/** Where an `L` ends that follows on `At`. A condition of its own, so that the compiler remembers its results. */
type Put<At, L, W extends 4 | 8> = L extends { readonly "~shape"?: infer S }
  ? Add<AlignUp<At, Align<S, W>>, Extent<S, W>>
  : Unknown;

/** Where the last field of `F` ends without padding. */
type Squeeze<F, W extends 4 | 8, At = Zero> = F extends readonly [infer H, ...infer R]
  ? Squeeze<R, W, Add<At, Size<H extends readonly [string, infer L] ? L : H, W>>>
  : F extends readonly []
    ? At
    : Unknown;

/** The alignment of the most aligned field, or payload. */
type FieldAlign<F, W extends 4 | 8> = F extends readonly unknown[]
  ? number extends F["length"]
    ? number
    : Coarsest<AlignOf<TypeIn<F[number]>, W>>
  : number;

type TypeIn<H> = H extends readonly [string, infer L] ? L : never;

/** The size of the largest payload; a case that is only a name has none. */
type Largest<C, W extends 4 | 8, Most = Zero> = C extends readonly [infer H, ...infer R]
  ? Largest<R, W, H extends readonly [string, infer L] ? Longer<Most, Size<L, W>> : Most>
  : C extends readonly []
    ? Most
    : Unknown;
