/**
 * Raising a type's alignment.
 *
 * @module
 */

import { type CoreErrorDetail, coreError } from "../core-error.js";
import type { ErrorClass } from "../error.js";
import { nodeOf } from "./definition.js";
import { alignUp, define, faceOf } from "./node.js";
import type { AlignedShape } from "./size-types.js";
import type { Layout, ValueOf } from "./type.js";

/** `L`, with everything it offers, aligned to `N` bytes or more. */
export type Aligned<N extends number, L extends Layout> = Layout<ValueOf<L>, AlignedShape<N, L>> &
  Omit<L, keyof Layout>;

/** A WebAssembly page: memories start at one, and no address in them is known to be aligned more coarsely. */
const MAX_ALIGN = 65_536;

const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<"invalid-align">({
  "invalid-align": (d) => `an alignment is a power of two from 1 to 65536, got ${d.align}`,
});

/**
 * The same type aligned to at least `least` bytes, its size rounded up to that, like Rust's `#[repr(align(n))]` or a
 * C struct with `__attribute__((aligned(n)))`. An alignment that is larger already stays. (A single *member* that C
 * declares with `alignas(n)` keeps its size: what follows may lie within the rounding. Say that with `pad`.)
 *
 * @param least - a power of two from 1 to 65,536
 * @throws {@link CoreError} `invalid-align`, `not-a-layout`
 *
 * @example
 * ```ts
 * import { aligned, struct, u32 } from "@memkit/core";
 *
 * const line = aligned(64, struct(["count", u32]));
 * line.size; // => 64
 * line.align; // => 64
 * ```
 */
export function aligned<N extends number, L extends Layout>(least: N, type: L): Aligned<N, L> {
  if (
    !(Number.isInteger(least) && least >= 1 && least <= MAX_ALIGN && (least & (least - 1)) === 0)
  ) {
    throw new CoreError({ code: "invalid-align", align: least });
  }
  const node = nodeOf(type, "the type to align");
  return faceOf(
    define((target) => {
      const { plan, width } = node.for(target);
      const align = Math.max(plan.align, least);
      return { ...plan, codec: undefined, width, align, size: alignUp(plan.size, align) };
    }),
  );
}
