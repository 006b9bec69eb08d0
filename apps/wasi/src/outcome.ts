/**
 * What becomes of a host call that failed: an errno, or the end of the guest.
 *
 * The table is wiggle's and wasi-common's: a pointer that cannot be right ends the guest, since no program would go on
 * sensibly; a refused borrow, bad text or a bad number is told.
 *
 * @see wasi-common `src/snapshots/preview_1/error.rs`
 * @module
 */

import { CoreError } from "@memkit/core";
import { GuestError } from "@memkit/guest-memory";
import { trap, trapCause } from "@memkit/guest-memory/instance";
import { Errno, errnoOf } from "./errno.js";
import { WasiError } from "./wasi-error.js";

/** The errno for an error of guest memory; `undefined` for one that the guest does not survive. */
function errnoOfGuestError(error: GuestError): number | undefined {
  switch (error.code) {
    case "invalid-flag-value":
    case "invalid-enum-value":
      return Errno.EINVAL;
    case "ptr-borrowed":
    case "slice-lengths-differ":
    case "borrow-checker-out-of-handles":
      return Errno.EFAULT;
    case "invalid-utf8":
      return Errno.EILSEQ;
    case "try-from-int-error":
      return Errno.EOVERFLOW;
    case "in-func":
      return error.cause instanceof GuestError ? errnoOfGuestError(error.cause) : undefined;
    default:
      return undefined; // overflow, out of bounds, misaligned; exit; and what only a faulty host can meet
  }
}

/**
 * Answers for a host call that threw.
 *
 * @returns the errno for the guest
 * @throws a trap that carries a `GuestError` (the guest's doing) or a `WasiError` `host-fault` (ours, whatever it was)
 */
export function answer(error: unknown, call: string): number {
  if (trapCause(error) !== undefined) throw error; // proc_exit: a trap already
  if (error instanceof GuestError) return errnoOfGuestError(error) ?? trap(error);
  if (error instanceof CoreError) {
    // Enumerations and flags in records, where the memory passes on what the layout says.
    if (error.code === "invalid-enum-value" || error.code === "invalid-flag-value") {
      return Errno.EINVAL;
    }
  }
  return errnoOf(error) ?? trap(new WasiError({ code: "host-fault", call }, { cause: error }));
}
