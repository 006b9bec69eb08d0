/**
 * What becomes of a host call that failed: an errno, or the end of the guest.
 *
 * For what the guest did the table is wiggle's and wasi-common's, which is the default of an error type: a pointer that
 * cannot be right ends the guest, since no program would go on sensibly; a refused borrow, bad text or a bad number is
 * told. Here is the rest: what calls fail with on purpose, and what the system says.
 *
 * @see wasi-common `src/snapshots/preview_1/error.rs`
 * @module
 */

import { CoreError } from "@memkit/core";
import { type ErrorType, errorType, type Verdict } from "@memkit/guest-memory/bindings";
import { errno } from "./abi.js";
import { Errno, errnoOf, Failure } from "./errno.js";

/** What every function of preview1 returns. */
export const answer: ErrorType = errorType(errno, {
  host: [
    [Failure, (failure): Verdict => failure.errno],
    [Error, verdictOn],
  ],
});

/** A system error has an errno; enumerations and flags in records may pass on what the layout says; the rest is a fault. */
function verdictOn(error: Error): Verdict {
  if (error instanceof CoreError) {
    const { code } = error;
    return code === "invalid-enum-value" || code === "invalid-flag-value" ? Errno.EINVAL : "trap";
  }
  return errnoOf(error) ?? "trap";
}
