/**
 * Flags: named bits, from the lowest.
 *
 * @module
 */

import { checkCount, checkNames, nodeOf } from "./definition.js";
import { Kind } from "./kind.js";
import { define, faceOf } from "./node.js";
import type { Layout, Scalar, ShapeOf, ValueOf } from "./type.js";
import { VALUES } from "./walk.js";

/** The numbers that can store flags. */
export type FlagsRepr = Scalar<"u8"> | Scalar<"u16"> | Scalar<"u32"> | Scalar<"u64">;

/** Named bits. The host value is the set as an unsigned number, or as a bigint when stored in a `u64`. */
export interface Flags<
  R extends FlagsRepr = FlagsRepr,
  N extends readonly string[] = readonly string[],
> extends Layout<ValueOf<R>, ShapeOf<R>> {
  readonly kind: typeof Kind.flags;
  /** The number that stores the set. */
  readonly element: R;
  /** The flags, from bit 0 up. */
  readonly names: N;
  /** The bit of each flag. */
  readonly bits: { readonly [K in N[number]]: ValueOf<R> };
}

/**
 * A set of the given flags, from bit 0 up. Reading or writing any other bit is `invalid-flag-value`.
 *
 * JavaScript's `|` makes bit 31 negative; write `(a | b) >>> 0` where a `u32` set may use it.
 *
 * @throws {@link CoreError} `duplicate-name`, `invalid-name`, `invalid-count`, `not-a-layout`
 *
 * @example
 * ```ts
 * import { flags, u16, u64 } from "@memkit/core";
 *
 * const oflags = flags(u16, ["creat", "directory", "excl", "trunc"]);
 * oflags.bits.excl; // => 4
 * flags(u64, ["fd_datasync", "fd_read"]).bits.fd_read; // => 2n
 * ```
 */
export function flags<R extends FlagsRepr, const N extends readonly string[]>(
  repr: R,
  names: N,
): Flags<R, N> {
  const element = nodeOf(repr, "u8, u16, u32 or u64", [Kind.u8, Kind.u16, Kind.u32, Kind.u64]);
  const { size, width, align } = element;
  const list = [...names];
  const name = `flags(${element.name}) { ${list.map(String).join(", ")} }`;
  checkCount(name, list.length, 0, 8 * width);
  checkNames(name, list);
  const wide = element.kind === Kind.u64;
  const bit = (n: number): number | bigint => (wide ? 1n << BigInt(n) : 2 ** n);
  const bits = Object.fromEntries(list.map((each, n) => [each, bit(n)]));
  const known = wide ? (1n << BigInt(list.length)) - 1n : 2 ** list.length - 1;
  const plan = {
    kind: Kind.flags,
    part: "flags" as const,
    code: VALUES,
    name,
    size,
    width,
    align,
    portable: true,
    element,
    names: list,
    bits,
    known,
  };
  return faceOf(define(() => plan));
}
