/**
 * How a value of a type crosses the boundary: as which wasm numbers, and which of them are values.
 *
 * @module
 */

import {
  type ArrayPtr,
  type Enumeration,
  type Flags,
  Kind,
  type Layout,
  type Ptr,
} from "@memkit/core";
import type { GuestTarget } from "../claim.js";

/** A wasm type of numbers. */
export type WasmType = "i32" | "i64" | "f32" | "f64";

/** How a value crosses the boundary. Those of one wasm number come first. */
export const Pass = {
  i32: 0,
  /** u32 and handles. */
  u32: 1,
  float: 2,
  i64: 3,
  u64: 4,
  u64Number: 5,
  /** Narrower integers. */
  narrow: 6,
  bool: 7,
  enum: 8,
  /** Flags of 32 bits and less. */
  flags: 9,
  flags64: 10,
  ptr: 11,
  /** An address and a length. */
  arrayPtr: 12,
  strPtr: 13,
  /** By address: records, variants and arrays. */
  memory: 14,
} as const;
/** One of the numbers of {@link Pass}. */
export type Pass = (typeof Pass)[keyof typeof Pass];

const PASS_OF_KIND: Readonly<Record<number, Pass>> = {
  [Kind.u8]: Pass.narrow,
  [Kind.i8]: Pass.narrow,
  [Kind.u16]: Pass.narrow,
  [Kind.i16]: Pass.narrow,
  [Kind.charU8]: Pass.narrow,
  [Kind.u32]: Pass.u32,
  [Kind.handle]: Pass.u32,
  [Kind.i32]: Pass.i32,
  [Kind.f32]: Pass.float,
  [Kind.f64]: Pass.float,
  [Kind.i64]: Pass.i64,
  [Kind.u64]: Pass.u64,
  [Kind.u64Number]: Pass.u64Number,
  [Kind.bool8]: Pass.bool,
  [Kind.boolWitx32]: Pass.bool,
  [Kind.enum]: Pass.enum,
  [Kind.flags]: Pass.flags,
  [Kind.ptr]: Pass.ptr,
  [Kind.arrayPtr]: Pass.arrayPtr,
  [Kind.strPtr]: Pass.strPtr,
  [Kind.array]: Pass.memory,
  [Kind.struct]: Pass.memory,
  [Kind.variant]: Pass.memory,
};

/** How values of one type are passed. */
export interface Passing {
  /** The type, resolved for the target. */
  readonly layout: Layout;
  readonly pass: Pass;
  /** What is pointed to; of anything but a pointer the type itself, so that all have one shape. */
  readonly element: Layout;
  /** Whether addresses and lengths are i64. */
  readonly wide: boolean;
  /** The largest number that the representation of a narrow integer, bool, enumeration or 32-bit flags can hold. */
  readonly max: number;
  /** The smallest one. */
  readonly min: number;
  /** What the values may be: the number of cases of an enumeration or bool, the bits of flags. */
  readonly known: number | bigint;
}

/** Bits of the numbers that are narrower than an i32. */
const BITS: Readonly<Record<number, number>> = {
  [Kind.u8]: 8,
  [Kind.i8]: 8,
  [Kind.charU8]: 8,
  [Kind.bool8]: 8,
  [Kind.u16]: 16,
  [Kind.i16]: 16,
};

/** How values of `type` are passed to and from guests of `target`; undefined for what cannot be: atomics, padding. */
export function passingOf(type: Layout, target: GuestTarget): Passing | undefined {
  const layout = type.for(target);
  const { element, names } = layout as Enumeration | Flags; // which few types have
  const stored = layout.kind === Kind.enum || layout.kind === Kind.flags ? element : layout;
  const pass =
    stored !== layout && stored.kind === Kind.u64 ? Pass.flags64 : PASS_OF_KIND[layout.kind];
  if (pass === undefined) return undefined;
  const bits = BITS[stored.kind] ?? 32;
  const signed = stored.kind === Kind.i8 || stored.kind === Kind.i16;
  return {
    layout,
    pass,
    element:
      pass === Pass.ptr || pass === Pass.arrayPtr ? (layout as Ptr | ArrayPtr).element : layout,
    wide: target !== "wasm32",
    max: 2 ** (signed ? bits - 1 : bits) - 1,
    min: signed ? -(2 ** (bits - 1)) : 0,
    known: knownOf(pass, names?.length ?? 0),
  };
}

function knownOf(pass: Pass, names: number): number | bigint {
  if (pass === Pass.flags64) return (1n << BigInt(names)) - 1n;
  if (pass === Pass.flags) return 2 ** names - 1;
  return pass === Pass.bool ? 2 : names;
}

/** The wasm numbers that a value is passed as. */
export function wasmTypes({ pass, layout, wide }: Passing): WasmType[] {
  const address = wide ? "i64" : "i32";
  switch (pass) {
    case Pass.arrayPtr:
    case Pass.strPtr:
      return [address, address];
    case Pass.ptr:
    case Pass.memory:
      return [address];
    case Pass.i64:
    case Pass.u64:
    case Pass.u64Number:
    case Pass.flags64:
      return ["i64"];
    case Pass.float:
      return [layout.kind === Kind.f32 ? "f32" : "f64"];
    default:
      return ["i32"];
  }
}
