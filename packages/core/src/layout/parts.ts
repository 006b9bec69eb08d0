/**
 * Small questions about a node that reading, taking, writing and viewing share.
 *
 * @module
 */

import type { LayoutNode } from "./node.js";
import type { Layout, Pointer } from "./type.js";

/** The element of a node whose kind has one. */
export function elementOf(node: LayoutNode): LayoutNode {
  return node.element as LayoutNode;
}

/** A node that is a pointer, as its public face. */
export function pointerOf(node: LayoutNode): Pointer {
  return node as Layout as Pointer;
}

/** The bits of `got` that the flags `node` do not define. */
export function unknownBits(node: LayoutNode, got: number | bigint): number | bigint {
  return typeof got === "bigint"
    ? got & ~(node.known as bigint)
    : (got & ~(node.known as number)) >>> 0;
}
