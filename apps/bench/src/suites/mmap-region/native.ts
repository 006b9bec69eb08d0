/**
 * A slot of real memory from `newInstance` to `drop`, one byte touched, against the memory that an engine would make anew;
 * and a reset of it against the system calls that lucet makes for one.
 *
 * Means, because what these cost is deferred, and the slots in processes of their own: see `isolates/slot-life.ts`. Without a
 * native driver the suite fails, and says why.
 *
 * @module
 */

import { MmapRegion } from "@memkit/mmap-region/mmap";
import { driverOrThrow } from "../../native-driver.js";
import { slotRow } from "../../slot-row.js";
import { type Block, type Row, ratio, type Suite } from "../../suite.js";

/** 1 MiB, the heap of lucet's default limits. */
const HEAP = 1 << 20;
const HOST_PAGE = 4096;
const DIRTY = 16;
const MODULE = { heap: { initialSize: HEAP } };

/** Dirties pages all over the heap, so that the system has something to take back. */
function dirty(heap: Uint8Array): number {
  for (let n = 0; n < DIRTY; n++) heap[n * (HEAP / DIRTY) + (n % HOST_PAGE)] = 1;
  return heap[0]!;
}

function resetRow(name: string, what: string, keepResident?: number): Row {
  return {
    name,
    role: "ours",
    what,
    ops: 1,
    make: async (): Promise<Block> => {
      const sizes = { heapMemorySize: HEAP };
      const region = MmapRegion.create(await driverOrThrow(), 1, sizes, { keepResident });
      const slot = region.newInstance(MODULE);
      const heap = slot.u8("heap");
      return () => {
        const sum = dirty(heap);
        slot.resetHeap();
        return sum;
      };
    },
  };
}

const suite: Suite = {
  title:
    "a slot of real memory, 1 MiB: taken, touched once and given back; reset with 16 dirty pages",
  statistic: "mean",
  rows: [
    slotRow("memory", "new WebAssembly.Memory, one byte written, let go", [HEAP]),
    slotRow("native", "MmapRegion: newInstance, one byte written, drop", [HEAP]),
    slotRow("warm", "the same with warmSlots: 1", [HEAP]),
    {
      name: "lucet",
      role: "peer",
      what: "16 pages written; lucet's calls for a reset: mprotect and madvise of 8 GiB, mprotect",
      ops: 1,
      make: async (): Promise<Block> => {
        const driver = await driverOrThrow();
        const region = MmapRegion.create(driver, 1, { heapMemorySize: HEAP });
        const slot = region.newInstance(MODULE);
        const heap = slot.u8("heap");
        const start = slot.addressOf("heap");
        const space = region.limits.heapAddressSpaceSize;
        return () => {
          const sum = dirty(heap);
          driver.protect(start, space, "none");
          driver.discard(start, space);
          driver.protect(start, HEAP, "read-write");
          return sum;
        };
      },
    },
    resetRow("reset", "16 pages written; resetHeap"),
    resetRow("discard", "the same with keepResident: 0, so that all memory is given back", 0),
  ],
  checks: [
    {
      id: "mmap-region.native.slot",
      unit: "x memory",
      ...ratio(`native@${HEAP}`, `memory@${HEAP}`),
      atMost: 0.3,
    },
    {
      id: "mmap-region.native.warm",
      unit: "x memory",
      ...ratio(`warm@${HEAP}`, `memory@${HEAP}`),
      atMost: 0.3,
    },
    {
      id: "mmap-region.native.reset",
      unit: "x lucet",
      ...ratio("reset", "lucet"),
      atMost: 0.7,
    },
  ],
};

export default suite;
