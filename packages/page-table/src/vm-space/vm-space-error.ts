/**
 * `PageTableError` with the codes of address spaces: a third class of the same brand, for the reason that `table/table-error.ts` gives.
 *
 * @module
 */

import { defineError, type ErrorClass } from "@memkit/core/error";

/** Every `code` that address spaces add. */
export type VmSpaceErrorDetail =
  /** The address space is not the one that the processor has now: `activate` it. */
  | { readonly code: "not-active"; readonly asid: number }
  /** Not all of the range is the user's. */
  | { readonly code: "access-denied"; readonly va: number; readonly len: number }
  /** A reader or writer has some of the range, and one of the two writes. */
  | { readonly code: "range-in-use"; readonly va: number; readonly len: number }
  /** Another address space of the processor has this number, or it has none left. */
  | { readonly code: "asid-in-use"; readonly asid: number }
  /** Not all of the frames are a device's, or of this I/O memory. */
  | { readonly code: "invalid-io-memory"; readonly pfn: number; readonly frames: number };

const hex = (n: number): string => (Number.isInteger(n) && n >= 0 ? `0x${n.toString(16)}` : `${n}`);

function describe(detail: VmSpaceErrorDetail): string {
  switch (detail.code) {
    case "not-active":
      return `address space ${detail.asid} is not the processor's now: activate it first`;
    case "access-denied":
      return `${detail.len} bytes from ${hex(detail.va)} are not all in the user's part of the address space`;
    case "range-in-use":
      return `a reader or writer has some of the ${detail.len} bytes from ${hex(detail.va)}: drop it first`;
    case "asid-in-use":
      return `address-space number ${detail.asid} is taken, or not free yet: give another`;
    case "invalid-io-memory":
      return `${detail.frames} frames from ${hex(detail.pfn)} are not all of one device`;
  }
}

/** @internal */
export const VmSpaceError: ErrorClass<VmSpaceErrorDetail> = defineError<VmSpaceErrorDetail>(
  "@memkit/page-table/PageTableError",
  describe,
);
