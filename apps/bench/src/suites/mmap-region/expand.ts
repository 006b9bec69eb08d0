/**
 * Growing a heap by pages that were never used, against the one system call that this takes.
 *
 * Either row ends with the call that takes the pages back. No view is made: what that costs is the driver's.
 *
 * @module
 */

import { MmapRegion } from "@memkit/mmap-region/mmap";
import { driverOrThrow } from "../../native-driver.js";
import { type Block, ratio, type Suite } from "../../suite.js";

const STEP = 65_536;
const STEPS = 64;
const SIZES = { heapMemorySize: STEP * (STEPS + 1) };
const MODULE = { heap: { initialSize: STEP } };

const suite: Suite = {
  title: "a heap expanded by 64 KiB",
  statistic: "mean",
  rows: [
    {
      name: "mprotect",
      role: "floor",
      what: "driver.protect of the next 64 KiB",
      ops: STEPS,
      make: async (): Promise<Block> => {
        const driver = await driverOrThrow();
        const slot = MmapRegion.create(driver, 1, SIZES).newInstance(MODULE);
        const start = slot.addressOf("heap") + STEP;
        return () => {
          for (let n = 0; n < STEPS; n++) driver.protect(start + n * STEP, STEP, "read-write");
          driver.protect(start, STEPS * STEP, "none");
          return start;
        };
      },
    },
    {
      name: "expand",
      role: "ours",
      what: "slot.expandHeap(65536)",
      ops: STEPS,
      make: async (): Promise<Block> => {
        const slot = MmapRegion.create(await driverOrThrow(), 1, SIZES).newInstance(MODULE);
        return () => {
          let sum = 0;
          for (let n = 0; n < STEPS; n++) sum += slot.expandHeap(STEP);
          slot.resetHeap();
          return sum;
        };
      },
    },
  ],
  checks: [
    {
      id: "mmap-region.expand.fresh",
      unit: "x mprotect",
      ...ratio("expand", "mprotect"),
      atMost: 2,
    },
  ],
};

export default suite;
