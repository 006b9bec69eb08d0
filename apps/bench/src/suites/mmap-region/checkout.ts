/**
 * A slot of a region from `newInstance` to `drop`, one byte touched, against the memory that an engine would make anew.
 *
 * Without a driver a memory is cleared byte by byte before it is used again, touched or not, so that its length counts.
 *
 * Means, because what this costs is deferred: the engine gives address space back when it collects garbage.
 *
 * @module
 */

import { WasmRegion, type WasmRegionOptions } from "@memkit/mmap-region";
import { memoryRow } from "../../memory-row.js";
import { driverOrThrow } from "../../native-driver.js";
import { type Block, type Row, ratio, type Suite } from "../../suite.js";

/** The heap that a small guest starts with, and 1 MiB, the heap of lucet's default limits. */
const SIZES = [1 << 16, 1 << 20];

function slotRow(
  name: string,
  what: string,
  optionsOf: () => WasmRegionOptions | Promise<WasmRegionOptions>,
  lend = false,
): Row {
  return {
    name,
    role: "ours",
    what,
    ops: 1,
    n: SIZES,
    make: async (n): Promise<Block> => {
      const region = WasmRegion.create(8, { heapMemorySize: n }, await optionsOf());
      const module = { heap: { initialSize: n } };
      return () => {
        const slot = region.newInstance(module);
        const bytes = new Uint8Array(lend ? slot.memory.buffer : slot.heap.buffer);
        bytes[0] = 1;
        const sum = bytes[0];
        slot.drop();
        return sum;
      };
    },
  };
}

const suite: Suite = {
  title: "a slot, touched once and given back",
  statistic: "mean",
  rows: [
    { ...memoryRow(1 << 20), n: SIZES, make: (n) => memoryRow(n).make(n) },
    slotRow("slot", "WasmRegion: newInstance, one byte written, drop", () => ({})),
    slotRow("driver", "the same with a native driver", async () => ({
      driver: await driverOrThrow(),
    })),
    slotRow(
      "lent",
      "without one, slot.memory given to somebody: never used again",
      () => ({}),
      true,
    ),
  ],
  checks: [
    {
      id: "mmap-region.checkout.slot",
      unit: "x memory",
      ...ratio("slot@1048576", "memory@1048576"),
      atMost: 0.3,
    },
    {
      id: "mmap-region.checkout.driver",
      unit: "x memory",
      ...ratio("driver@1048576", "memory@1048576"),
      atMost: 0.3,
    },
  ],
};

export default suite;
