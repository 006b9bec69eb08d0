/**
 * The bound of every checked access: asking the source for its buffer against the live length of a cached view.
 *
 * @module
 */

import { ViewCache } from "@memkit/core";
import { shuffledPositions } from "../../positions.js";
import type { Suite } from "../../suite.js";

const READS = 1024;
const addresses = shuffledPositions(READS, 61);

const memoryOf = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 1 });

const suite: Suite = {
  title: "a bounds-checked byte of a memory that may grow",
  rows: [
    {
      name: "bare",
      role: "floor",
      what: "a cached Uint8Array, no check of our own",
      make: () => {
        const u8 = new Uint8Array(memoryOf().buffer);
        return () => {
          let sum = 0;
          for (let i = 0; i < READS; i++) sum += u8[addresses[i]!]!;
          return sum;
        };
      },
    },
    {
      name: "view-cache",
      role: "ours",
      what: "ViewCache: the view's live length, refreshed when it does not suffice",
      make: () => {
        const views = new ViewCache(memoryOf());
        return () => {
          let sum = 0;
          for (let i = 0; i < READS; i++) {
            const at = addresses[i]!;
            if (at >= views.u8.length && at >= views.refresh()) throw new Error("out of bounds");
            sum += views.u8[at]!;
          }
          return sum;
        };
      },
    },
    {
      name: "identity",
      role: "peer",
      what: "a cached view, compared with memory.buffer",
      make: () => {
        const memory = memoryOf();
        let u8 = new Uint8Array(memory.buffer);
        return () => {
          let sum = 0;
          for (let i = 0; i < READS; i++) {
            if (u8.buffer !== memory.buffer) u8 = new Uint8Array(memory.buffer);
            sum += u8[addresses[i]!]!;
          }
          return sum;
        };
      },
    },
    {
      name: "fresh",
      role: "peer",
      what: "new Uint8Array(memory.buffer) for each access",
      make: () => {
        const memory = memoryOf();
        return () => {
          let sum = 0;
          for (let i = 0; i < READS; i++) sum += new Uint8Array(memory.buffer)[addresses[i]!]!;
          return sum;
        };
      },
    },
  ],
  checks: [],
};

export default suite;
