/**
 * RISC-V entries of Sv39, Sv48 and Sv57, which differ in the number of levels only.
 *
 *      63  62..61  60..54   53..10    9..8  7  6  5  4  3  2  1  0
 *     | N | PBMT | zero    | frame   | RSW | D  A  G  U  X  W  R  V |
 *
 * An entry with none of R, W and X leads to a table; its D, A, U and bits 63..54 must be 0. W without R is reserved. A leaf
 * may be at any level, and its frame must be aligned to its size. N (Svnapot) is taken as reserved.
 *
 * @see RISC-V privileged ISA, "Sv39: page-based 39-bit virtual-memory system" and the chapters on Sv48, Sv57 and Svpbmt
 * @module
 */

import { checkObject } from "../argument.js";
import { SV39, SV48, SV57 } from "../paging.js";
import { riscvDialect } from "../walk/riscv.js";
import { checkChoice } from "./choice.js";
import { bits, defineFormat, type PteFormat, rightsTable } from "./format.js";
import { RESERVED_RIGHTS, SR, SW, SX, UR, UW, UX } from "./rights.js";

/** What a RISC-V system chooses about its entries. */
export interface RiscvFormatOptions {
  /** The mode of satp: 39 (the default), 48 or 57. */
  readonly sv?: 39 | 48 | 57;
  /** Whether entries carry a memory type (extension Svpbmt, menvcfg.PBMTE). Default: false, the bits are reserved. */
  readonly svpbmt?: boolean;
}

/** R, W, X, U in bits 0..3, PBMT in 4..5. */
function rights(index: number): number {
  const [read, write, fetch, user] = [1, 2, 4, 8].map((bit) => (index & bit) !== 0);
  if ((index & 7) === 0 || (write && !read) || index >>> 4 === 3) return RESERVED_RIGHTS;
  const of = (r: number, w: number, x: number): number =>
    (read ? r : 0) | (write ? w : 0) | (fetch ? x : 0);
  return user ? of(UR, UW, UX) : of(SR, SW, SX);
}

/**
 * RISC-V's format.
 *
 * @throws {@link PageTableError} `invalid-argument`: no such mode, or not true or false
 *
 * @example
 * ```ts
 * import { EXECUTE, pageProperty, READ, riscvFormat, WRITE } from "@memkit/page-table/format";
 *
 * riscvFormat().supports(pageProperty(EXECUTE), 1); // => true
 * riscvFormat().supports(pageProperty(WRITE), 1); // => false
 * riscvFormat({ sv: 48 }).supports(pageProperty(READ), 4); // => true
 * riscvFormat({ svpbmt: true }).supports(pageProperty(READ, "uncacheable"), 1); // => true
 * ```
 */
export function riscvFormat(options: RiscvFormatOptions = {}): PteFormat {
  checkObject("choice of a format", options, "{ sv, svpbmt }, or nothing");
  const { sv = 39, svpbmt = false } = options;
  checkChoice("mode of satp", sv, [39, 48, 57]);
  checkChoice("choice of Svpbmt", svpbmt, [true, false]);
  const paging = sv === 57 ? SV57 : sv === 48 ? SV48 : SV39;
  const leafHi = bits(31, 31) | bits(22, 28) | (svpbmt ? 0 : bits(29, 30));
  return defineFormat({
    name: svpbmt ? `${paging.name} with Svpbmt` : paging.name,
    paging,
    dialect: riscvDialect,
    valid: 1,
    leafMask: 0xe,
    leafXor: 0,
    tableXor: 0,
    tableReservedLo: 0xd0,
    tableReservedHi: bits(22, 31),
    pageXor: 0,
    // Misaligned superpages. 9, 18, 27 and 36 bits of frame number; 22 of them are in `lo`.
    leafReservedLo: [0, 0, bits(10, 18), bits(10, 27), bits(10, 31), bits(10, 31)],
    leafReservedHi: [0, leafHi, leafHi, leafHi, leafHi | bits(0, 4), leafHi | bits(0, 13)],
    pfnShift: 10,
    pfnHiMask: bits(0, 21),
    inheritLo: 0,
    loShift: 1,
    loMask: 15,
    hiShift: 25,
    hiMask: 0x30,
    tableShift: 0,
    tableMask: 0,
    encodeMask: 15,
    rights: rightsTable(6, rights),
    accessed: 0x40,
    dirty: 0x80,
    tableAccessed: 0,
    global: 0x20,
    globalXor: 0,
    globalInherited: true,
    cacheBits: svpbmt ? [61, 62] : [],
    cacheBitsHuge: svpbmt ? [61, 62] : [],
    // PMA (what the platform says), NC (not cached, weakly ordered), IO (not cached, strongly ordered).
    cachePolicies: svpbmt ? [0, 2, 4, -1] : [0],
    fixedPage: 1,
    fixedHuge: 1,
    fixedTable: 1,
    software: [
      { bit: 8, owner: "AVAIL1" },
      { bit: 9, owner: "AVAIL2" },
      // Nothing of an invalid entry means anything to the hardware: bit 54 is free there.
      { bit: 54, owner: "no-access" },
    ],
  });
}
