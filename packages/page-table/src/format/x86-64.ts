/**
 * x86-64 entries, four and five levels.
 *
 *      63  62..59  58..52   51..M     M-1..12    11 10 9  8  7    6  5  4   3   2   1   0
 *     | XD | key  | ignored | zero | frame      |  software | G PS/PAT D  A PCD PWT U/S R/W P |
 *
 * Bit 7 is PS in an entry above level 1 and PAT in one of level 1; a huge leaf has its PAT in bit 12, so the frame of a
 * huge leaf starts above it. Rights are what every level grants (R/W, U/S) and none denies (XD).
 *
 * @see Intel SDM vol. 3A, "4-level paging and 5-level paging", the formats of paging-structure entries; "PAT"
 * @module
 */

import { checkObject } from "../argument.js";
import { X86_64, X86_64_LA57 } from "../paging.js";
import { x86Dialect } from "../walk/x86-64.js";
import { checkChoice, policiesOf } from "./choice.js";
import { bits, defineFormat, type PteFormat, rightsTable } from "./format.js";
import type { CachePolicy } from "./property.js";
import { SR, SW, SX, UR, UW, UX } from "./rights.js";

/** What an x86-64 system chooses about its entries. */
export interface X86FormatOptions {
  /** 4 (the default), or 5 with CR4.LA57. */
  readonly levels?: 4 | 5;
  /** The eight entries of IA32_PAT, PA0 first. The default is the reset value. */
  readonly pat?: readonly CachePolicy[];
}

/** IA32_PAT after reset: 0x0007040600070406. */
const RESET_PAT: readonly CachePolicy[] = [
  "write-back",
  "write-through",
  "uncached-minus",
  "uncacheable",
  "write-back",
  "write-through",
  "uncached-minus",
  "uncacheable",
];

/** R/W in bit 0, U/S in 1, XD in 2, XD of the tables in 3. */
function rights(index: number): number {
  const [write, user, fetch] = [(index & 1) !== 0, (index & 2) !== 0, (index & 12) === 0];
  const supervisor = SR | (write ? SW : 0) | (fetch ? SX : 0);
  return supervisor | (user ? UR | (write ? UW : 0) | (fetch ? UX : 0) : 0);
}

/**
 * x86-64's format.
 *
 * @throws {@link PageTableError} `invalid-argument`: no such number of levels, or not eight policies
 *
 * @example
 * ```ts
 * import { pageProperty, READ, WRITE, x86Format } from "@memkit/page-table/format";
 *
 * x86Format().supports(pageProperty(READ | WRITE), 2); // => true
 * x86Format().supports(pageProperty(WRITE), 1); // => false
 * x86Format().supports(pageProperty(READ, "write-combining"), 1); // => false
 * ```
 */
export function x86Format(options: X86FormatOptions = {}): PteFormat {
  checkObject("choice of a format", options, "{ levels, pat }, or nothing");
  const { levels = 4, pat = RESET_PAT } = options;
  checkChoice("number of levels", levels, [4, 5]);
  const paging = levels === 5 ? X86_64_LA57 : X86_64;
  return defineFormat({
    name: paging.name,
    paging,
    dialect: x86Dialect,
    valid: 1,
    leafMask: 0x80,
    leafXor: 0,
    tableXor: 0,
    // PS is reserved where no leaf can be; below, an entry with PS is a leaf and never gets here.
    tableReservedLo: 0x80,
    tableReservedHi: 0,
    pageXor: 0,
    leafReservedLo: [0, 0, bits(13, 20), bits(13, 29), 0, 0],
    leafReservedHi: [0, 0, 0, 0, 0, 0],
    pfnShift: 12,
    pfnHiMask: bits(0, 19),
    inheritLo: 6,
    loShift: 1,
    loMask: 3,
    hiShift: 29,
    hiMask: 4,
    tableShift: 28,
    tableMask: 8,
    encodeMask: 7,
    rights: rightsTable(4, rights),
    accessed: 0x20,
    dirty: 0x40,
    tableAccessed: 0x20,
    global: 0x100,
    globalXor: 0,
    globalInherited: false,
    cacheBits: [3, 4, 7],
    cacheBitsHuge: [3, 4, 12],
    cachePolicies: policiesOf("PAT", pat, 8),
    fixedPage: 1,
    fixedHuge: 0x81,
    // Present, writable, user: the leaf decides.
    fixedTable: 7,
    // 11 is R of HLAT paging; 52..58 are ignored.
    software: [
      { bit: 9, owner: "no-access" },
      { bit: 10, owner: "AVAIL1" },
      { bit: 52, owner: "AVAIL2" },
      ...[53, 54, 55, 56, 57, 58].map((bit) => ({ bit, owner: "free" }) as const),
    ],
  });
}
