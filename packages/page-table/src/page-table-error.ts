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
    }
  /** The format has no entry that means `prop` at `level`. */
  | {
      readonly code: "unrepresentable";
      readonly prop: number;
      readonly level: number;
      readonly paging: string;
    }
  /** No frame number that the format can write: outside 0..2^52-1, or not aligned to the page of `level`. */
  | { readonly code: "invalid-pfn"; readonly pfn: number }
  /** The processor of `arch` has no such setting, or not with this value. */
  | {
      readonly code: "invalid-setting";
      readonly setting: string;
      readonly value: string;
      readonly arch: string;
    }
  /** The root's entries of a configuration: not first <= last in 0..511, or in both halves of the address space. */
  | { readonly code: "invalid-index-range"; readonly first: number; readonly last: number }
  /** Accesses have 1..4096 bytes. */
  | { readonly code: "invalid-size"; readonly size: number }
  /** A page source returned something else than 4096 bytes, undefined or "absent". */
  | { readonly code: "invalid-page"; readonly pfn: number }
  /** A page source threw; the original is the `cause`. */
  | { readonly code: "page-source-threw"; readonly pfn: number }
  /** A translation cache or a log of flushes cannot be made with this: `option` is what it was given `got` for. */
  | { readonly code: "invalid-tlb"; readonly option: string; readonly got: number }
  /** Listing the tables took more walks than allowed: they are cyclic, or very large. */
  | { readonly code: "walk-budget"; readonly budget: number }
  /** Not the image that the opener reads; `what` is what is wrong. */
  | { readonly code: "invalid-image"; readonly what: string };

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
    case "unrepresentable":
      return `${detail.paging} cannot express property ${hex(detail.prop)} at level ${detail.level}`;
    case "invalid-pfn":
      return `${hex(detail.pfn)} is no frame number that fits here: give an integer in 0..2^52-1, aligned to its page`;
    case "invalid-setting":
      return `a processor of ${detail.arch} cannot be set so: ${detail.setting} to ${detail.value}`;
    case "invalid-index-range":
      return `a table cannot have the root's entries ${detail.first} to ${detail.last}: give a range in 0..511 within one half`;
    case "invalid-size":
      return `an access has 1 to 4096 bytes, not ${detail.size}`;
    case "invalid-page":
      return `the page source gave something for frame ${hex(detail.pfn)} that is not a Uint8Array of 4096 bytes`;
    case "page-source-threw":
      return `the page source threw when asked for frame ${hex(detail.pfn)}`;
    case "invalid-tlb":
      return `${detail.got} will not do for ${detail.option}: see the documentation of the option for what will`;
    case "walk-budget":
      return `more than ${detail.budget} walks to list the tables: are they cyclic? If not, give a larger budget`;
    case "invalid-image":
      return `not an image that can be opened: ${detail.what}`;
  }
}

/** What `@memkit/page-table` throws. */
export const PageTableError: ErrorClass<PageTableErrorDetail> = defineError<PageTableErrorDetail>(
  "@memkit/page-table/PageTableError",
  describe,
);
export type PageTableError = ErrorOf<PageTableErrorDetail>;
