/**
 * What a type is, as a small integer: sites that handle many types switch on it.
 *
 * Invariant CORE-10: plain scalars come first and without a gap, so `kind <= Kind.u64Number` asks for one.
 *
 * @module
 */

/** The kinds of types. The numbers are not stored anywhere and may change between releases. */
export const Kind: {
  readonly u8: 0;
  readonly i8: 1;
  readonly u16: 2;
  readonly i16: 3;
  readonly u32: 4;
  readonly i32: 5;
  readonly u64: 6;
  readonly i64: 7;
  readonly f32: 8;
  readonly f64: 9;
  readonly bool8: 10;
  readonly boolWitx32: 11;
  readonly charU8: 12;
  readonly u64Number: 13;
  readonly ptr: 14;
  readonly arrayPtr: 15;
  readonly strPtr: 16;
  readonly handle: 17;
  readonly enum: 18;
  readonly flags: 19;
  readonly atomic: 20;
  readonly array: 21;
  readonly struct: 22;
  readonly variant: 23;
  readonly pad: 24;
} = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  u64: 6,
  i64: 7,
  f32: 8,
  f64: 9,
  bool8: 10,
  boolWitx32: 11,
  charU8: 12,
  u64Number: 13,
  ptr: 14,
  arrayPtr: 15,
  strPtr: 16,
  handle: 17,
  enum: 18,
  flags: 19,
  atomic: 20,
  array: 21,
  struct: 22,
  variant: 23,
  pad: 24,
};

/** One of the numbers of {@link Kind}. */
export type Kind = (typeof Kind)[keyof typeof Kind];
