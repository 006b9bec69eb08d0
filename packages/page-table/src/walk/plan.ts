/**
 * What the short way of a walk uses, for one half of the address space: the format's masks as the settings have left them, each
 * made into what one test of an entry needs.
 *
 * Integers in one object: a walk loads them from one place, and code that walks three formats sees one shape. An entry that a
 * `stop` mask catches is not wrong: it goes the long way, which asks everything one by one.
 *
 * @module
 */

import type { PteFormat } from "../format/format.js";
import type { Half, Tuning } from "./dialect.js";

/** The masks of a half. */
export interface Plan {
  readonly half: Half;
  readonly levels: number;
  readonly free: number;
  /** The root's frame, or -1: every walk goes the long way. */
  near: number;
  /** A root from here on goes it, too. */
  readonly end: number;
  /** `lo ^ tableValue` has none of `tableBits`, and `hi` none of `tableStop`: the entry leads to a table below frame 2^31. */
  readonly tableValue: number;
  readonly tableBits: number;
  readonly tableStop: number;
  /** The same for a leaf at level 1. */
  readonly leafValue: number;
  readonly leafBits: number;
  readonly leafStop: number;
  /** Where the frame is: `lo >>> pfnShift | hi << pfnUp` for a leaf below 2^31; a table's has nothing in `hi`. */
  readonly pfnShift: number;
  readonly pfnUp: number;
  /** Bits of the leaf's `lo` that no table takes away. */
  readonly keepLo: number;
  readonly loMask: number;
  readonly hiShift: number;
  readonly hiMask: number;
  readonly tableShift: number;
  readonly tableMask: number;
  /** The format's `gathered`. */
  readonly rights: Int8Array;
}

/** Frames below are int32. */
const INT_END = 2 ** 31;

/** The plan of a half that settings have shaped. */
export function planOf(format: PteFormat, tuning: Tuning, half: Half): Plan {
  const { pfnShift, pfnHiMask, loShift, leafReservedLo } = format;
  // Bits of the frame number from 31 on. What is above is shifted out of the word.
  const far = (-1 << (pfnShift - 1)) & pfnHiMask;
  const plan = {
    half,
    levels: half.levels,
    free: half.free,
    near: -1,
    // Whether the root is too large is asked on the long way; below 4 GiB it never is.
    end: tuning.sizeHi === 0 ? INT_END : 2 ** 20,
    tableValue: format.tableValue,
    tableBits: format.tableBits,
    tableStop: tuning.reservedHi[0]! | pfnHiMask,
    leafValue: format.valid | (format.pageXor & leafReservedLo[1]!),
    leafBits: format.valid | leafReservedLo[1]!,
    leafStop: tuning.reservedHi[1]! | far,
    pfnShift,
    pfnUp: 32 - pfnShift,
    keepLo: ~format.inheritLo,
    loMask: format.loMask << loShift,
    hiShift: format.hiShift - loShift,
    hiMask: tuning.hiMask << loShift,
    tableShift: format.tableShift - loShift,
    tableMask: half.tableMask << loShift,
    rights: format.gathered,
  };
  aim(plan);
  return plan;
}

/** Takes over the half's root. A root of less than 512 entries, or beyond the plan's end, is for the long way. */
export function aim(plan: Plan): void {
  const { half, hiShift, tableShift, tableMask, end } = plan;
  const { root, levels, mask, loMask } = half;
  const gathers = hiShift >= 0 && (tableShift >= 0 || tableMask === 0);
  const plain = mask === -1 && loMask === 0 && levels >= 3 && root < end;
  plan.near = gathers && plain ? root : -1;
}
