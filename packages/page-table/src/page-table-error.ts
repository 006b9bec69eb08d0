/**
 * `PageTableError`: what can go wrong with page tables and the addresses they translate.
 *
 * Its sentences stand beside the code that throws them, see core's `defineErrorCases`; here are those that several modules throw.
 *
 * @module
 */

import {
  defineErrorCases,
  type ErrorCases,
  type ErrorClass,
  type ErrorOf,
} from "@memkit/core/error";
import type { TableErrorDetail } from "./table/table-error.js";
import type { VirtualAddress } from "./virtual-address.js";
import type { VmSpaceErrorDetail } from "./vm-space/vm-space-error.js";

/** Every `code` of {@link PageTableError} with the fields that come with it. */
export type PageTableErrorDetail =
  | TableErrorDetail
  | VmSpaceErrorDetail
  /** Not a virtual address of 64 bits: a number outside 0..2^53-1, a bigint outside 0..2^64-1, or not two words of 32 bits. */
  | { readonly code: "invalid-vaddr"; readonly va: VirtualAddress }
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
  /** An access reads, writes or executes, for the user or the supervisor. */
  | { readonly code: "invalid-access"; readonly kind: string; readonly mode: string }
  /** Not flags of a property, or not the name of a cache policy. */
  | { readonly code: "invalid-property"; readonly flags: number; readonly cache: string }
  /** Two things that must be of one format, or of formats with the same addresses, are not. */
  | { readonly code: "other-format"; readonly expected: string; readonly got: string }
  /** Not a thing of the kind that is needed there: `wanted` says what to give. */
  | {
      readonly code: "invalid-argument";
      readonly argument: string;
      readonly got: string;
      readonly wanted: string;
    }
  /** Accesses have 1..4096 bytes. */
  | { readonly code: "invalid-size"; readonly size: number }
  /** A page source returned something else than 4096 bytes, undefined or "absent". */
  | { readonly code: "invalid-page"; readonly pfn: number }
  /** A page source threw; the original is the `cause`. */
  | { readonly code: "page-source-threw"; readonly pfn: number }
  /** A page source or a hook calls the walker that is asking it, whose results are fields. */
  | { readonly code: "walker-busy" }
  /** A translation cache or a log of flushes cannot be made with this: `option` is what it was given `got` for. */
  | { readonly code: "invalid-tlb"; readonly option: string; readonly got: number }
  /**
   * Listing the tables took more walks than allowed: they are cyclic, or very large. `va` is the first address that was not listed, where
   * another call may go on. Of a dump `text` is what comes before it.
   */
  | {
      readonly code: "walk-budget";
      readonly budget: number;
      readonly va: bigint;
      readonly text?: string;
    }
  /** Not the image that the opener reads; `what` is what is wrong. */
  | { readonly code: "invalid-image"; readonly what: string };

/**
 * Any value as messages show it: of what is no primitive, what it is. Runs none of the value's own code, which may throw or lie.
 *
 * @internal
 */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return ArrayBuffer.isView(value) ? "a view of bytes" : "an object";
}

/** A number as messages show it. @internal */
export const hex = (n: number | bigint): string =>
  (typeof n === "bigint" || Number.isInteger(n)) && n >= 0 ? `0x${n.toString(16)}` : shown(n);

/** Adds sentences to {@link PageTableError}, and returns it. */
export const pageTableError: ErrorCases<PageTableErrorDetail> =
  /* @__PURE__ */ defineErrorCases<PageTableErrorDetail>("@memkit/page-table/PageTableError", {
    "invalid-vaddr": (d) =>
      `${shown(d.va)} is no 64-bit virtual address: give a number in 0..2^53-1, a bigint in 0..2^64-1 or [hi, lo]`,
    "invalid-level": (d) =>
      `${d.paging} has no level ${shown(d.level)}: its levels are 1 (leaves) to ${d.levels}`,
    "invalid-pfn": (d) =>
      `${hex(d.pfn)} is no frame number that fits here: give an integer in 0..2^52-1, aligned to its page`,
  });

/** What `@memkit/page-table` throws. */
export const PageTableError: ErrorClass<PageTableErrorDetail> = /* @__PURE__ */ pageTableError({});
export type PageTableError = ErrorOf<PageTableErrorDetail>;
