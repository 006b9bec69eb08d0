/**
 * What is thrown where mappings are gone and not all of their frames.
 *
 * @module
 */

import { pageTableError } from "../page-table-error.js";

const PageTableError = /* @__PURE__ */ pageTableError<"release-failed">({
  "release-failed": (d) =>
    `the mappings are gone, but ${d.failed} of their frames could not be let go${d.raws.length > 0 ? ': take those of "raws" with Frame.fromRaw, and drop them later' : ""}`,
});

/** In a list of errors: what was thrown for a frame that lives, and its handle as a number. */
export class Refused {
  readonly raw: number;
  readonly error: unknown;

  constructor(raw: number, error: unknown) {
    this.raw = raw;
    this.error = error;
  }
}

/** @returns `release-failed`, with what was thrown as its cause */
export function releaseFailed(thrown: readonly unknown[]): Error {
  const raws = thrown.flatMap((one) => (one instanceof Refused ? one.raw : []));
  const errors = thrown.map((one) => (one instanceof Refused ? one.error : one));
  const failed = errors.length;
  const cause = new AggregateError(errors, `${failed} frames could not be let go`);
  return new PageTableError({ code: "release-failed", failed, raws }, { cause });
}

/** Throws where some of what was removed could not be let go. */
export function throwIfAny(errors: readonly unknown[]): void {
  if (errors.length > 0) throw releaseFailed(errors);
}
