/**
 * What is thrown where mappings are gone and not all of their frames.
 *
 * @module
 */

import { TableError } from "./table-error.js";

/** @returns `release-failed`, with what was thrown as its cause */
export function releaseFailed(errors: readonly unknown[]): Error {
  const cause = new AggregateError(errors, `${errors.length} frames could not be let go`);
  return new TableError({ code: "release-failed", failed: errors.length }, { cause });
}

/** Throws where some of what was removed could not be let go. */
export function throwIfAny(errors: readonly unknown[]): void {
  if (errors.length > 0) throw releaseFailed(errors);
}
