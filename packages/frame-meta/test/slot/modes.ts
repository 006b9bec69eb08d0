/**
 * The modes that the contract suites run against, and tables for them.
 *
 * @module
 */

import { PhysicalMemory } from "@memkit/core";
import {
  createSlots,
  type SlotTable,
  type SlotTableAttachment,
  type SlotTableOptions,
  slotTableBytes,
  type TableMode,
} from "@memkit/frame-meta";
import { FrameKernel } from "@memkit/frame-meta/kernel";

export const MODES: readonly TableMode[] = ["single", "shared", "kernel"];

/** Options for a table in this mode. */
export function inMode(
  mode: TableMode,
  options: SlotTableOptions,
): SlotTableOptions & { readonly kernel?: FrameKernel } {
  const { kernel: _, ...others } = options;
  if (mode !== "kernel") return { ...others, mode };
  return { ...others, kernel: FrameKernel.create(slotTableBytes(options)) };
}

/** How to attach to a table that was made with `inMode`. */
export function attachmentTo(
  { mode, kernel, memory }: SlotTableOptions,
  buffer: ArrayBufferLike,
): SlotTableAttachment {
  return kernel === undefined ? { memory, mode: mode!, buffer } : { memory, kernel };
}

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
  return createSlots(inMode(mode, { memory: twoBanks() }));
}
