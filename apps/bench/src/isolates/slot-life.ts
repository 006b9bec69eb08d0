/**
 * A slot from its beginning to its end, one byte of it written, in a process that does nothing else.
 *
 * What a memory costs falls due later: the engine gives 8 to 10 GiB of address space back when it collects garbage, in a thread
 * of its own, and while that holds the process's memory map, the system calls and page faults of everything else in the process
 * wait. In a process of its own each way pays for what it left behind, and for nothing of the others'.
 *
 * @module
 */

import { type Region, type Slot, WasmRegion } from "@memkit/mmap-region";
import { MmapRegion } from "@memkit/mmap-region/mmap";
import type { Isolated } from "../isolate.js";
import { driverOrThrow } from "../native-driver.js";

/** With the blocks of a reading 2,000 slots: several collections of garbage fall into it. */
export const ops = 2;

const WASM_PAGE = 65_536;
const CAPACITY = 8;
const driver = await driverOrThrow();

/** Takes a slot, writes a byte through what `bufferOf` shows of it, and gives it back. */
function life<S extends Slot>(
  region: Region<S>,
  initialSize: number,
  bufferOf: (slot: S) => ArrayBuffer = (slot) => slot.heap.buffer as ArrayBuffer,
): () => number {
  const module = { heap: { initialSize } };
  return () => {
    const slot = region.newInstance(module);
    const bytes = new Uint8Array(bufferOf(slot));
    bytes[0] = 1;
    const sum = bytes[0];
    slot.drop();
    return sum;
  };
}

const LIVES = {
  /** What an engine does for everybody: the memory that a slot is held against. */
  memory(bytes: number) {
    const initial = bytes / WASM_PAGE;
    return () => {
      const memory = new WebAssembly.Memory({ initial, maximum: initial });
      const view = new Uint8Array(memory.buffer);
      view[0] = 1;
      return view[0];
    };
  },
  driver: (bytes: number) =>
    life(WasmRegion.create(CAPACITY, { heapMemorySize: bytes }, { driver }), bytes),
  alone: (bytes: number) => life(WasmRegion.create(CAPACITY, { heapMemorySize: bytes }), bytes),
  lent: (bytes: number) =>
    life(
      WasmRegion.create(CAPACITY, { heapMemorySize: bytes }, { driver }),
      bytes,
      (slot) => slot.memory.buffer as ArrayBuffer,
    ),
  native: (bytes: number) =>
    life(MmapRegion.create(driver, CAPACITY, { heapMemorySize: bytes }), bytes),
  warm: (bytes: number) =>
    life(MmapRegion.create(driver, CAPACITY, { heapMemorySize: bytes }, { warmSlots: 1 }), bytes),
} as const satisfies Record<string, (bytes: number) => () => number>;

export type Life = keyof typeof LIVES;

/** Twice the life that `mode` names, in a slot of as many bytes as it says. */
export const make: Isolated["make"] = (mode) => {
  const [name, bytes] = mode.split(" ");
  const once = LIVES[name as Life](Number(bytes));
  return () => once() + once();
};
