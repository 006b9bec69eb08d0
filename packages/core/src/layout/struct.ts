/**
 * Records: an ordered list of fields, laid out by the rules of C.
 *
 * Invariant CORE-13: each field starts at the first multiple of its alignment from where the previous one ends; the
 * record is aligned like its most aligned field and its size is a multiple of that, so arrays of it need no padding.
 *
 * @module
 */

import { checkCount, checkNames, nodeOf } from "./definition.js";
import { Kind } from "./kind.js";
import { alignUp, type Blueprint, define, faceOf, type Member, UNNAMED } from "./node.js";
import { RECORDS } from "./record-view.js";
import type { ArrayShape, FixedShape, PackedShape, StructShape } from "./size-types.js";
import type { Target } from "./target.js";
import type { Layout, ValueOf, Viewed, ViewOf } from "./type.js";
import { VALUES } from "./walk.js";

/** `n` bytes that belong to nobody: never read, never written. */
export interface Pad<N extends number = number> {
  readonly kind: typeof Kind.pad;
  readonly size: N;
  /** For the compiler only, never present. */
  readonly "~shape"?: ArrayShape<Byte, N>;
}
interface Byte {
  readonly "~shape"?: FixedShape<1>;
}

/** A named field, or unnamed padding. */
export type FieldSpec = readonly [name: string, type: Layout] | Pad;

type Named<F extends readonly FieldSpec[]> = Extract<F[number], readonly [string, Layout]>;

/** The host value of a record: a plain object. */
export type StructValue<F extends readonly FieldSpec[]> = {
  [K in Named<F> as K[0]]: ValueOf<K[1]>;
};

/** A view of one record: accessors over the bytes, nothing is decoded before it is asked for. */
export type StructView<F extends readonly FieldSpec[]> = Seat & {
  [K in Named<F> as K[1] extends Viewed ? never : K[0]]: ValueOf<K[1]>;
} & {
  readonly [K in Named<F> as K[1] extends Viewed ? K[0] : never]: ViewOf<K[1]>;
};

/** What every view can do. (An alias: an interface would keep a particular record from being a `Struct` in general.) */
export type Seat = {
  /** Moves this view to other bytes, without allocating. Views of its fields follow when they are next asked for. */
  seat(dv: DataView, offset: number): void;
};

/** One field: where it starts, and what it is. */
export interface Field {
  readonly name: string;
  /** Bytes from the record's start. */
  readonly offset: number;
  readonly type: Layout;
}

/** A record. */
export interface Struct<
  F extends readonly FieldSpec[] = readonly FieldSpec[],
  S extends StructShape | PackedShape = StructShape<F>,
> extends Layout<StructValue<F>, S> {
  readonly kind: typeof Kind.struct;
  /** The named fields, in order. */
  readonly fields: readonly Field[];
  /**
   * Bytes from the record's start to the field.
   *
   * @throws {@link CoreError} `no-such-field`
   */
  offsetOf(name: Named<F>[0]): number;
  /** Opens a view of the record at `offset`; the caller has checked that `size` bytes lie in `dv`. */
  view(dv: DataView, offset: number): StructView<F>;
}

/** What a record is made of; `name` is {@link UNNAMED} for padding. */
type Part = Pick<Member, "name" | "type">;

function record(name: string, target: Target, parts: readonly Part[], packed: boolean): Blueprint {
  const members: Member[] = [];
  let end = 0;
  let align = 1;
  let portable = true;
  for (const part of parts) {
    const type = part.type.for(target);
    const offset = packed ? end : alignUp(end, type.align);
    if (!packed) align = Math.max(align, type.align);
    portable &&= type.portable;
    end = offset + type.size;
    members.push({ name: part.name, offset, type });
  }
  return {
    kind: Kind.struct,
    part: "struct",
    code: RECORDS,
    name,
    size: alignUp(end, align),
    align,
    portable,
    members,
  };
}

/**
 * A record of the given fields, in this order.
 *
 * @throws {@link CoreError} `duplicate-name`, `invalid-name`, `not-a-layout`, `layout-too-large`
 *
 * @example
 * ```ts
 * import { ptr, struct, u32, u8 } from "@memkit/core";
 *
 * const iovec = struct(["buf", ptr(u8)], ["len", u32]).named("iovec");
 * iovec.size; // => 8
 * iovec.offsetOf("len"); // => 4
 * iovec.for("wasm64").offsetOf("len"); // => 8
 *
 * const dv = new DataView(new ArrayBuffer(16));
 * iovec.write(dv, 3, { buf: 0x1000, len: 5 }); // any offset will do
 * iovec.read(dv, 3); // => { buf: 0x1000, len: 5 }
 * ```
 */
export function struct<const F extends readonly FieldSpec[]>(...fields: F): Struct<F> {
  const parts = fields.map((field: FieldSpec): Part => {
    if (!Array.isArray(field)) return { name: UNNAMED, type: nodeOf(field, "padding", [Kind.pad]) };
    const [name, type] = field as readonly [string, Layout];
    return { name, type: nodeOf(type, `the type of field ${String(name)}`) };
  });
  const names = fields.flatMap((field: FieldSpec) => (Array.isArray(field) ? [field[0]] : []));
  const title = `struct { ${names.map(String).join(", ")} }`;
  checkNames(title, names);
  return faceOf(define((target) => record(title, target, parts, false)));
}

/**
 * The same record without padding, like `__attribute__((packed))`: each field starts where the previous one ends, and
 * the record is aligned to 1. Records inside keep their own padding.
 *
 * @throws {@link CoreError} `not-a-layout`
 *
 * @example
 * ```ts
 * import { packed, struct, u32, u8 } from "@memkit/core";
 *
 * const plain = struct(["tag", u8], ["value", u32]);
 * plain.size; // => 8
 * packed(plain).size; // => 5
 * ```
 */
export function packed<F extends readonly FieldSpec[]>(type: Struct<F>): Struct<F, PackedShape<F>> {
  const node = nodeOf(type, "a struct", [Kind.struct]);
  const title = `packed ${node.name}`;
  return faceOf(
    define((target) => record(title, target, node.for(target).plan.members ?? [], true)),
  );
}

/**
 * `n` unnamed bytes between two fields, as some formats reserve them.
 *
 * @param n - 1 to 2^32
 * @throws {@link CoreError} `invalid-count`
 *
 * @example
 * ```ts
 * import { pad, struct, u8 } from "@memkit/core";
 *
 * struct(["a", u8], pad(6), ["b", u8]).offsetOf("b"); // => 7
 * ```
 */
export function pad<N extends number>(n: N): Pad<N> {
  const name = `pad(${n})`;
  checkCount(name, n, 1, 2 ** 32);
  return faceOf(
    define(() => ({
      kind: Kind.pad,
      part: "pad",
      code: VALUES,
      name,
      size: n,
      align: 1,
      portable: true,
    })),
  );
}
