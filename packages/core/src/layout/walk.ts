/**
 * The walk through a layout, which reads and writes the values of every kind.
 *
 * @module
 */

import { BoundCodec } from "./bound-codec.js";
import type { KindCode, LayoutNode } from "./node.js";
import { readValue } from "./read-value.js";
import type { PointerEnv, WriteSite } from "./type.js";
import { NO_WORDS, type Words } from "./words.js";
import { writeValue } from "./write-value.js";

/** The walk through the layout of `node`. */
export function walk(node: LayoutNode): BoundCodec {
  return new BoundCodec(walkRead, walkWrite, node);
}

function walkRead(
  dv: DataView,
  at: number,
  words: Words = NO_WORDS,
  env: PointerEnv | undefined,
  node: LayoutNode,
): unknown {
  return readValue(node, dv, at, env, words);
}

function walkWrite(
  dv: DataView,
  at: number,
  value: unknown,
  site: WriteSite | undefined,
  env: PointerEnv | undefined,
  node: LayoutNode,
): void {
  writeValue(node, dv, at, value, env, site);
}

/** The code of kinds without a view: who opens one gets the value. */
export const VALUES: KindCode = {
  codecOf: walk,
  viewOf: (node, dv, at) => node.read(dv, at),
};
