/**
 * Tagged unions: a number that says which case, then that case's payload.
 *
 * Invariant CORE-16: the payload starts at the tag's size rounded up to the largest alignment of any payload, whichever
 * case is stored; the whole is as aligned as its most aligned part and its size a multiple of that.
 *
 * @see wiggle `generate/src/types/variant.rs` and witx `layout.rs`: the layout of WASI preview 1
 * @module
 */

import { checkCount, checkNames, nodeOf } from "./definition.js";
import { TAG_KINDS, type TagRepr } from "./enumeration.js";
import { Kind } from "./kind.js";
import { alignUp, define, faceOf, type LayoutNode } from "./node.js";
import type { VariantShape } from "./size-types.js";
import type { Layout, ValueOf } from "./type.js";
import { VALUES } from "./walk.js";

/** A case: its name, with a payload or without. */
export type CaseSpec = string | readonly [name: string, payload: Layout];

/** The host value of a variant: `{ tag, value }`, `value` being undefined for a case without payload. */
export type VariantValue<C extends readonly CaseSpec[]> = CaseValue<C[number]>;

type CaseValue<C extends CaseSpec> = C extends readonly [
  infer K extends string,
  infer L extends Layout,
]
  ? { tag: K; value: ValueOf<L> }
  : { tag: Extract<C, string>; value?: undefined };

type NameOf<C extends CaseSpec> = C extends readonly [infer K extends string, Layout] ? K : C;

/** A tagged union. In a view of a record it is read and written as a whole value. */
export interface Variant<
  R extends TagRepr = TagRepr,
  C extends readonly CaseSpec[] = readonly CaseSpec[],
> extends Layout<VariantValue<C>, VariantShape<R, C>> {
  readonly kind: typeof Kind.variant;
  /** The number that stores the tag, at offset 0. */
  readonly element: R;
  /** The cases, in order. */
  readonly names: readonly NameOf<C[number]>[];
  /** The number of each case. */
  readonly cases: { readonly [K in NameOf<C[number]> & string]: number };
  /** The name of case `value`, if there is one. */
  nameOf(value: number): NameOf<C[number]> | undefined;
  /** Bytes from the variant's start to any payload. */
  readonly payloadOffset: number;
}

/** The payload of a case that has none. */
const nothing = (): LayoutNode =>
  define(() => ({
    kind: Kind.pad,
    part: "pad",
    code: VALUES,
    name: "nothing",
    size: 0,
    align: 1,
    portable: true,
  }));

/**
 * A tagged union of the given cases, numbered from 0.
 *
 * @throws {@link CoreError} `duplicate-name`, `invalid-name`, `invalid-count`, `not-a-layout`
 *
 * @example
 * ```ts
 * import { f32, u8, variant } from "@memkit/core";
 *
 * const reading = variant(u8, ["none", ["celsius", f32]]);
 * reading.size; // => 8
 * reading.payloadOffset; // => 4
 * const dv = new DataView(new ArrayBuffer(8));
 * reading.write(dv, 0, { tag: "celsius", value: 21.5 });
 * reading.read(dv, 0); // => { tag: "celsius", value: 21.5 }
 * ```
 */
export function variant<R extends TagRepr, const C extends readonly CaseSpec[]>(
  repr: R,
  cases: C,
): Variant<R, C> {
  const element = nodeOf(repr, "u8, u16 or u32", TAG_KINDS);
  const list = cases.map((each: CaseSpec): { name: string; type: LayoutNode } =>
    Array.isArray(each)
      ? { name: each[0] as string, type: nodeOf(each[1], `the payload of ${String(each[0])}`) }
      : { name: each as string, type: nothing() },
  );
  const names = list.map((each) => each.name);
  const count = names.length;
  const name = `variant(${element.name}) { ${names.map(String).join(", ")} }`;
  checkCount(name, count, 1, 2 ** (8 * element.width));
  checkNames(name, names);
  const numbers = Object.fromEntries(names.map((each, number) => [each, number]));
  const node = define((target) => {
    const types = list.map((each) => each.type.for(target));
    const payloadAlign = Math.max(...types.map((type) => type.align));
    const offset = alignUp(element.size, payloadAlign);
    const align = Math.max(element.align, payloadAlign);
    const size = alignUp(offset + Math.max(...types.map((type) => type.size)), align);
    const portable = types.every((type) => type.portable);
    const members = types.map((type, i) => ({ name: names[i] as string, offset, type }));
    return {
      kind: Kind.variant,
      part: "variant",
      code: VALUES,
      name,
      size,
      align,
      portable,
      element,
      count,
      names,
      cases: numbers,
      members,
    };
  });
  return faceOf(node);
}
