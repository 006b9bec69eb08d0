/**
 * The memory that an engine makes anew: what every slot of a region is held against.
 *
 * @module
 */

import type { Block, Row } from "./suite.js";

const WASM_PAGE = 65_536;

/** A `WebAssembly.Memory` of so many bytes, touched once and let go. */
export const memoryRow = (bytes: number): Row => ({
  name: "memory",
  role: "floor",
  what: "new WebAssembly.Memory, one byte written, let go",
  ops: 1,
  make: (): Block => () => {
    const pages = bytes / WASM_PAGE;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const view = new Uint8Array(memory.buffer);
    view[0] = 1;
    return view[0];
  },
});
