/**
 * Started as a process of its own by system-limits.test.ts: takes slots until one is refused, and prints how many it
 * got and the error. Argument: capacity of the region.
 */

import { RegionError } from "@memkit/mmap-region";
import { loadDriver } from "@memkit/mmap-region/driver";
import { MmapRegion, type MmapSlot } from "@memkit/mmap-region/mmap";

const [capacity, heapAddressSpaceSize] = process.argv.slice(2).map(Number);
const { driver } = await loadDriver();
if (driver === undefined) throw new Error("no driver");
const slots: MmapSlot[] = [];
let code = "none";
try {
  const sizes = { heapMemorySize: 65536, heapAddressSpaceSize: heapAddressSpaceSize! };
  const region = MmapRegion.create(driver, capacity!, sizes, { slotGuard: true });
  for (;;) slots.push(region.newInstance({}));
} catch (error) {
  if (!(error instanceof RegionError)) throw error;
  code = error.code;
}
const half = slots.length >>> 1;
for (const slot of slots.splice(half)) slot.drop();
const bytes = new Uint8Array(64 * 2 ** 20).fill(1); // the process can still map for itself
process.stdout.write(JSON.stringify({ code, got: half * 2, bytes: bytes.length }));
process.exit(0);
