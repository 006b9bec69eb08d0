/**
 * How a RISC-V hart judges an access.
 *
 * @see RISC-V privileged ISA, "Virtual address translation process", "Supervisor cause register"; extensions Svade and
 * Svadu for accessed and dirty bits
 * @module
 */

import { USER_SHIFT, UX } from "../format/rights.js";
import { type Dialect, EXECUTE_ACCESS, USER_ACCESS, WRITE_ACCESS } from "./dialect.js";
import { NOT_ACCESSED, NOT_DIRTY, OUTSIDE, PERMISSION } from "./reason.js";
import { AD_FAULT, MXR, SUM } from "./settings.js";

/** scause by kind of access: load, store, fetch. */
const PAGE_FAULT = [13, 15, 12] as const;
const ACCESS_FAULT = [5, 7, 1] as const;

const cause = (reason: number, request: number): number =>
  (reason === OUTSIDE ? ACCESS_FAULT : PAGE_FAULT)[request & 3]!;

export const riscvDialect: Dialect = {
  arch: "riscv",
  settings: ["sum", "mxr"],
  accessedDirty: ["update", "fault", "ignore"],
  status: 0,

  tune(): void {
    // No setting changes a mask; Svpbmt is the format's.
  },

  refuse({ rights, lo }, request, status): number {
    const op = request & 3;
    const user = rights >>> USER_SHIFT;
    // A page is the user's or the supervisor's. SUM lends the user's, but never for execution.
    let granted = rights & 7;
    if ((request & USER_ACCESS) !== 0) granted = user;
    else if ((status & SUM) !== 0 && op !== EXECUTE_ACCESS) granted |= user;
    if ((status & MXR) !== 0) granted |= (granted & (UX >>> USER_SHIFT)) >>> 2;
    if ((granted & (1 << op)) === 0) return PERMISSION;
    if ((status & AD_FAULT) === 0) return 0;
    if ((lo & 0x40) === 0) return NOT_ACCESSED;
    return op === WRITE_ACCESS && (lo & 0x80) === 0 ? NOT_DIRTY : 0;
  },

  touch({ lo }, request): number {
    return lo | ((request & 3) === WRITE_ACCESS ? 0xc0 : 0x40);
  },

  exception: cause,
  code: cause,
};
