/**
 * Pointers as values: to one `T`, to a run of them, to text.
 *
 * Invariant CORE-19: a pointer to a run is two words, the address first and then the number of elements, each aligned
 * like a pointer.
 *
 * @see wiggle `src/guest_type.rs`, `GuestType for GuestPtr<'_, [T]>`; the canonical layout of witx lists and strings
 * @module
 */

import { nodeOf } from "./definition.js";
import { Kind } from "./kind.js";
import { define, faceOf, type LayoutNode } from "./node.js";
import { u8 } from "./scalar.js";
import { pointerSize } from "./target.js";
import type { ArrayPtr, Layout, Ptr, StrPtr } from "./type.js";
import { VALUES } from "./walk.js";

/** A pointer of `words` words: an address, or an address and a length. */
function pointer(kind: Kind, words: 1 | 2, name: string, pointee: LayoutNode): LayoutNode {
  return define((target) => {
    const align = pointerSize(target);
    const size = words * align;
    const part = words === 1 ? "ptr" : "pair";
    return {
      kind,
      part,
      code: VALUES,
      name,
      size,
      align,
      portable: false,
      element: pointee.for(target),
    };
  });
}

/**
 * The address of a `T`. Its width comes from the target.
 *
 * @throws {@link CoreError} `not-a-layout`
 *
 * @example
 * ```ts
 * import { ptr, u8 } from "@memkit/core";
 *
 * ptr(u8).size; // => 4
 * ptr(u8).for("wasm64").size; // => 8
 * ptr(u8).name; // => "ptr<u8>"
 * ```
 */
export function ptr<T extends Layout>(to: T): Ptr<T> {
  const pointee = nodeOf(to, "the type pointed to");
  return faceOf(pointer(Kind.ptr, 1, `ptr<${pointee.name}>`, pointee));
}

/**
 * The address of `len` elements of type `T`, and `len`: witx's `list`, C's pointer and length side by side.
 *
 * @throws {@link CoreError} `not-a-layout`
 *
 * @example
 * ```ts
 * import { arrayPtr, u16 } from "@memkit/core";
 *
 * const list = arrayPtr(u16);
 * list.size; // => 8
 * list.for("wasm64").size; // => 16
 * const dv = new DataView(new ArrayBuffer(8));
 * list.write(dv, 0, { ptr: 0x100, len: 3 });
 * dv.getUint32(4, true); // => 3
 * ```
 */
export function arrayPtr<T extends Layout>(of: T): ArrayPtr<T> {
  const element = nodeOf(of, "the type of the elements pointed to");
  return faceOf(pointer(Kind.arrayPtr, 2, `arrayPtr<${element.name}>`, element));
}

/** The address of text, and its number of bytes of UTF-8: witx's `string`. Laid out as {@link arrayPtr}. */
export const strPtr: StrPtr = /* @__PURE__ */ (() =>
  faceOf<StrPtr>(pointer(Kind.strPtr, 2, "strPtr", nodeOf(u8, "u8"))))();
