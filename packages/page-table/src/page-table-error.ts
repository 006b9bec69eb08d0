/**
 * `PageTableError`: what can go wrong with page tables and the addresses they translate.
 *
 * @module
 */

import { defineError, type ErrorClass, type ErrorOf } from "@memkit/core/error";

/** Every `code` of {@link PageTableError} with the fields that come with it. */
export type PageTableErrorDetail =
  /** Not a virtual address of 64 bits: a number outside 0..2^53-1, or a bigint outside 0..2^64-1. */
  | { readonly code: "invalid-vaddr"; readonly va: number | bigint }
  /** The upper bits are not what the format demands; `paging` names the format. */
  | { readonly code: "non-canonical"; readonly va: bigint; readonly paging: string }
  /** The format has levels 1..`levels` only. */
  | {
      readonly code: "invalid-level";
      readonly level: number;
      readonly levels: number;
      readonly paging: string;
    };

const hex = (n: number | bigint): string =>
  (typeof n === "bigint" || Number.isInteger(n)) && n >= 0 ? `0x${n.toString(16)}` : String(n);

function describe(detail: PageTableErrorDetail): string {
  switch (detail.code) {
    case "invalid-vaddr":
      return `${hex(detail.va)} is no 64-bit virtual address: give a number in 0..2^53-1 or a bigint in 0..2^64-1`;
    case "non-canonical":
      return `${hex(detail.va)} is not canonical in ${detail.paging}`;
    case "invalid-level":
      return `${detail.paging} has no level ${detail.level}: its levels are 1 (leaves) to ${detail.levels}`;
  }
}

/** What `@memkit/page-table` throws. */
export const PageTableError: ErrorClass<PageTableErrorDetail> = defineError<PageTableErrorDetail>(
  "@memkit/page-table/PageTableError",
  describe,
);
export type PageTableError = ErrorOf<PageTableErrorDetail>;
