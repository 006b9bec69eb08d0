/**
 * How an AArch64 processor judges an access of EL1 or EL0 at stage 1.
 *
 * @see Arm ARM DDI 0487, "MMU fault types", "ISS encoding for an exception from a Data Abort" (DFSC), "Hardware management
 * of the Access flag and dirty state", "About PSTATE.PAN"
 * @module
 */

import { SW, SX, UR, USER_SHIFT, UW, UX } from "../format/rights.js";
import { type Dialect, EXECUTE_ACCESS, type Half, USER_ACCESS, WRITE_ACCESS } from "./dialect.js";
import { ADDRESS_SIZE, NOT_ACCESSED, OUTSIDE, PERMISSION } from "./reason.js";
import { AD_FAULT, AD_UPDATE, HA, HD, PAN, WXN } from "./settings.js";

const AF = 0x400;
const AP2 = 0x80;
/** DBM, bit 51, in the upper word. */
const DBM = 0x8_0000;

/** Exception class: from EL0; one more from EL1. */
const INSTRUCTION_ABORT = 0x20;
const DATA_ABORT = 0x24;

function shape(half: Half, tsz: number, tag: boolean, hpd: boolean, off: boolean): void {
  const bits = 64 - tsz;
  const levels = Math.ceil((bits - 12) / 9);
  half.levels = levels;
  half.shift = 64 - 12 - 9 * levels;
  half.mask = (-1 >>> (9 * levels + 12 - bits)) | 0;
  half.free = Math.max(0, bits - 32);
  half.loMask = bits < 32 ? -1 << bits : 0;
  half.tag = tag ? 8 : 0;
  if (hpd) half.tableMask = 0;
  if (off) half.root = -1;
}

export const aarch64Dialect: Dialect = {
  arch: "aarch64",
  settings: "wxn pan t0sz t1sz epd0 epd1 tbi0 tbi1 hpd0 hpd1 ha hd ips".split(" "),
  accessedDirty: ["fault", "update", "ignore"],
  status: 0,

  tune(tuning, settings): void {
    const { t0sz = 16, t1sz = 16, tbi0, tbi1, hpd0, hpd1, epd0, epd1, ips = 48 } = settings;
    shape(tuning.low, t0sz, tbi0 === true, hpd0 === true, epd0 === true);
    shape(tuning.high, t1sz, tbi1 === true, hpd1 === true, epd1 === true);
    if ((tuning.status & AD_UPDATE) !== 0) {
      if (settings.ha === undefined) tuning.status |= HA;
      if (settings.hd === undefined) tuning.status |= HD;
    }
    // HD without HA does nothing; without HD, DBM is no permission.
    if ((tuning.status & (HA | HD)) !== (HA | HD)) tuning.hiMask &= ~1;
    if ((tuning.status & HA) !== 0) tuning.status = (tuning.status | AD_UPDATE) & ~AD_FAULT;
    else if ((tuning.status & AD_UPDATE) !== 0) tuning.status ^= AD_UPDATE | AD_FAULT;
    tuning.sizeHi = ips === 48 ? 0 : (-1 << (ips - 32)) & 0xffff;
  },

  refuse({ rights, lo }, request, status): number {
    const op = request & 3;
    if ((status & AD_FAULT) !== 0 && (lo & AF) === 0) return NOT_ACCESSED;
    let granted = rights;
    if ((status & WXN) !== 0) granted &= ~(((granted & (SW | UW)) << 1) & (SX | UX));
    if ((request & USER_ACCESS) !== 0) granted >>>= USER_SHIFT;
    else if ((status & PAN) !== 0 && (rights & UR) !== 0) granted &= SX;
    return granted & (1 << op) ? 0 : PERMISSION;
  },

  touch({ lo, hi }, request): number {
    const writes = (request & 3) === WRITE_ACCESS && (hi & DBM) !== 0;
    return (writes ? lo & ~AP2 : lo) | AF;
  },

  exception(_reason, request): number {
    const data = (request & 3) !== EXECUTE_ACCESS;
    return (data ? DATA_ABORT : INSTRUCTION_ABORT) | ((request & USER_ACCESS) !== 0 ? 0 : 1);
  },

  code(reason, _request, _status, level): number {
    if (reason === OUTSIDE) return level === 0 ? 0x10 : 0x14 | (4 - level);
    const at = 4 - level;
    if (reason === ADDRESS_SIZE) return at;
    if (reason === NOT_ACCESSED) return 8 | at;
    if (reason === PERMISSION) return 12 | at;
    return 4 | at;
  },
};
