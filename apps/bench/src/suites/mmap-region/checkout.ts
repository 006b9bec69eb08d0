/**
 * A slot of a wasm region from `newInstance` to `drop`, one byte written, against the memory that an engine would make anew.
 *
 * Means, because what these cost is deferred, and each row in a process of its own, because what is deferred is paid by whoever
 * is there: see `isolates/slot-life.ts`. Without a native driver the suite fails, and says why.
 *
 * The bounds are for regions with what `loadDriver` finds, and for those without a driver at 64 KiB. Beyond that there is none:
 * nobody tells which pages were written, so all are cleared, and the longer a memory is the nearer that comes to a new one.
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
    {
      id: "mmap-region.checkout.alone-64k",
      unit: "x memory",
      ...ratio("alone@65536", "memory@65536"),
      atMost: 0.3,
    },
  ],
};

export default suite;
