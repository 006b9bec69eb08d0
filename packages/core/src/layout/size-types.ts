/**
 * Sizes and alignments in the type system, by the same C rules as at run time.
 *
 * A number of bytes is a tuple of that length while it is being computed. Nothing is computed until {@link SizeOf} or
 * {@link AlignOf} is asked. Results are exact up to 999 bytes (three decimal digits, which bounds every intermediate
 * tuple below the compiler's 10,000 elements) and alignments of up to 512; whatever lies above, or depends on a count
 * that is only known at run time, is `number`, represented by a tuple of unknown length, which every step passes on.
 *
 * @module
 */

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
  | ArrayShape
  | StructShape
  | PackedShape
  | VariantShape
  | AlignedShape;

/** Bytes of `L` where pointers have `W` bytes: 4 for wasm32, 8 for wasm64 and host64. */
export type SizeOf<L, W extends 4 | 8 = 4> = Size<L, W>["length"];

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
  : Bytes<Max> extends readonly [...Bytes<N>, ...Byte[]]
    ? true
    : false;

type Byte = 0;
type Unknown = Byte[];

/** `Unknown` in place of anything above 999. */
type Cap<T extends Byte[]> =
  `${T["length"]}` extends `${infer _1}${infer _2}${infer _3}${infer _4}${infer _}` ? Unknown : T;

type Add<A, B> = [A, B] extends [infer S extends Byte[], infer T extends Byte[]]
  ? Cap<[...S, ...T]>
  : Unknown;

// Multiplication the way it is done on paper: digit by digit from the left, ten times what there was.
type Digit<U extends Byte[]> = {
  "0": [];
  "1": U;
  "2": [...U, ...U];
  "3": [...U, ...U, ...U];
  "4": [...U, ...U, ...U, ...U];
  "5": [...U, ...U, ...U, ...U, ...U];
  "6": [...U, ...U, ...U, ...U, ...U, ...U];
  "7": [...U, ...U, ...U, ...U, ...U, ...U, ...U];
  "8": [...U, ...U, ...U, ...U, ...U, ...U, ...U, ...U];
  "9": [...U, ...U, ...U, ...U, ...U, ...U, ...U, ...U, ...U];
};
type Ten<T extends Byte[]> = `${T["length"]}` extends `${infer _1}${infer _2}${infer _3}${infer _}`
  ? Unknown
  : [...T, ...T, ...T, ...T, ...T, ...T, ...T, ...T, ...T, ...T];
type Times<
  U extends Byte[],
  N extends string,
  Acc extends Byte[] = [],
> = N extends `${infer D extends keyof Digit<U>}${infer Rest}`
  ? Times<U, Rest, Add<Ten<Acc>, Cap<Digit<U>[D]>>>
  : N extends ""
    ? Acc
    : Unknown;
type Bytes<N extends number> = Times<[Byte], `${N}`>;

/** The multiples of `A` up to 999: what is aligned to `A`, and for powers of two also what is at least `A`. */
type Multiples<A extends number, T extends Byte[] = [], All = 0> = number extends T["length"]
  ? All
  : Multiples<A, Add<T, Bytes<A>>, All | T["length"]>;

type Larger<A extends number, B extends number> = A extends 1
  ? B
  : number extends A | B
    ? number
    : B extends Multiples<A>
      ? B
      : A;

type AlignUp<T, A extends number> = T extends Byte[]
  ? A extends 1
    ? T
    : number extends A | T["length"]
      ? Unknown
      : T["length"] extends Multiples<A>
        ? T
        : AlignUp<Cap<[...T, Byte]>, A>
  : Unknown;

type Size<L, W extends 4 | 8> = L extends { readonly "~shape"?: infer S }
  ? S extends FixedShape<infer N>
    ? Bytes<N>
    : S extends PointerShape
      ? Bytes<W>
      : S extends ArrayShape<infer E, infer N>
        ? Times<Size<E, W>, `${N}`>
        : S extends StructShape<infer F>
          ? AlignUp<Place<F, W>, Align<S, W>>
          : S extends PackedShape<infer F>
            ? Squeeze<F, W>
            : S extends VariantShape<infer R, infer C>
              ? AlignUp<Add<AlignUp<Size<R, W>, CaseAlign<C, W>>, Largest<C, W>>, Align<S, W>>
              : S extends AlignedShape<number, infer T>
                ? AlignUp<Size<T, W>, Align<S, W>>
                : Unknown
  : Unknown;

type Align<S, W extends 4 | 8> =
  S extends FixedShape<infer N>
    ? N
    : S extends PointerShape
      ? W
      : S extends ArrayShape<infer E>
        ? AlignOf<E, W>
        : S extends StructShape<infer F>
          ? FieldAlign<F, W>
          : S extends PackedShape
            ? 1
            : S extends VariantShape<infer R, infer C>
              ? Larger<AlignOf<R, W>, CaseAlign<C, W>>
              : S extends AlignedShape<infer N, infer T>
                ? Larger<AlignOf<T, W>, N extends KnownAlign ? N : number>
                : number;

type KnownAlign = 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256 | 512;

/** Where the last field of `F` ends. */
type Place<F, W extends 4 | 8, At extends Byte[] = []> = F extends readonly [infer H, ...infer R]
  ? H extends readonly [string, infer L]
    ? Place<R, W, Add<AlignUp<At, AlignOf<L, W>>, Size<L, W>>>
    : Place<R, W, Add<At, Size<H, W>>>
  : F extends readonly []
    ? At
    : Unknown;

/** The same without padding. */
type Squeeze<F, W extends 4 | 8, At extends Byte[] = []> = F extends readonly [infer H, ...infer R]
  ? Squeeze<R, W, Add<At, Size<H extends readonly [string, infer L] ? L : H, W>>>
  : F extends readonly []
    ? At
    : Unknown;

type FieldAlign<F, W extends 4 | 8, A extends number = 1> = F extends readonly [infer H, ...infer R]
  ? FieldAlign<R, W, H extends readonly [string, infer L] ? Larger<A, AlignOf<L, W>> : A>
  : F extends readonly []
    ? A
    : number;

type CaseAlign<C, W extends 4 | 8> = FieldAlign<C, W>;

/** The size of the largest payload; a case that is only a name has none. */
type Largest<C, W extends 4 | 8, Most extends Byte[] = []> = C extends readonly [
  infer H,
  ...infer R,
]
  ? Largest<R, W, H extends readonly [string, infer L] ? Longer<Most, Size<L, W>> : Most>
  : C extends readonly []
    ? Most
    : Unknown;

type Longer<A extends Byte[], B extends Byte[]> = number extends A["length"] | B["length"]
  ? Unknown
  : A extends [...B, ...Byte[]]
    ? A
    : B;
