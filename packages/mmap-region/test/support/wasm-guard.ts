/**
 * Started as a process of its own by wasm-driver.test.ts: a guest touches a guard and prints that it trapped, then a view does
 * the same.
 */

import { WasmRegion } from "@memkit/mmap-region";
import { loadDriver, type NativeDriverName } from "@memkit/mmap-region/driver";
import { uncheckedGuard } from "@memkit/mmap-region/unchecked";
import { GUEST, instantiate } from "../wat.js";

const { driver } = await loadDriver({ only: process.argv[2] as NativeDriverName });
const slot = WasmRegion.create(1, {}, { driver }).newInstance({ heap: { initialSize: 65536 } });
const guest = instantiate(GUEST, { memory: slot.memory });
uncheckedGuard(slot, 4096, 4096);
try {
  guest.load?.(4096);
} catch {
  process.stdout.write("trapped ");
}
process.stdout.write(String(new Uint8Array(slot.heap.buffer)[4096]));
