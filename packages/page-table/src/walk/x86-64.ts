/**
 * How an x86-64 processor judges an access.
 *
 * @see Intel SDM vol. 3A, "Access rights" (determination of access rights), "Page-fault exceptions" (the error code),
 * "Protection keys", "Accessed and dirty flags"
 * @module
 */

import { UR, USER_SHIFT } from "../format/rights.js";
import { type Dialect, EXECUTE_ACCESS, USER_ACCESS, WRITE_ACCESS } from "./dialect.js";
import {
  MALFORMED,
  NON_CANONICAL,
  NOT_PRESENT,
  OUTSIDE,
  PERMISSION,
  PROTECTION_KEY,
} from "./reason.js";
import { AC, NXE, PKE, SMAP, SMEP, WP } from "./settings.js";

const PAGE_FAULT = 14;
const GENERAL_PROTECTION = 13;

export const x86Dialect: Dialect = {
  arch: "x86-64",
  settings: ["wp", "smep", "smap", "ac", "pke", "nxe", "maxPhysAddr", "pkru"],
  accessedDirty: ["update", "ignore"],
  status: WP | NXE,

  tune(tuning, { maxPhysAddr = 52, pkru = 0 }): void {
    tuning.pkru = pkru;
    const above = maxPhysAddr === 52 ? 0 : (-1 << (maxPhysAddr - 32)) & 0xf_ffff;
    const denied = tuning.status & NXE ? 0 : 1 << 31;
    for (let level = 0; level < tuning.reservedHi.length; level++) {
      tuning.reservedHi[level]! |= above | denied;
    }
  },

  refuse({ rights, hi }, request, status, pkru): number {
    const op = request & 3;
    const user = (request & USER_ACCESS) !== 0;
    const userPage = (rights & UR) !== 0;
    if (op !== EXECUTE_ACCESS && userPage && (status & PKE) !== 0) {
      const denied = pkru >>> (((hi >>> 27) & 15) * 2);
      const writes = op === WRITE_ACCESS && (user || (status & WP) !== 0);
      if ((denied & 1) !== 0 || ((denied & 2) !== 0 && writes)) return PROTECTION_KEY;
    }
    if (user) return (rights >>> USER_SHIFT) & (1 << op) ? 0 : PERMISSION;
    const kept =
      op === EXECUTE_ACCESS
        ? userPage && (status & SMEP) !== 0
        : userPage && (status & (SMAP | AC)) === SMAP;
    if (kept) return PERMISSION;
    // Without WP the supervisor writes wherever it may read.
    return rights & (1 << op) || (op === WRITE_ACCESS && (status & WP) === 0) ? 0 : PERMISSION;
  },

  touch({ lo }, request): number {
    return lo | ((request & 3) === WRITE_ACCESS ? 0x60 : 0x20);
  },

  exception(reason): number {
    if (reason === OUTSIDE) return -1;
    return reason === NON_CANONICAL ? GENERAL_PROTECTION : PAGE_FAULT;
  },

  code(reason, request, status): number {
    if (reason === NON_CANONICAL || reason === OUTSIDE) return 0;
    const op = request & 3;
    return (
      (reason === NOT_PRESENT ? 0 : 1) |
      (op === WRITE_ACCESS ? 2 : 0) |
      (request & USER_ACCESS) |
      (reason === MALFORMED ? 8 : 0) |
      (op === EXECUTE_ACCESS && (status & (NXE | SMEP)) !== 0 ? 16 : 0) |
      (reason === PROTECTION_KEY ? 32 : 0)
    );
  },
};
