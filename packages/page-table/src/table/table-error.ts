/**
 * The cases of `PageTableError` about tables, cursors and items.
 *
 * @module
 */

import type { ErrorClass } from "@memkit/core/error";
import {
  hex as at,
  type PageTableErrorDetail,
  pageTableError,
  shown,
} from "../page-table-error.js";

/** Every `code` that tables and cursors add, with the fields that come with it. */
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
  /** The table's items are not of this kind, it is a table's node, or the frames of a segment are no page of any level. */
  | { readonly code: "unfit-item"; readonly what: string }
  /** The memory cannot hold tables that are written in place, or to which an entry can lead. */
  | { readonly code: "unsupported-memory"; readonly what: string }
  /** Agents that share these frames access entries `got` bits at a time, and this one `expected`. */
  | { readonly code: "access-width"; readonly expected: number; readonly got: number }
  /** The frame is no root of such a table, or of one with this kernel's entries, and no others beside its own. */
  | { readonly code: "not-a-table"; readonly pfn: number }
  /** An entry leads to a frame that is no table of ours. */
  | { readonly code: "corrupt-table"; readonly pfn: number; readonly level: number }
  /** A frame has to be copied whose type says nothing about copies: give `copy`. */
  | { readonly code: "cannot-copy"; readonly pfn: number; readonly type: string }
  /**
   * Mappings were removed, and of their frames some could not be let go; the errors are the `cause`, one for frames in a row that are no
   * memory. Those whose type refuses to go live: each of `raws` is a handle for `Frame.fromRaw(frames, raw)`, the catcher's to drop later.
   * An address space keeps its own, and tries again: `kept` says how many. Then `failed` counts what a segment or a table held as one, and
   * `raws` is empty.
   */
  | {
      readonly code: "release-failed";
      readonly failed: number;
      readonly raws: readonly number[];
      readonly kept: number;
    };

/** Of who shares tables, or forks them, or lets go of frames: said where they are thrown. */
type Elsewhere = "access-width" | "cannot-copy" | "release-failed";

/** `PageTableError`, where tables throw it. @internal */
export const TableError: ErrorClass<PageTableErrorDetail> = /* @__PURE__ */ pageTableError<
  Exclude<TableErrorDetail["code"], Elsewhere>
>({
  "already-mapped": (d) =>
    `${at(d.va)} is mapped already, to frame ${at(d.pfn)} at level ${d.level}: unmap it first`,
  "not-mapped": (d) => `nothing is mapped at ${at(d.va)}`,
  "invalid-range": (d) =>
    `${shown(d.pages)} pages from ${at(d.va)} are no range of this table: give 1 or more, a whole number, of the "pages" that it has from page "firstVpn" on`,
  "out-of-range": (d) =>
    `${shown(d.pages)} pages from ${at(d.va)} are not all in the cursor's range`,
  unaligned: (d) => `${at(d.va)} is not aligned to a page of level ${d.level}`,
  "cursor-deadlock": (d) =>
    `an open cursor has some of the ${d.pages} pages from ${at(d.va)}: close it first`,
  "shared-table": (d) => `the top table at ${at(d.va)} is shared by all address spaces: it stays`,
  "unfit-item": (d) => `not an item for this table: ${d.what}`,
  "unsupported-memory": (d) => `tables cannot be kept in this memory: ${d.what}`,
  "not-a-table": (d) =>
    `frame ${at(d.pfn)} is not the root of a table of this configuration and this kernel: give those that it was made with`,
  "corrupt-table": (d) =>
    `an entry leads to frame ${at(d.pfn)}, which is no table of level ${d.level}`,
});
