/**
 * Enumerations: named cases, numbered from 0.
 *
 * @module
 */

import { checkCount, checkNames, nodeOf } from "./definition.js";
import { Kind } from "./kind.js";
import { define, faceOf } from "./node.js";
import type { Layout, Scalar, ShapeOf } from "./type.js";
import { VALUES } from "./walk.js";

/** The numbers that can store a case or a tag. */
export type TagRepr = Scalar<"u8"> | Scalar<"u16"> | Scalar<"u32">;

/** What a number that stores a case may be, for messages and for {@link nodeOf}. */
export const TAG_KINDS: readonly Kind[] = /* @__PURE__ */ (() => [Kind.u8, Kind.u16, Kind.u32])();

/** Named cases. The host value is the case's number. */
export interface Enumeration<
  R extends TagRepr = TagRepr,
  C extends readonly string[] = readonly string[],
> extends Layout<number, ShapeOf<R>> {
  readonly kind: typeof Kind.enum;
  /** The number that stores the case. */
  readonly element: R;
  /** The cases, in order. */
  readonly names: C;
  /** The number of each case. */
  readonly cases: { readonly [K in C[number]]: number };
  /** The name of case `value`, if there is one. */
  nameOf(value: number): C[number] | undefined;
}

/**
 * An enumeration of the given cases, numbered from 0. Reading or writing any other number is `invalid-enum-value`.
 *
 * @throws {@link CoreError} `duplicate-name`, `invalid-name`, `invalid-count`, `not-a-layout`
 *
 * @example
 * ```ts
 * import { enumeration, u8 } from "@memkit/core";
 *
 * const whence = enumeration(u8, ["set", "cur", "end"]).named("whence");
 * whence.cases.end; // => 2
 * whence.nameOf(1); // => "cur"
 * whence.read(new DataView(new ArrayBuffer(1)), 0); // => 0
 * ```
 */
export function enumeration<R extends TagRepr, const C extends readonly string[]>(
  repr: R,
  cases: C,
): Enumeration<R, C> {
  const element = nodeOf(repr, "u8, u16 or u32", TAG_KINDS);
  const { size, width, align } = element;
  const names = [...cases];
  const name = `enumeration(${element.name}) { ${names.map(String).join(", ")} }`;
  checkCount(name, names.length, 1, 2 ** (8 * width));
  checkNames(name, names);
  const numbers = Object.fromEntries(names.map((each, number) => [each, number]));
  const count = names.length;
  const plan = {
    kind: Kind.enum,
    part: "enum" as const,
    code: VALUES,
    name,
    size,
    width,
    align,
    portable: true,
    element,
    count,
    names,
    cases: numbers,
  };
  return faceOf(define(() => plan));
}
