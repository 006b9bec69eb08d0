/**
 * What a user's root has of the kernel's: its entries of the kernel's range, which lead to the same tables (PT-39).
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import type { PageTableConfig } from "../format/config.js";
import { ABSENT } from "./entry-coder.js";
import type { NodeStore } from "./node-store.js";

/** A root beside which another may be. */
interface Root {
  readonly store: NodeStore;
  readonly rootPfn: number;
}

/** Whether two tables have one root's entries between them, each its own: where the kernel has a root of its own they have none. */
export function shareRoot(one: PageTableConfig, other: PageTableConfig): boolean {
  return one.upperRoot === other.upperRoot;
}

/** The words of a root. Nothing is located: whatever goes through tables is where it was. */
function wordsOf({ store: { frames }, rootPfn }: Root): Int32Array {
  const { memory } = frames;
  const { views } = memory.banks[memory.bankIndexOf(rootPfn as Pfn)]!;
  views.refresh();
  const { buffer, byteOffset } = views.liveU8;
  return new Int32Array(buffer, byteOffset + memory.byteOffsetOf(rootPfn as Pfn), 1024);
}

/** Whether a root's entries that are not its own are those of the kernel's range, all of them, and no others. */
export function hasHalfOf(root: Root, kernel: Root | undefined): boolean {
  const { coder, levels, frames, config } = root.store;
  const [from, to] = config.topLevelIndexRange;
  let [first, last] = [0, -1];
  if (kernel !== undefined) {
    const { config: theirs } = kernel.store;
    if (kernel.store.frames !== frames || theirs.format !== config.format) return false;
    if (shareRoot(theirs, config)) {
      if (theirs.topLevelCanUnmap) return false; // nobody may have borrowed what may go
      [first, last] = theirs.topLevelIndexRange;
    }
    if (first <= to && from <= last) return false;
  }
  const own = wordsOf(root);
  const kernels = kernel && wordsOf(kernel);
  // Not the words: a processor marks each root's entries on its own.
  const leadTo = (words: Int32Array, i: number): number => {
    const [lo, hi] = [words[2 * i]!, words[2 * i + 1]!];
    return coder.kind(lo, hi, levels) === ABSENT ? -1 : coder.childOf(lo, hi);
  };
  for (let i = 0; i < 512; i += 1) {
    if (i >= from && i <= to) continue;
    const want = kernels !== undefined && i >= first && i <= last ? leadTo(kernels, i) : -1;
    if (leadTo(own, i) !== want) return false;
  }
  return true;
}
