/**
 * A sorted list of disjoint frame ranges that finds the range of a frame in O(log n).
 *
 * Keeps the frame half of CORE-6. First and last frames are in Float64Arrays: frame numbers have 52 bits.
 *
 * @module
 */

import { MAX_PAGE_NUMBER } from "./address.js";
import { type CoreErrorDetail, coreError } from "./core-error.js";
import type { ErrorClass } from "./error.js";
import { hex, shown } from "./memory-error.js";

const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<
  "invalid-frame-range" | "frames-overlap"
>({
  "invalid-frame-range": (d) =>
    `${shown(d.frames)} frames from frame ${hex(d.firstPfn)}: at least one, and none above 0xfffffffffffff`,
  "frames-overlap": (d) => `frame ${hex(d.pfn)} is claimed twice`,
});

interface Range {
  readonly firstPfn: number;
  readonly frames: number;
}

const byFirst = (a: Range, b: Range): number => a.firstPfn - b.firstPfn;

function checkRange({ firstPfn, frames }: Range): void {
  const valid =
    Number.isInteger(firstPfn) &&
    firstPfn >= 0 &&
    Number.isInteger(frames) &&
    frames >= 1 &&
    firstPfn + frames - 1 <= MAX_PAGE_NUMBER;
  if (!valid) throw new CoreError({ code: "invalid-frame-range", firstPfn, frames });
}

/**
 * Proves that no two ranges have a frame in common.
 *
 * @throws {@link CoreError} `invalid-frame-range`, `frames-overlap`
 */
export function refuseOverlap(ranges: readonly Range[]): void {
  ranges.forEach(checkRange);
  let end = 0;
  for (const { firstPfn, frames } of sorted(ranges)) {
    if (firstPfn < end) throw new CoreError({ code: "frames-overlap", pfn: firstPfn });
    end = firstPfn + frames;
  }
}

/** A copy, in the order of the indices that {@link FrameRanges} gives. */
export function sorted<R extends Range>(ranges: readonly R[]): R[] {
  return [...ranges].sort(byFirst);
}

/** @internal */
export class FrameRanges {
  readonly #first: Float64Array;
  readonly #last: Float64Array;

  /** Caller must have sorted them, and proved that they do not overlap. */
  constructor(ranges: readonly Range[]) {
    this.#first = Float64Array.from(ranges, ({ firstPfn }) => firstPfn);
    this.#last = Float64Array.from(ranges, ({ firstPfn, frames }) => firstPfn + frames - 1);
  }

  /** The index of the range with frame `pfn`, or -1; also -1 for a fraction or NaN. */
  find(pfn: number): number {
    const first = this.#first;
    // Invariant: ranges below `lo` start at or before `pfn`, ranges from `hi` on start after it.
    let lo = 0;
    let hi = first.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (first[mid]! <= pfn) lo = mid + 1;
      else hi = mid;
    }
    return lo > 0 && pfn <= this.#last[lo - 1]! && Number.isInteger(pfn) ? lo - 1 : -1;
  }
}
