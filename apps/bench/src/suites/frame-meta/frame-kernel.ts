/**
 * What counting costs through the WebAssembly kernel: one call a step, and the tests of the frame's place and count.
 *
 * @module
 */

import { bare, raw, wasmCall } from "../../frames.js";
import { ratio, type Suite } from "../../suite.js";

const suite: Suite = {
  title: "counts of a shared table, by the kernel",
  inTurns: true,
  rows: [
    { name: "bare", role: "floor", what: "two Atomics.add, no test", make: bare },
    { name: "call", role: "floor", what: "two calls of the kernel's load", make: wasmCall },
    { name: "raw", role: "ours", what: "SlotTable.inc + dec", make: raw("kernel") },
  ],
  checks: [
    {
      id: "frame-meta.frame-kernel.raw",
      ...ratio("raw", "bare"),
      atMost: 0.8,
      unit: "x 2 Atomics.add",
    },
  ],
};

export default suite;
