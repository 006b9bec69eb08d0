/**
 * The record without fields.
 *
 * @module
 */

import { BoundCodec } from "./bound-codec.js";
import type { Kind } from "./kind.js";
import { define, faceOf, type KindCode } from "./node.js";
import type { Struct } from "./struct.js";
import type { WriteSite } from "./type.js";

/** `Kind.struct`, without the table of all kinds. */
const STRUCT: typeof Kind.struct = 22;

/** Opens the place, as every write does. Any value will do: nothing is asked of it. */
function write(_dv: DataView, at: number, _value: unknown, site: WriteSite | undefined): void {
  site?.open(at, 0, 1);
}

const NOTHING: KindCode = {
  codecOf: () => new BoundCodec(() => ({}), write, []),
  viewOf: () => ({ seat: () => undefined }),
};

/**
 * The type of nothing at all, C's and Rust's `()`: what `struct()` is, without the code of records with fields.
 *
 * @example
 * ```ts
 * import { struct, u32, unit } from "@memkit/core";
 *
 * unit.size; // => 0
 * struct(["none", unit], ["count", u32]).size; // => 4
 * ```
 */
export const unit: Struct<readonly []> = /* @__PURE__ */ faceOf(
  /* @__PURE__ */ define(() => ({
    kind: STRUCT,
    part: "struct",
    code: NOTHING,
    name: "struct {  }",
    size: 0,
    align: 1,
    portable: true,
  })),
);
