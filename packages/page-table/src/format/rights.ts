/**
 * Who may do what through a mapping, as six bits: what the tables alone grant, before the settings of the processor.
 *
 *      bit   5   4   3   2   1   0
 *          | UX  UW  UR  SX  SW  SR |      U user, S supervisor; read, write, execute
 *
 * Six, not four, because the architectures disagree about what a user page means to the supervisor: x86-64 lets it in
 * (SMEP and SMAP apart), RISC-V does not (SUM apart), AArch64 lets it read and write, and has two bits for execution.
 *
 * @module
 */

/** The supervisor may read. */
export const SR = 1;
/** The supervisor may write. */
export const SW = 2;
/** The supervisor may execute. */
export const SX = 4;
/** The user may read. */
export const UR = 8;
/** The user may write. */
export const UW = 16;
/** The user may execute. */
export const UX = 32;
/** Of the user's rights, the first. */
export const USER_SHIFT = 3;
/** Not a set of rights: an entry whose permission bits the architecture reserves. */
export const RESERVED_RIGHTS = 64;

/**
 * Rights in letters: `SRW- UR--`; what is missing is a dash.
 *
 * @param rights - Caller must give a number.
 *
 * @example
 * ```ts
 * import { rightsText, SR, SW, UR } from "@memkit/page-table/walk";
 *
 * rightsText(SR | SW | UR); // => "SRW- UR--"
 * ```
 */
export function rightsText(rights: number): string {
  const of = (bits: number): string =>
    `${bits & 1 ? "R" : "-"}${bits & 2 ? "W" : "-"}${bits & 4 ? "X" : "-"}`;
  return `S${of(rights)} U${of(rights >>> USER_SHIFT)}`;
}
