/**
 * A slot of a region from `newInstance` to `drop`, one byte touched, against the memory that an engine would make anew.
 *
 * Means, because what this costs is deferred: the engine gives address space back when it collects garbage.
 *
 * @module
 */

import { WasmRegion } from "@memkit/mmap-region";
import { memoryRow } from "../../memory-row.js";
import type { Block, Suite } from "../../suite.js";

/** 1 MiB, the heap of lucet's default limits. */
const HEAP = 1 << 20;

const suite: Suite = {
  title: "a slot of 1 MiB, touched once and given back",
  statistic: "mean",
  rows: [
    memoryRow(HEAP),
    {
      name: "slot",
      role: "ours",
      what: "WasmRegion: newInstance, one byte written, drop",
      ops: 1,
      make: (): Block => {
        const region = WasmRegion.create(8, { heapMemorySize: HEAP });
        const module = { heap: { initialSize: HEAP } };
        return () => {
          const slot = region.newInstance(module);
          const bytes = new Uint8Array(slot.heap.buffer);
          bytes[0] = 1;
          const sum = bytes[0];
          slot.drop();
          return sum;
        };
      },
    },
  ],
  checks: [],
};

export default suite;
