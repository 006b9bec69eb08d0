/**
 * D, the yardstick of guest memory: what a host pays that makes a view of its guest's memory for each access.
 *
 * @module
 */

import type { Row } from "./suite.js";

/** `new DataView(memory.buffer)`, as often as a block does whatever is measured against it. */
export const dataViewRow = (ops: number): Row => ({
  name: "D",
  role: "floor",
  what: "new DataView(memory.buffer)",
  ops,
  make: () => {
    const memory = new WebAssembly.Memory({ initial: 16 });
    return () => {
      let sum = 0;
      for (let i = 0; i < ops; i++) sum += new DataView(memory.buffer).byteLength;
      return sum;
    };
  },
});
