/**
 * A layout as one line of text that is the same in every agent, and its hash.
 *
 * @module
 */

import type { Layout } from "@memkit/core";

/** What layouts have besides a size; which of them depends on the kind. */
interface Parts {
  readonly fields?: readonly {
    readonly name: string;
    readonly offset: number;
    readonly type: Layout;
  }[];
  readonly element?: Layout;
  readonly count?: number;
  readonly names?: readonly string[];
}

/** Kind, size, alignment and parts of a layout, down to its scalars. Names of types are left out: they are free. */
export function layoutText(layout: Layout): string {
  const { fields = [], element, count = 0, names = [] } = layout as Parts;
  const inner = fields.map(({ name, offset, type }) => `${name}@${offset}:${layoutText(type)}`);
  const of = element === undefined ? "" : `*${count}<${layoutText(element)}>`;
  return `${layout.kind}/${layout.size}/${layout.align}{${inner.join(",")}}${of}[${names.join(",")}]`;
}

// FNV-1a, 64 bits. http://www.isthe.com/chongo/tech/comp/fnv/
const FNV_OFFSET = 0xcbf2_9ce4_8422_2325n;
const FNV_PRIME = 0x100_0000_01b3n;

/** The hash of the text of `storedPageTablePageMeta`: a type with this layout is a page-table node's. */
export const PT_NODE = 0x7da2_d91b_4c27_686an;

/** 64 bits that differ, as good as surely, where the text differs. */
export function textHash(text: string): bigint {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  }
  return hash;
}
