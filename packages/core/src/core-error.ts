/**
 * `CoreError`: the failures of the vocabulary itself.
 *
 * @module
 */

import { defineError, type ErrorClass, type ErrorOf } from "./error.js";
import { describeLayoutError, type LayoutErrorDetail } from "./layout/error-detail.js";
import {
  describeMemoryError,
  isMemoryErrorDetail,
  type MemoryErrorDetail,
} from "./memory-error.js";

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

function describe(detail: CoreErrorDetail): string {
  if (isMemoryErrorDetail(detail)) return describeMemoryError(detail);
  switch (detail.code) {
    case "invalid-source":
      return (
        `not a memory: got ${detail.got}. Give an object with a .buffer, such as a WebAssembly.Memory, ` +
        "or { buffer } around an ArrayBuffer"
      );
    case "source-detached":
      return "the memory's buffer is detached and its source offers no other";
    case "source-threw":
      return "the memory's source threw when asked for its buffer";
    default:
      return describeLayoutError(detail);
  }
}

/** What `@memkit/core` throws. */
export const CoreError: ErrorClass<CoreErrorDetail> = defineError<CoreErrorDetail>(
  "@memkit/core/CoreError",
  describe,
);
export type CoreError = ErrorOf<CoreErrorDetail>;
