/**
 * `PageTableError` as those see it who change tables: with the codes of tables, cursors and items beside the package's own.
 *
 * What is thrown here is made by a second class of the same brand, so `instanceof PageTableError` accepts it. Two, because their
 * messages would otherwise come along with a walker, which never says them.
 *
 * @module
 */

import { defineError, type ErrorClass, type ErrorOf } from "@memkit/core/error";
import { PageTableError as Base, type PageTableErrorDetail } from "../page-table-error.js";

/** Every `code` that tables and cursors add to {@link PageTableErrorDetail}, with the fields that come with it. */
export type TableErrorDetail =
  /** A leaf is there already; nothing has been split. `va` and `pfn` are where it begins. */
  | {
      readonly code: "already-mapped";
      readonly va: bigint;
      readonly level: number;
      readonly pfn: number;
    }
  /** Nothing is mapped there. */
  | { readonly code: "not-mapped"; readonly va: bigint }
  /** No range of a page or more inside of the table's share of the address space. */
  | { readonly code: "invalid-range"; readonly va: number | bigint; readonly pages: number }
  /** Outside of the cursor's range. */
  | { readonly code: "out-of-range"; readonly va: bigint; readonly pages: number }
  /** Not a multiple of the page size of `level`. */
  | { readonly code: "unaligned"; readonly va: number | bigint; readonly level: number }
  /** An open cursor has pages of the range: in one thread, waiting for it would be for ever. */
  | { readonly code: "cursor-deadlock"; readonly va: bigint; readonly pages: number }
  /** A top table that all address spaces share is neither removed nor replaced. */
  | { readonly code: "shared-table"; readonly va: bigint }
  /** The table's items are not of this kind, or the frames of a segment are no page of any level. */
  | { readonly code: "unfit-item"; readonly what: string }
  /** The memory cannot hold tables that are written in place. */
  | { readonly code: "unsupported-memory"; readonly what: string }
  /** Agents that share these frames access entries `got` bits at a time, and this one `expected`. */
  | { readonly code: "access-width"; readonly expected: number; readonly got: number }
  /** The frame is no root of such a table. */
  | { readonly code: "not-a-table"; readonly pfn: number }
  /** An entry leads to a frame that is no table of ours. */
  | { readonly code: "corrupt-table"; readonly pfn: number; readonly level: number }
  /** A frame has to be copied whose type says nothing about copies: give `copy`. */
  | { readonly code: "cannot-copy"; readonly pfn: number; readonly type: string }
  /** Mappings were removed, and of their frames some could not be let go; the errors are the `cause`. */
  | { readonly code: "release-failed"; readonly failed: number };

function at(va: number | bigint): string {
  return (typeof va === "bigint" || Number.isInteger(va)) && va >= 0
    ? `0x${va.toString(16)}`
    : String(va);
}

function describe(detail: TableErrorDetail): string {
  switch (detail.code) {
    case "already-mapped":
      return `${at(detail.va)} is mapped already, to frame ${at(detail.pfn)} at level ${detail.level}: unmap it first`;
    case "not-mapped":
      return `nothing is mapped at ${at(detail.va)}`;
    case "invalid-range":
      return `${detail.pages} pages from ${at(detail.va)} are no range of this table: see its first and last page`;
    case "out-of-range":
      return `${detail.pages} pages from ${at(detail.va)} are not all in the cursor's range`;
    case "unaligned":
      return `${at(detail.va)} is not aligned to a page of level ${detail.level}`;
    case "cursor-deadlock":
      return `an open cursor has some of the ${detail.pages} pages from ${at(detail.va)}: close it first`;
    case "shared-table":
      return `the top table at ${at(detail.va)} is shared by all address spaces: it stays`;
    case "unfit-item":
      return `not an item for this table: ${detail.what}`;
    case "unsupported-memory":
      return `tables cannot be kept in this memory: ${detail.what}`;
    case "access-width":
      return `entries in these frames are accessed ${detail.got} bits at a time by others, and ${detail.expected} here`;
    case "not-a-table":
      return `frame ${at(detail.pfn)} is not the root of a table of this configuration`;
    case "corrupt-table":
      return `an entry leads to frame ${at(detail.pfn)}, which is no table of level ${detail.level}`;
    case "cannot-copy":
      return `frame ${at(detail.pfn)} of type "${detail.type}" has metadata, so a copy of it is for you to make: give "copy"`;
    case "release-failed":
      return `the mappings are gone, but ${detail.failed} of their frames could not be let go`;
  }
}

type Thrown = TableErrorDetail | PageTableErrorDetail;

/** What this part of the package throws by itself, of the same brand as `PageTableError`. @internal */
export const TableError: ErrorClass<TableErrorDetail> = defineError<TableErrorDetail>(
  "@memkit/page-table/PageTableError",
  describe,
);

/** The package's one `PageTableError`, to the type checker with all codes: for `catch`. */
export const PageTableError: ErrorClass<Thrown> = Base as unknown as ErrorClass<Thrown>;
export type PageTableError = ErrorOf<Thrown>;
