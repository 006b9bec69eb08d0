/**
 * The modes that the contract suites run against, and tables for them.
 *
 * @module
 */

import { PhysicalMemory } from "@memkit/core";
import { createSlots, type SlotTable, type TableMode } from "@memkit/frame-meta";

export const MODES: readonly TableMode[] = ["single", "shared"];

/** Two banks with a hole between them, and a device in the hole. */
export function twoBanks(shared = true): PhysicalMemory {
  const buffer = shared ? new SharedArrayBuffer(8 * 4096) : new ArrayBuffer(8 * 4096);
  return new PhysicalMemory(
    [
      { firstPfn: 0x10, frames: 4, source: { buffer }, byteOffset: 0 },
      { firstPfn: 0x80000, frames: 4, source: { buffer }, byteOffset: 4 * 4096 },
    ],
    { mmio: [{ firstPfn: 0x100, frames: 2 }] },
  );
}

export function slotsOf(mode: TableMode): SlotTable {
  return createSlots({ memory: twoBanks(), mode });
}
