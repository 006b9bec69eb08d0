/**
 * Fields that other threads change at the same time, and the accessor for one.
 *
 * Invariant CORE-15: an atomic access is only ever made at a multiple of its size from the start of the *buffer*;
 * an element of a typed array cannot lie elsewhere, so a misaligned seat is refused instead of rounded.
 *
 * @module
 */

import { type AtomicCell, CELLS } from "./atomic-cell.js";
import { nodeOf } from "./definition.js";
import { Kind } from "./kind.js";
import { define, faceOf } from "./node.js";
import type { Layout, Scalar, ShapeOf } from "./type.js";

/** The numbers that can be atomic. Wider ones would box a bigint at every access. */
export type AtomicRepr = Scalar<"u8"> | Scalar<"u16"> | Scalar<"u32">;

/**
 * A number that several threads access. `read` and `write`, also of a record around it, are plain accesses; go through
 * the cell of `view` for atomic ones.
 */
export interface Atomic<R extends AtomicRepr = AtomicRepr> extends Layout<number, ShapeOf<R>> {
  readonly kind: typeof Kind.atomic;
  /** The number stored. */
  readonly element: R;
  /**
   * Opens the number at `offset`.
   *
   * @throws {@link CoreError} `atomic-misaligned`
   */
  view(dv: DataView, offset: number): AtomicCell;
}

/**
 * The number type `repr`, accessed atomically through its view.
 *
 * @throws {@link CoreError} `not-a-layout`
 *
 * @example
 * ```ts
 * import { atomic, struct, u32 } from "@memkit/core";
 *
 * const meta = struct(["flags", u32], ["count", atomic(u32)]);
 * const view = meta.view(new DataView(new SharedArrayBuffer(64)), 0);
 * view.count.add(1); // => 0
 * view.count.compareExchange(1, 7); // => 1
 * view.count.load(); // => 7
 * ```
 */
export function atomic<R extends AtomicRepr>(repr: R): Atomic<R> {
  const element = nodeOf(repr, "u8, u16 or u32", [Kind.u8, Kind.u16, Kind.u32]);
  const { size, width, align } = element;
  const name = `atomic<${element.name}>`;
  return faceOf(
    define(() => ({
      kind: Kind.atomic,
      part: "atomic",
      code: CELLS,
      name,
      size,
      width,
      align,
      portable: true,
      element,
    })),
  );
}
