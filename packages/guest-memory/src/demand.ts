/**
 * Refusals of arguments that make no sense, for all of this package: options, and values in the wrong place.
 *
 * @module
 */

import { GuestError } from "./error.js";
import { printed } from "./printed.js";

/** @throws {@link GuestError} `invalid-option` */
export function demandOption(right: boolean, option: string, value: unknown): void {
  if (!right) throw new GuestError({ code: "invalid-option", option, got: printed(value) });
}

/** @throws {@link GuestError} `try-from-int-error` */
export function demandKind(right: boolean, type: string, value: unknown): void {
  if (!right) throw new GuestError({ code: "try-from-int-error", type, got: printed(value) });
}
