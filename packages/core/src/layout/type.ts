/**
 * The public face of a type: what every layout offers, refined by kind.
 *
 * At run time all of them are one class with one hidden class, so code that handles many types stays monomorphic; these
 * interfaces say which of its members mean something. Types infer host values and, on demand, sizes from them.
 *
 * @module
 */

import type { Kind } from "./kind.js";
import type {
  FixedShape,
  PointerPairShape,
  PointerShape,
  ScalarSize,
  Shape,
} from "./size-types.js";
import type { Target } from "./target.js";
import type { Words } from "./words.js";

/** Turns pointers into richer values and back, for those who know the memory they point into. */
export interface PointerEnv {
  /**
   * The value for an address just read.
   *
   * @param layout - the pointer type; its `element` is the type pointed to
   * @param len - the number of elements, for a pointer to a run
   */
  fromAddress(layout: Pointer, address: number, len: number | undefined): unknown;
  /**
   * The address to store for a value, or whatever is no address and will be refused. Asked once for each pointer, unless the
   * value of a {@link Ptr} is a number: that is its address.
   */
  toAddress(layout: Pointer, value: unknown): unknown;
  /** The number of elements to store for a value, where the pointer is one to a run; asked after the address. */
  toLength(layout: Pointer, value: unknown): unknown;
}

/** Whoever opens the bytes that a value goes to, see {@link Layout.writeTo}. Its words are those of the opened bytes. */
export interface WriteSite extends Words {
  /** Bytes that have `size` bytes at `at`, a multiple of `align`; throws if nothing may be written there. */
  open(at: number, size: number, align: number): DataView;
}

/**
 * A type: how many bytes, how aligned, and how its host value `V` is read and written, little-endian, at any offset.
 *
 * `read` and `write` check values but not bounds: the caller must know that `size` bytes from `offset` lie in `dv`.
 * Otherwise the DataView throws its RangeError, and a record's first fields may have been written by then.
 */
export interface Layout<V = unknown, S extends Shape = Shape> {
  readonly kind: Kind;
  /** For messages: `u32`, `ptr<u8>`, or what {@link Layout.named} gave. */
  readonly name: string;
  /** Bytes, a multiple of `align`. */
  readonly size: number;
  /** Bytes, a power of two. */
  readonly align: number;
  /** What pointers were resolved for. A type without pointers is the same for all targets and says `wasm32`. */
  readonly target: Target;
  /**
   * The same type for `target`, down to every part of it: the same object at every call, and this object if the type has
   * no pointers.
   */
  for(target: Target): this;
  /** The same type under another name. */
  named(name: string): this;
  /**
   * The host value of the bytes at `offset`. A signalling NaN in an `f32` may come back quiet: copy bytes to keep it.
   *
   * @throws {@link CoreError} `invalid-enum-value`, `invalid-flag-value`, or `value-out-of-range` for a 64-bit pointer
   * or `u64Number` above 2^53-1.
   *
   * @param words - the same bytes again, if there are such views of them
   */
  read(dv: DataView, offset: number, env?: PointerEnv, words?: Words): V;
  /**
   * Stores `value` at `offset`, after reading and validating all of it, each part once. Padding bytes are left as they are.
   *
   * @throws {@link CoreError} `value-out-of-range`, `invalid-enum-value`, `invalid-flag-value`; nothing is written then.
   */
  write(dv: DataView, offset: number, value: V, env?: PointerEnv): void;
  /**
   * Stores `value` at `offset` of bytes that `site` opens once the value has been read for the last time: getters, which
   * can do anything to the memory, have run by then, and what `site` checks still holds when the first byte is stored.
   * What `site` throws comes before what is wrong with the value.
   *
   * @throws {@link CoreError} as {@link Layout.write}; what `site` throws. Nothing is written then.
   */
  writeTo(site: WriteSite, offset: number, value: V, env?: PointerEnv): void;
  /** For the compiler only, never present: what sizes are computed from. */
  readonly "~shape"?: S;
}

/** The host value of a type. */
export type ValueOf<L extends Layout> = ReturnType<L["read"]>;

/** What the compiler computes the size of `L` from. */
export type ShapeOf<L> = L extends { readonly "~shape"?: infer S extends Shape } ? S : never;

/** The host value of each plain scalar. */
export interface ScalarValue {
  readonly u8: number;
  readonly i8: number;
  readonly u16: number;
  readonly i16: number;
  readonly u32: number;
  readonly i32: number;
  readonly u64: bigint;
  readonly i64: bigint;
  readonly f32: number;
  readonly f64: number;
  readonly bool8: boolean;
  readonly boolWitx32: boolean;
  readonly charU8: number;
  readonly u64Number: number;
}

/** The name of a plain scalar. */
export type ScalarName = keyof ScalarValue;

/** A number, bigint or bool of fixed width. */
export interface Scalar<N extends ScalarName = ScalarName>
  extends Layout<ScalarValue[N], FixedShape<ScalarSize[N]>> {
  readonly kind: (typeof Kind)[N];
}

/** An address of a `T`, as wide as the target's pointers. Its host value is a number unless a {@link PointerEnv} says more. */
export interface Ptr<T extends Layout = Layout> extends Layout<number, PointerShape> {
  readonly kind: typeof Kind.ptr;
  /** The type pointed to. */
  readonly element: T;
}

/** Where a run of elements starts, and how many there are. */
export interface PtrLen {
  /** The address of the first element. */
  ptr: number;
  /** The number of elements. */
  len: number;
}

/** An address of a run of `T` and the number of elements. Its host value is a {@link PtrLen} unless a {@link PointerEnv} says more. */
export interface ArrayPtr<T extends Layout = Layout> extends Layout<PtrLen, PointerPairShape> {
  readonly kind: typeof Kind.arrayPtr;
  /** The type of an element. */
  readonly element: T;
}

/** An address of text and its number of bytes. Its host value is a {@link PtrLen} unless a {@link PointerEnv} says more. */
export interface StrPtr extends Layout<PtrLen, PointerPairShape> {
  readonly kind: typeof Kind.strPtr;
  /** What text is made of. */
  readonly element: Scalar<"u8">;
}

/** Every type whose value points somewhere. */
export type Pointer = Ptr | ArrayPtr | StrPtr;

/** An index that a host gives out: any `u32`. */
export interface Handle extends Layout<number, FixedShape<4>> {
  readonly kind: typeof Kind.handle;
}

/** The type of a value with a view of its own, or else the value itself. */
export type ViewOf<L extends Layout> = L extends {
  /** Makes the view. */
  view(dv: DataView, offset: number): infer V;
}
  ? V
  : ValueOf<L>;

/** Types that are only seen through a view of their own: records, arrays, atomics. */
export interface Viewed {
  /** Its view of the bytes at `offset`. */
  view(dv: DataView, offset: number): unknown;
}
