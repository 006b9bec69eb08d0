/**
 * Started as a process of its own by guards.test.ts: writes to bytes of a slot, by their distance from the slot's start, one
 * after the other, and prints each when it has survived it.
 */

import { loadDriver, type NativeDriverName } from "@memkit/mmap-region/driver";
import { MmapRegion } from "@memkit/mmap-region/mmap";
import { HEAP, SIZES } from "./drawn.js";

const [name, ...offsets] = process.argv.slice(2);
const { driver } = await loadDriver({ only: name as NativeDriverName });
if (driver === undefined) throw new Error("no driver");
const region = MmapRegion.create(driver, 1, SIZES, { slotGuard: true });
const slot = region.newInstance({ heap: HEAP });
slot.expandHeap(HEAP.initialSize);
for (const offset of offsets.map(Number)) {
  const address = slot.start + offset;
  const page = new Uint8Array(driver.view(address - (address % 4096), 4096));
  page[address % 4096] = page[address % 4096]! + 1;
  process.stdout.write(`${offset} `);
}
