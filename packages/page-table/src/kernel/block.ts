/**
 * What the kernel reads and writes beside tables: 4096 bytes of the same memory, for WebAssembly sees no other.
 *
 *        0   the plan of the lower half          256   the answer
 *      128   the plan of the upper half          512   rights, by the bits that an entry and those above it have
 *
 * PT-61: the block is in no bank, so no frame of it is ever a table's, a guest's or an allocator's. Who writes to it by other means (a
 * guest that is WebAssembly over the same memory) decides what walks answer; they stay inside of the memory all the same.
 *
 * @module
 */

import type { PteFormat } from "../format/format.js";
import type { Plan } from "../walk/plan.js";

/** Bytes of a block, and what its place is a multiple of. */
export const BLOCK_BYTES = 4096;
/** The upper half's plan, in bytes from the lower one's. */
export const UPPER_PLAN = 128;
/** Words of an answer, from the block's start. */
export const ENTRY_LO = 64;
export const ENTRY_HI = 65;
export const UPPER_AND = 66;
/** The upper word of what is or-ed. */
export const UPPER_OR = 69;
export const PFN = 70;
export const RIGHTS = 71;
export const TABLE = 72;
export const ENTRY_AT = 73;
export const OFFSET = 74;
/** The first byte of the rights. */
const RIGHTS_BYTES = 512;

/** Frames that the kernel reaches: where they are in the memory, and their numbers. */
export interface Reach {
  readonly byteOffset: number;
  readonly first: number;
  readonly frames: number;
}

/** Writes the plan of a half at byte `at`: the words and their order are those that kernel.wat loads. */
export function writePlan(
  words: Int32Array,
  at: number,
  format: PteFormat,
  plan: Plan,
  { byteOffset, first, frames }: Reach,
): void {
  const { loShift, loMask, hiShift, tableShift, inheritLo } = format;
  words.set(
    [
      plan.free,
      plan.near < 0 ? -1 : plan.near - first,
      9 * plan.levels,
      0,
      frames,
      byteOffset,
      plan.tableValue,
      0,
      plan.tableBits,
      plan.tableStop,
      plan.pfnShift,
      0,
      plan.leafValue,
      0,
      plan.leafBits,
      plan.leafStop,
      ~inheritLo,
      -1,
      loShift,
      0,
      32 + hiShift,
      0,
      32 + tableShift,
      0,
      first,
      loMask,
      plan.hiMask >>> loShift,
      plan.half.tableMask,
    ],
    at / 4,
  );
}

/** Writes the table of rights. */
export function writeRights(words: Int32Array, block: number, { rights }: PteFormat): void {
  new Uint8Array(words.buffer, block + RIGHTS_BYTES, rights.length).set(rights);
}
