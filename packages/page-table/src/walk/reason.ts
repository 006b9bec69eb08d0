/**
 * Why a walk or an access ended without an address: small negative numbers, so that a walk returns either a level or one
 * of these, and nothing is allocated.
 *
 * @module
 */

/** The entry's valid bit is 0. */
export const NOT_PRESENT = -1;
/** A bit is set that the architecture reserves, or the entry is of a kind that its level does not have. */
export const MALFORMED = -2;
/** The upper bits of the virtual address are wrong. */
export const NON_CANONICAL = -3;
/** The half of the address space that holds the address has no tables (AArch64 EPD, or no root given). */
export const DISABLED = -4;
/** The entry's address has bits above the physical address size (AArch64 IPS). */
export const ADDRESS_SIZE = -5;
/** The source does not have this page yet: load it and ask again. */
export const PAGE_MISSING = -6;
/** There is no memory at the frame. */
export const OUTSIDE = -7;
/** The access is not allowed. */
export const PERMISSION = -8;
/** The leaf's accessed bit is 0, and setting it is software's task. */
export const NOT_ACCESSED = -9;
/** The leaf's dirty bit is 0, the access writes, and setting it is software's task. */
export const NOT_DIRTY = -10;
/** PKRU denies the access (x86-64). */
export const PROTECTION_KEY = -11;

/** The names of the reasons: `reasonName(NOT_PRESENT)` is `not-present`. */
export type Reason =
  | "not-present"
  | "malformed"
  | "non-canonical"
  | "disabled"
  | "address-size"
  | "page-missing"
  | "outside"
  | "permission"
  | "not-accessed"
  | "not-dirty"
  | "protection-key";

const NAMES: readonly Reason[] = [
  "not-present",
  "malformed",
  "non-canonical",
  "disabled",
  "address-size",
  "page-missing",
  "outside",
  "permission",
  "not-accessed",
  "not-dirty",
  "protection-key",
];

/** The name of a reason, -1 .. -11. */
export function reasonName(reason: number): Reason {
  return NAMES[-1 - reason]!;
}
