/**
 * `PageTableError` with the codes that a walker throws: a class of the same brand with fewer messages, so that a walker alone is small.
 *
 * @module
 */

import { defineError, type ErrorClass, type ErrorOf } from "@memkit/core/error";
import type { PageTableErrorDetail } from "../page-table-error.js";

/** Those codes. */
type WalkErrorDetail = Extract<
  PageTableErrorDetail,
  {
    readonly code:
      | "invalid-vaddr"
      | "invalid-pfn"
      | "invalid-setting"
      | "invalid-size"
      | "invalid-page"
      | "page-source-threw";
  }
>;

/** A number for a message. @internal */
export const hex: (n: number | bigint) => string = (n: number | bigint): string =>
  (typeof n === "bigint" || Number.isInteger(n)) && n >= 0 ? `0x${n.toString(16)}` : String(n);

/** @internal */
export function describeWalk(detail: WalkErrorDetail): string {
  switch (detail.code) {
    case "invalid-vaddr":
      return `${hex(detail.va)} is no virtual address: give a number in 0..2^53-1 or a bigint in 0..2^64-1`;
    case "invalid-pfn":
      return `${hex(detail.pfn)} is no frame that fits here: give an integer in 0..2^52-1, aligned to its page`;
    case "invalid-setting":
      return `${detail.arch} cannot be set so: ${detail.setting} to ${detail.value}`;
    case "invalid-size":
      return `an access has 1 to 4096 bytes, not ${detail.size}`;
    case "invalid-page":
      return `the page source gave no 4096 bytes for frame ${hex(detail.pfn)}`;
    case "page-source-threw":
      return `the page source threw for frame ${hex(detail.pfn)}`;
  }
}

/** @internal */
export const WalkError: ErrorClass<WalkErrorDetail> = defineError<WalkErrorDetail>(
  "@memkit/page-table/PageTableError",
  describeWalk,
);

/** The package's one `PageTableError`, to the type checker with all codes: for `catch`. */
export const PageTableError: ErrorClass<PageTableErrorDetail> =
  WalkError as unknown as ErrorClass<PageTableErrorDetail>;
export type PageTableError = ErrorOf<PageTableErrorDetail>;
