/**
 * What is thrown where mappings are gone and not all of their frames.
 *
 * @module
 */

import { pageTableError } from "../page-table-error.js";

const PageTableError = /* @__PURE__ */ pageTableError<"release-failed">({
  "release-failed": (d) =>
    `the mappings are gone, but ${d.failed} of their frames could not be let go: ${
      d.kept > 0
        ? `${d.kept} are kept, and asked again by the next poll`
        : 'those in "raws" are for Frame.fromRaw'
    }`,
});

/** Something that could not be let go. */
export interface Lost {
  /** What was thrown. */
  readonly error: unknown;
  /** The handle, as a number, of a frame that lives. */
  readonly raws: readonly number[];
}

/** @returns `release-failed`, with what was thrown as its cause */
export function releaseFailed(lost: readonly Lost[], kept = 0): Error {
  const cause = new AggregateError(lost.map(({ error }) => error));
  const raws = lost.flatMap((one) => one.raws);
  return new PageTableError({ code: "release-failed", failed: lost.length, raws, kept }, { cause });
}

/** Throws where some of what was removed could not be let go. */
export function throwIfAny(lost: readonly Lost[]): void {
  if (lost.length > 0) throw releaseFailed(lost);
}
