/**
 * `WasiError`: what goes wrong on the host's side, before a guest runs or by a fault of the host's own.
 *
 * Not for the guest: what a guest does wrong is an errno, or a trap that comes out as a `GuestError`.
 *
 * @module
 */

import { defineError, type ErrorClass, type ErrorOf } from "@memkit/core";

/** Every `code` of {@link WasiError} with the fields that come with it. */
export type WasiErrorDetail =
  /** The guest was unlinkable or is not a command. */
  | { readonly code: "not-a-command"; readonly reason: string }
  /** A directory that the guest was to be given cannot be opened. */
  | { readonly code: "preopen-failed"; readonly host: string; readonly guest: string }
  /** An argument or variable that cannot be given to a guest. */
  | { readonly code: "invalid-string"; readonly what: string; readonly value: string }
  /** This system offers no way to keep a guest in its directories. */
  | { readonly code: "no-sandbox"; readonly platform: string };

function describe(detail: WasiErrorDetail): string {
  switch (detail.code) {
    case "not-a-command":
      return `this module cannot be run as a command: ${detail.reason}`;
    case "preopen-failed":
      return `cannot open ${JSON.stringify(detail.host)} to give it to the guest as ${JSON.stringify(detail.guest)}`;
    case "invalid-string":
      return `${detail.what} ${JSON.stringify(detail.value)} cannot be given to a guest: no NUL, no lone surrogates, and a variable has a name without "="`;
    case "no-sandbox":
      return `directories cannot be given to guests on ${detail.platform}: there is no known way to keep a guest inside them`;
  }
}

export const WasiError: ErrorClass<WasiErrorDetail> = defineError<WasiErrorDetail>(
  "@memkit/wasi/WasiError",
  describe,
);
export type WasiError = ErrorOf<WasiErrorDetail>;
