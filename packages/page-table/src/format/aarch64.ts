/**
 * AArch64 stage 1 entries with the 4 KiB granule and 48-bit output addresses.
 *
 *      63  62..59   58..55    54  53  52  51  50    47..12    11 10 9..8  7  6   5   4..2   1     0
 *     | . | tables | software UXN PXN  C DBM GP  | frame     | nG AF SH  AP2 AP1 NS AttrIndx type valid |
 *
 * Bit 1 is 1 in a table entry and in a page of level 1, 0 in a block (levels 2 and 3). Bits 62..59 of a table entry take
 * rights away from everything below (APTable, UXNTable, PXNTable), unless HPD is set. AArch64's level `n` is our `4 - n`.
 *
 * DIRTY is software bit 55, as in Linux; an entry with DBM is dirty when its AP2 is 0. The encoder leaves DBM alone.
 *
 * @see Arm ARM DDI 0487, "VMSAv8-64 Block descriptor and Page descriptor formats", "Data access permissions",
 * "Hierarchical control"; Linux `arch/arm64/include/asm/pgtable-prot.h` for bit 55
 * @module
 */

import { checkObject } from "../argument.js";
import { AARCH64_4K } from "../paging.js";
import { aarch64Dialect } from "../walk/aarch64.js";
import { policiesOf } from "./choice.js";
import { bits, defineFormat, type PteFormat, rightsTable } from "./format.js";
import type { CachePolicy } from "./property.js";
import { SR, SW, SX, UR, UW, UX } from "./rights.js";

/** What an AArch64 system chooses about its entries. */
export interface Aarch64FormatOptions {
  /** What the attributes of MAIR_EL1 amount to, Attr0 first, one to eight of them. Default: normal, device, normal non-cacheable, write-through. */
  readonly mair?: readonly CachePolicy[];
}

const DEFAULT_MAIR: readonly CachePolicy[] = [
  "write-back",
  "uncacheable",
  "write-combining",
  "write-through",
];

/** DBM in bit 0, PXN 2, UXN 3, AP1 4, AP2 5; of the tables PXN 6, UXN 7, AP1 8, AP2 9. */
function rights(index: number): number {
  const has = (bit: number): boolean => ((index >>> bit) & 1) !== 0;
  const user = has(4) && !has(8);
  // DBM counts only where the walker lets it through: with hardware management of dirty state.
  const write = !(has(5) && !has(0)) && !has(9);
  const fetchUser = !has(3) && !has(7);
  // What the user may write the supervisor never executes.
  const fetch = !has(2) && !has(6) && !(user && write);
  return (
    SR |
    (write ? SW : 0) |
    (fetch ? SX : 0) |
    (user ? UR | (write ? UW : 0) : 0) |
    (fetchUser ? UX : 0)
  );
}

/**
 * AArch64's format.
 *
 * @throws {@link PageTableError} `invalid-argument`: not one to eight policies
 *
 * @example
 * ```ts
 * import { aarch64Format, EXECUTE, pageProperty, READ, USER } from "@memkit/page-table/format";
 *
 * const format = aarch64Format({ mair: ["write-back", "uncacheable"] });
 * format.supports(pageProperty(EXECUTE | USER), 1); // => true
 * format.supports(pageProperty(READ, "write-combining"), 1); // => false
 * format.supports(pageProperty(READ), 4); // => false
 * ```
 */
export function aarch64Format(options: Aarch64FormatOptions = {}): PteFormat {
  checkObject("choice of a format", options, "{ mair }, or nothing");
  const { mair = DEFAULT_MAIR } = options;
  return defineFormat({
    name: AARCH64_4K.name,
    paging: AARCH64_4K,
    dialect: aarch64Dialect,
    valid: 1,
    leafMask: 2,
    leafXor: 2,
    tableXor: 2,
    tableReservedLo: 2,
    tableReservedHi: 0,
    pageXor: 2,
    // Bit 1 must be 1 at level 1.
    leafReservedLo: [0, 2, 0, 0, 0, 0],
    leafReservedHi: [0, 0, 0, 0, 0, 0],
    pfnShift: 12,
    pfnHiMask: bits(0, 15),
    inheritLo: 0,
    loShift: 2,
    loMask: 0x30,
    hiShift: 19,
    hiMask: 0xd,
    tableShift: 21,
    tableMask: 0x3c0,
    encodeMask: 0x3c,
    rights: rightsTable(10, rights),
    accessed: 0x400,
    dirty: 0,
    tableAccessed: 0,
    global: 0x800,
    globalXor: 0x800,
    globalInherited: false,
    cacheBits: [2, 3, 4],
    cacheBitsHuge: [2, 3, 4],
    cachePolicies: policiesOf("MAIR", mair, 1),
    // Inner shareable: what every processor of the system sees.
    fixedPage: 0x303,
    fixedHuge: 0x301,
    fixedTable: 3,
    software: [
      { bit: 55, owner: "DIRTY" },
      { bit: 56, owner: "AVAIL1" },
      { bit: 57, owner: "AVAIL2" },
      { bit: 58, owner: "no-access" },
    ],
  });
}
