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
    `${shown(d.frames)} frames from frame ${hex(d.firstPfn)}: at least one is needed, and none above frame 0xfffffffffffff`,
  "frames-overlap": (d) =>
    `frame ${hex(d.pfn)} is claimed twice: banks and MMIO ranges may not overlap`,
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

/** @internal */
export class FrameRanges {
  readonly #first: Float64Array;
  readonly #last: Float64Array;

  /** @throws {@link CoreError} `invalid-frame-range`, `frames-overlap` */
  constructor(ranges: readonly Range[]) {
    ranges.forEach(checkRange);
    const sorted = this.sorted(ranges);
    this.#first = Float64Array.from(sorted, ({ firstPfn }) => firstPfn);
    this.#last = Float64Array.from(sorted, ({ firstPfn, frames }) => firstPfn + frames - 1);
    sorted.forEach(({ firstPfn }, i) => {
      if (i > 0 && firstPfn <= this.#last[i - 1]!) {
        throw new CoreError({ code: "frames-overlap", pfn: firstPfn });
      }
    });
  }

  /** A copy of what the ranges were made from, in the order of their indices. */
  sorted<R extends Range>(ranges: readonly R[]): R[] {
    return [...ranges].sort(byFirst);
  }

  /** @throws {@link CoreError} `frames-overlap` if the two lists have a frame in common */
  refuseCommonFrame(other: FrameRanges): void {
    this.#first.forEach((first, i) => {
      // The first range of `other` that does not end before this one begins: the only one to look at.
      const j = other.#last.findIndex((last) => last >= first);
      const otherFirst = other.#first[j];
      if (otherFirst !== undefined && otherFirst <= this.#last[i]!) {
        throw new CoreError({ code: "frames-overlap", pfn: Math.max(first, otherFirst) });
      }
    });
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
