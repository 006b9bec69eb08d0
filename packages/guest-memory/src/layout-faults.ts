/**
 * What core's layout language refuses, said in guest memory's words.
 *
 * @module
 */

import { CoreError } from "@memkit/core";
import { GuestError, type GuestErrorDetail } from "./error.js";
import { printed } from "./printed.js";

/**
 * The detail of the {@link GuestError} that an error from reading or writing a value means; undefined for other errors,
 * which are bugs and go on as they are.
 */
export function layoutFault(error: unknown): GuestErrorDetail | undefined {
  if (!(error instanceof CoreError)) return undefined;
  switch (error.code) {
    case "invalid-enum-value": {
      const { code, type, got, path } = error;
      return { code, type, got, path };
    }
    case "invalid-flag-value": {
      const { code, type, got, unknown, path } = error;
      return { code, type, got, unknown, path };
    }
    case "value-out-of-range": {
      const { type, got, path } = error;
      const shown: string = typeof got === "string" ? got : printed(got);
      return { code: "try-from-int-error", type, got: shown, path };
    }
    default:
      return undefined;
  }
}

/** A value's fault as a GuestError, anything else as it is. */
export function inOurWords(error: unknown): unknown {
  const detail = layoutFault(error);
  return detail === undefined ? error : new GuestError(detail);
}
