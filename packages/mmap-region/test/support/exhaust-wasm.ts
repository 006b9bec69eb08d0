/**
 * Started as a process of its own by system-limits.test.ts: takes slots of a wasm region until the engine gets no more address
 * space, drops them, and takes one again. Prints how many it got, the error, and the heap's length at last.
 */

import { RegionError, WasmRegion, type WasmSlot } from "@memkit/mmap-region";

const MODULE = { heap: { initialSize: 65536 } };
const region = WasmRegion.create(100);
const slots: WasmSlot[] = [];
let code = "none";
try {
  for (;;) slots.push(region.newInstance(MODULE));
} catch (error) {
  if (!(error instanceof RegionError)) throw error;
  code = error.code;
}
const got = slots.length;
const used = region.usedSlots;
for (const slot of slots) slot.drop();
const again = region.newInstance(MODULE).heapLength;
process.stdout.write(JSON.stringify({ code, got, used, again }));
