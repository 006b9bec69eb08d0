/**
 * Arrays of a fixed length, and the view of one.
 *
 * @module
 */

import { ELEMENTS } from "./array-view.js";
import { checkCount, nodeOf } from "./definition.js";
import { Kind } from "./kind.js";
import { define, faceOf } from "./node.js";
import type { ArrayShape } from "./size-types.js";
import type { Seat } from "./struct.js";
import type { Layout, ValueOf, ViewOf } from "./type.js";

/** `count` elements in a row. */
export interface ArrayType<E extends Layout = Layout, N extends number = number>
  extends Layout<readonly ValueOf<E>[], ArrayShape<E, N>> {
  readonly kind: typeof Kind.array;
  readonly element: E;
  /** Number of elements. */
  readonly count: N;
  /** Opens a view of the array at `offset`; the caller has checked that `size` bytes lie in `dv`. */
  view(dv: DataView, offset: number): ArrayView<E>;
}

/** The elements of an array, one at a time. */
export interface ArrayView<E extends Layout = Layout> extends Seat {
  /** Number of elements. */
  readonly length: number;
  /**
   * Element `index`. Records, arrays and atomics come as a view, which this view moves on at the next call.
   *
   * @throws {@link CoreError} `index-out-of-range`, or as {@link Layout.read}
   */
  get(index: number): ViewOf<E>;
  /**
   * Stores a whole element.
   *
   * @throws {@link CoreError} `index-out-of-range`, or as {@link Layout.write}
   */
  set(index: number, value: ValueOf<E>): void;
}

/**
 * `count` elements in a row.
 *
 * @param count - 0 to 2^32
 * @throws {@link CoreError} `invalid-count`, `not-a-layout`, `layout-too-large`
 *
 * @example
 * ```ts
 * import { array, u16 } from "@memkit/core";
 *
 * const three = array(u16, 3);
 * three.size; // => 6
 * const dv = new DataView(new ArrayBuffer(8));
 * three.write(dv, 1, [1, 2, 3]);
 * three.view(dv, 1).get(2); // => 3
 * ```
 */
export function array<E extends Layout, N extends number>(element: E, count: N): ArrayType<E, N> {
  const of = nodeOf(element, "the type of an array's elements");
  const name = `${of.name}[${count}]`;
  checkCount(name, count, 0, 2 ** 32);
  const node = define((target) => {
    const each = of.for(target);
    const { align, portable } = each;
    const size = each.size * count;
    return {
      kind: Kind.array,
      part: "array",
      code: ELEMENTS,
      name,
      size,
      align,
      portable,
      element: each,
      count,
    };
  });
  return faceOf(node);
}
