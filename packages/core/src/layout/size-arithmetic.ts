/**
 * Arithmetic on byte counts for the compiler.
 *
 * A count is a pair of tuples, so many sixteens and so many ones: 40 is two and eight. A tuple type of n elements costs
 * the compiler n type parameters, so counting in ones alone would cost half a million types for all lengths up to 1,023;
 * sixteens keep every intermediate tuple below 128 elements. Counts of 1,024 and more, and those that the compiler
 * cannot know, are {@link Unknown}, which every operation passes on.
 *
 * @module
 */

type Unit = 0;
type Ones = readonly Unit[];

/** Too many bytes, or nobody knows how many. */
export type Unknown = "unknown";
export type Zero = [[], []];

type Two<T extends Ones> = [...T, ...T];
type Sixteen = Two<Two<Two<[Unit, Unit]>>>;
type SixtyFour = Two<Two<Sixteen>>;

/** The count as a number literal, or `number`. */
export type NumberOf<N> = N extends readonly [infer S extends Ones, infer O extends Ones]
  ? [...Two<Two<Two<Two<S>>>>, ...O]["length"]
  : number;

/** Turns sixteen ones into a sixteen, and 1,024 bytes and more into {@link Unknown}. */
type Carry<S extends Ones, O extends Ones> = O extends readonly [...Sixteen, ...infer Rest]
  ? Cap<[[...S, Unit], Rest]>
  : Cap<[S, O]>;
type Cap<N extends readonly [Ones, unknown]> = N[0] extends readonly [...SixtyFour, ...Ones]
  ? Unknown
  : N;

export type Add<A, B> = [A, B] extends [
  readonly [infer S extends Ones, infer O extends Ones],
  readonly [infer T extends Ones, infer P extends Ones],
]
  ? Carry<[...S, ...T], [...O, ...P]>
  : Unknown;

type Double<A> = Add<A, A>;

/** `A` times a decimal digit. */
interface TimesDigit<A> {
  "0": Zero;
  "1": A;
  "2": Double<A>;
  "3": Add<Double<A>, A>;
  "4": Double<Double<A>>;
  "5": Add<Double<Double<A>>, A>;
  "6": Double<Add<Double<A>, A>>;
  "7": Add<Double<Add<Double<A>, A>>, A>;
  "8": Double<Double<Double<A>>>;
  "9": Add<Double<Double<Double<A>>>, A>;
}
type Ten<A> = Double<Add<Double<Double<A>>, A>>;

/** `A` times a number in decimal, as on paper: for each digit from the left, ten times what there was and the digit. */
export type Times<
  A,
  Decimal extends string,
  Sum = Zero,
> = Decimal extends `${infer D extends keyof TimesDigit<A>}${infer Rest}`
  ? Times<A, Rest, Add<Ten<Sum>, TimesDigit<A>[D]>>
  : Decimal extends ""
    ? Sum
    : Unknown;

/** `N` bytes. */
export type Bytes<N extends number> = Times<[[], [Unit]], `${N}`>;

/** The largest of the alignments `A`, 1 if there are none, `number` if one is unknown or above 512. */
export type Coarsest<A> = [A] extends [1]
  ? 1
  : [A] extends [1 | 2]
    ? 2
    : [A] extends [1 | 2 | 4]
      ? 4
      : [A] extends [1 | 2 | 4 | 8]
        ? 8
        : [A] extends [1 | 2 | 4 | 8 | 16]
          ? 16
          : [A] extends [1 | 2 | 4 | 8 | 16 | 32]
            ? 32
            : [A] extends [1 | 2 | 4 | 8 | 16 | 32 | 64]
              ? 64
              : [A] extends [1 | 2 | 4 | 8 | 16 | 32 | 64 | 128]
                ? 128
                : [A] extends [1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256]
                  ? 256
                  : [A] extends [1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256 | 512]
                    ? 512
                    : number;

/** The lengths from 0 to 64 that are multiples of `K`. */
type Multiples<K extends Ones, At extends Ones = [], All = 0> = At extends readonly [
  ...SixtyFour,
  ...Ones,
]
  ? All
  : Multiples<K, [...At, ...K], All | [...At, ...K]["length"]>;

/** `T` lengthened to one of the lengths `M`. */
type Lengthen<T extends Ones, M> = T["length"] extends M ? T : Lengthen<[...T, Unit], M>;

/** How an alignment below sixteen looks among the ones, and one above among the sixteens. */
interface OnesOf {
  2: Multiples<[Unit, Unit]>;
  4: Multiples<Two<[Unit, Unit]>>;
  8: Multiples<Two<Two<[Unit, Unit]>>>;
  16: Multiples<Sixteen>;
}
interface SixteensOf {
  32: OnesOf[2];
  64: OnesOf[4];
  128: OnesOf[8];
  256: OnesOf[16];
  512: Multiples<Two<Sixteen>>;
}

/** The next multiple of the alignment `A`. */
export type AlignUp<N, A> = A extends 1
  ? N
  : N extends readonly [infer S extends Ones, infer O extends Ones]
    ? A extends keyof OnesOf
      ? Carry<S, Lengthen<O, OnesOf[A]>>
      : A extends keyof SixteensOf
        ? Cap<[Lengthen<O extends [] ? S : [...S, Unit], SixteensOf[A]>, []]>
        : Unknown
    : Unknown;

/** The larger of two counts. */
export type Longer<A, B> = [A, B] extends [
  readonly [infer S extends Ones, infer O extends Ones],
  readonly [infer T extends Ones, infer P extends Ones],
]
  ? S extends T
    ? O extends readonly [...P, ...Ones]
      ? A
      : B
    : S extends readonly [...T, ...Ones]
      ? A
      : B
  : Unknown;
