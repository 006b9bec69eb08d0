/**
 * The words of nodes that several agents work on, and which memory they can be in.
 *
 * @module
 */

import type { FrameTable } from "@memkit/frame-meta";
import { pageTableError } from "../page-table-error.js";
import { NodeMemory } from "./node-memory.js";
import { TableError } from "./table-error.js";

const WidthError = /* @__PURE__ */ pageTableError<"access-width">({
  "access-width": (d) =>
    `entries in these frames are accessed ${d.got} bits at a time by others, and ${d.expected} here`,
});

/** The word of the header of a frames' table that has the width: `HeaderWord.entryWidth` of frame-meta's layout. */
const WIDTH_WORD = 14;
/** Bits of an access to an entry in shared memory: JavaScript's atomic accesses of 64 bits allocate. */
const WIDTH = 32;

/**
 * Proves that agents can work on tables in these frames together.
 *
 * @throws {@link PageTableError} `unsupported-memory`, `access-width`
 */
export function checkShared({ mode, agent, memory, slots }: FrameTable): void {
  if (agent === undefined) {
    const what = `the frames' table is in mode "${mode}", where locks have owners: open it with an agent's number`;
    throw new TableError({ code: "unsupported-memory", what });
  }
  if (memory.banks.some(({ views }) => !views.shared)) {
    const what = `the frames' table is in mode "${mode}", and the frames are not in a SharedArrayBuffer`;
    throw new TableError({ code: "unsupported-memory", what });
  }
  const got = slots.swap(WIDTH_WORD, 0, WIDTH);
  if (got !== 0 && got !== WIDTH) {
    throw new WidthError({ code: "access-width", expected: WIDTH, got });
  }
}

/** Where other agents change the metadata of nodes that this one has not locked. */
export class SharedNodeMemory extends NodeMemory {
  protected override metaAt(index: number): number {
    return this.frames.slots.load(index);
  }
}
