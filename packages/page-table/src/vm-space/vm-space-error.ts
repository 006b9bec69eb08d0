/**
 * The cases of `PageTableError` about address spaces.
 *
 * @module
 */

import type { ErrorClass } from "@memkit/core/error";
import { hex, type PageTableErrorDetail, pageTableError, shown } from "../page-table-error.js";

/** Every `code` that address spaces add. */
export type VmSpaceErrorDetail =
  /** The address space is not the one that the processor has now: `activate` it. */
  | { readonly code: "not-active"; readonly asid: number }
  /** Not all of the range is the user's. */
  | { readonly code: "access-denied"; readonly va: number | bigint; readonly len: number }
  /** A reader or writer has some of the range, and one of the two writes. */
  | { readonly code: "range-in-use"; readonly va: number; readonly len: number }
  /** Another address space of the log has this number, or, where it is 0, all are taken. */
  | { readonly code: "asid-in-use"; readonly asid: number }
  /** The number is another root's in some agent of the log, or the root in frame `pfn` has another number there. */
  | { readonly code: "foreign-asid"; readonly asid: number; readonly pfn: number }
  /** The processor has another log of flushes, or table of frames, than the address space, or its kernel's table. */
  | { readonly code: "foreign-cpu"; readonly what: string }
  /** Agents of the log have not polled in time, so their caches may lead to what the dead have unmapped. */
  | { readonly code: "not-flushed"; readonly agents: readonly number[] }
  /** A page of one address space cannot be the same in all of them: flushing the space would leave it in the caches. */
  | { readonly code: "global-page"; readonly prop: number }
  /** Not all of the frames are a device's, or of this I/O memory. */
  | { readonly code: "invalid-io-memory"; readonly pfn: number; readonly frames: number };

/** `PageTableError`, where address spaces throw it. @internal */
export const VmSpaceError: ErrorClass<PageTableErrorDetail> = /* @__PURE__ */ pageTableError<
  VmSpaceErrorDetail["code"]
>({
  "not-active": (d) => `address space ${d.asid} is not the processor's now: activate it first`,
  "access-denied": (d) =>
    `${shown(d.len)} bytes from ${hex(d.va)} are not all in the user's part of the address space`,
  "range-in-use": (d) =>
    `a reader or writer has some of the ${d.len} bytes from ${hex(d.va)}: drop it first`,
  "asid-in-use": (d) =>
    d.asid === 0
      ? "an address space has a number of 1..65535, and there is none left: drop one"
      : `address-space number ${shown(d.asid)} is taken, or not free yet: give another of 1..65535`,
  "foreign-asid": (d) =>
    `address-space number ${d.asid} is not that of the root in frame ${hex(d.pfn)}: attach without a number, to have its own`,
  "foreign-cpu": (d) =>
    `the processor has another ${d.what} than the address space or its kernel: what one unmaps, the other would not know of`,
  "not-flushed": (d) =>
    `agents ${d.agents.join(", ")} have not flushed yet: let them poll, or reap them if they are dead, too, and try again`,
  "global-page": (d) =>
    `property ${hex(d.prop)} is GLOBAL, and a page of one address space is in no other: map it in the kernel's table`,
  "invalid-io-memory": (d) =>
    `${shown(d.frames)} frames from ${hex(d.pfn)} are not all of one device`,
});
