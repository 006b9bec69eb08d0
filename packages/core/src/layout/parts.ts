/**
 * Small questions about a node that reading, checking, writing and viewing share.
 *
 * @module
 */

import type { LayoutNode } from "./node.js";

/** The element of a node whose kind has one. */
export function elementOf(node: LayoutNode): LayoutNode {
  return node.element as LayoutNode;
}

/** The bits of `got` that the flags `node` do not define. */
export function unknownBits(node: LayoutNode, got: number | bigint): number | bigint {
  return typeof got === "bigint"
    ? got & ~(node.known as bigint)
    : (got & ~(node.known as number)) >>> 0;
}
