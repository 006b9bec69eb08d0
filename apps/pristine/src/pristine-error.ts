/**
 * `PristineError`: why a request has no answer of the program's own, or why there is no interpreter.
 *
 * @module
 */

import { defineError, type ErrorClass, type ErrorOf } from "@memkit/core";

/** Every `code` of {@link PristineError} with the fields that come with it. */
export type PristineErrorDetail =
  /** The program called a function of the host that no request may call. */
  | { readonly code: "refused"; readonly import: string }
  /** It ran longer than a request may. */
  | { readonly code: "deadline"; readonly milliseconds: number }
  /** It wrote more than a request may. */
  | { readonly code: "too-much-output"; readonly limit: number }
  /** The interpreter trapped, or ran out of stack. */
  | { readonly code: "crashed"; readonly reason: string }
  /** This release of the interpreter is not what the tables here were made for. */
  | { readonly code: "unknown-interpreter"; readonly reason: string }
  /** More requests wait than may. */
  | { readonly code: "busy"; readonly waiting: number }
  /** The process that ran the request is gone. */
  | { readonly code: "worker-lost"; readonly reason: string };

function describe(detail: PristineErrorDetail): string {
  switch (detail.code) {
    case "refused":
      return `the program called ${detail.import}, which leads out of the interpreter: no request may do that`;
    case "deadline":
      return `the program was ended after ${detail.milliseconds} ms`;
    case "too-much-output":
      return `the program wrote more than ${detail.limit} bytes`;
    case "crashed":
      return `the interpreter crashed: ${detail.reason}`;
    case "unknown-interpreter":
      return `this interpreter cannot be kept pristine: ${detail.reason}`;
    case "busy":
      return `${detail.waiting} requests wait already: try again later`;
    case "worker-lost":
      return `the process that ran the request has ended: ${detail.reason}`;
  }
}

export const PristineError: ErrorClass<PristineErrorDetail> = defineError<PristineErrorDetail>(
  "@memkit/pristine/PristineError",
  describe,
);
export type PristineError = ErrorOf<PristineErrorDetail>;
