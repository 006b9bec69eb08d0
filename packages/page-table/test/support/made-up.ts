/** A format that no processor has: what is said of formats must hold for whoever describes one. */

import {
  bits,
  defineFormat,
  type FormatSpec,
  type PteFormat,
  rightsTable,
  SR,
  SW,
  SX,
  UR,
  UW,
  UX,
  x86Format,
} from "@memkit/page-table/format";

/** Big fields in odd places, valid in bit 3, user allowed by a 0, and no bit for AVAIL2. */
export function madeUp(): PteFormat {
  const x86 = x86Format();
  const spec: FormatSpec = {
    ...x86,
    name: "made-up",
    valid: 8,
    leafMask: 0x10,
    leafXor: 0x10,
    tableXor: 0,
    tableReservedLo: 0,
    leafReservedLo: [0, 0, bits(14, 22), bits(14, 31), 0, 0],
    pfnShift: 14,
    pfnHiMask: bits(0, 9),
    inheritLo: 0,
    loShift: 5,
    loMask: 7,
    hiShift: 0,
    hiMask: 0,
    encodeMask: 7,
    // Write in bit 0, execute in 1, supervisor only in 2.
    rights: rightsTable(3, (index) => {
      const s = SR | (index & 1 ? SW : 0) | (index & 2 ? SX : 0);
      return index & 4 ? s : s | UR | (index & 1 ? UW : 0) | (index & 2 ? UX : 0);
    }),
    accessed: 1,
    dirty: 2,
    tableAccessed: 0,
    global: 4,
    cacheBits: [50],
    cacheBitsHuge: [50],
    cachePolicies: [0, 4],
    fixedPage: 8,
    fixedHuge: 8,
    fixedTable: 0x18,
    software: [
      { bit: 60, owner: "AVAIL1" },
      { bit: 61, owner: "no-access" },
    ],
  };
  return defineFormat(spec);
}
