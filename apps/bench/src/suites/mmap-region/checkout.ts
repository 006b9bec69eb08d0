/**
 * A slot of a wasm region from `newInstance` to `drop`, one byte written, against the memory that an engine would make anew.
 *
 * Means, because what these cost is deferred, and each row in a process of its own, because what is deferred is paid by whoever
 * is there: see `isolates/slot-life.ts`. Without a native driver the suite fails, and says why.
 *
 * Without a driver a memory is cleared byte by byte before it is used again, touched or not, so that its length counts.
 *
 * @module
 */

import { slotRow } from "../../slot-row.js";
import { ratio, type Suite } from "../../suite.js";

/** The heap that a small guest starts with, and 1 MiB, the heap of lucet's default limits. */
const SIZES = [1 << 16, 1 << 20];

const suite: Suite = {
  title:
    "a slot of a wasm region, taken, touched once and given back, each way in a process of its own",
  statistic: "mean",
  rows: [
    slotRow("memory", "new WebAssembly.Memory, one byte written, let go", SIZES),
    slotRow(
      "driver",
      "WasmRegion with what loadDriver finds: newInstance, one byte written, drop",
      SIZES,
    ),
    slotRow("alone", "the same without a driver", SIZES),
    slotRow("lent", "with one, slot.memory given to somebody: never used again", SIZES),
  ],
  checks: [
    ...SIZES.map((bytes) => ({
      id: `mmap-region.checkout.driver-${bytes >> 10}k`,
      unit: "x memory",
      ...ratio(`driver@${bytes}`, `memory@${bytes}`),
      atMost: 0.3,
    })),
    ...SIZES.map((bytes) => ({
      id: `mmap-region.checkout.alone-${bytes >> 10}k`,
      unit: "x memory",
      ...ratio(`alone@${bytes}`, `memory@${bytes}`),
      atMost: 0.3,
    })),
  ],
};

export default suite;
