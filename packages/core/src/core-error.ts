/**
 * `CoreError`: the failures of the vocabulary itself.
 *
 * Its sentences stand beside the code that throws them, see `defineErrorCases`; here are those that several modules and packages
 * throw.
 *
 * @module
 */

import { defineErrorCases, type ErrorCases, type ErrorClass, type ErrorOf } from "./error.js";
import type { LayoutErrorDetail } from "./layout/layout-error.js";
import { hex, type MemoryErrorDetail, shown } from "./memory-error.js";

/** Every `code` of {@link CoreError} with the fields that come with it. */
export type CoreErrorDetail =
  | LayoutErrorDetail
  | MemoryErrorDetail
  /** The value given as memory is not `{ buffer }`: a view, a Buffer, a bare buffer, or something else. */
  | { readonly code: "invalid-source"; readonly got: string }
  /** The source's buffer is detached and the source has put no other in its place. */
  | { readonly code: "source-detached" }
  /** Reading `source.buffer` threw; the original is the `cause`. */
  | { readonly code: "source-threw" };

/** Adds sentences to {@link CoreError}, and returns it. */
export const coreError: ErrorCases<CoreErrorDetail> =
  /* @__PURE__ */ defineErrorCases<CoreErrorDetail>("@memkit/core/CoreError", {
    "address-out-of-range": (d) =>
      `${hex(d.got)} is no ${d.kind}: it must be an integer in 0..${hex(d.max)}`,
    "not-aligned": (d) => `the ${d.what}, ${hex(d.got)}, is not a multiple of ${d.align}`,
    "out-of-bounds": (d) =>
      `${shown(d.len)} bytes from ${hex(d.start)} are not inside a memory of ${hex(d.byteLength)} bytes`,
    "used-after-drop": (d) => `this ${d.what} has been dropped already`,
    "not-in-ledger": (d) => `no live ${d.kind} ${hex(d.id)}: released twice, or never acquired`,
  });

/** What `@memkit/core` throws. */
export const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError({});
export type CoreError = ErrorOf<CoreErrorDetail>;
