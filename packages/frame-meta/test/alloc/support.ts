/**
 * Tables with allocators, for the suites here.
 *
 * @module
 */

import { type BankInit, PhysicalMemory } from "@memkit/core";
import { FrameTable, type TableMode } from "@memkit/frame-meta";
import { type BuddyAllocator, type BuddyOptions, createBuddy } from "@memkit/frame-meta/alloc";
import { FrameLedger } from "@memkit/frame-meta/model";
import { inMode } from "../slot/modes.js";

export { mock, mockOf, PAGE, refusalOf } from "../frame/support.js";

/** The allocator's words are plain or atomic; beside a table that a kernel steps they are as shared. */
export const ALLOC_MODES: readonly TableMode[] = ["single", "shared", "kernel"];

export interface AllocRig {
  readonly table: FrameTable;
  readonly allocator: BuddyAllocator;
  readonly ledger: FrameLedger;
}

/** Frames from `firstPfn` on, by bank. */
export type Banks = readonly (readonly [firstPfn: number, frames: number])[];

export function memoryOf(banks: Banks): PhysicalMemory {
  const frames = banks.reduce((sum, [, n]) => sum + n, 0);
  const source = { buffer: new SharedArrayBuffer(frames * 4096) };
  let byteOffset = 0;
  const inits = banks.map(([firstPfn, n]): BankInit => {
    byteOffset += n * 4096;
    return { firstPfn, frames: n, source, byteOffset: byteOffset - n * 4096 };
  });
  return new PhysicalMemory(inits);
}

export function allocRig(
  mode: TableMode,
  banks: Banks = [[0, 64]],
  options: BuddyOptions = {},
): AllocRig {
  const memory = memoryOf(banks);
  const ledger = new FrameLedger({ frames: memory.totalFrames });
  const table = FrameTable.create(inMode(mode, { memory }), { ledger });
  return { table, allocator: createBuddy(table, options), ledger };
}

export function* pfnsOf(banks: Banks): IterableIterator<number> {
  for (const [firstPfn, frames] of banks) for (let i = 0; i < frames; i += 1) yield firstPfn + i;
}
