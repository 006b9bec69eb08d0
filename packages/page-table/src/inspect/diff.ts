/**
 * What changed between two address spaces: two dumps, before and after a call, parent and child.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { refuseFormat } from "../format/other-format.js";
import type { Walker } from "../walk/walker.js";
import { addressOf, Budget, probe, rangesOf, type ScanOptions } from "./scan.js";

/** What a page is mapped to. */
export interface Side {
  readonly pfn: Pfn;
  readonly rights: number;
  readonly level: number;
}

/** Pages that differ. A side is undefined where nothing is mapped. */
export interface Change {
  readonly va: bigint;
  /** Pages of 4 KiB, with consecutive frames. */
  readonly pages: number;
  readonly before: Side | undefined;
  readonly after: Side | undefined;
}

function sideOf({ reason, software, pfn, rights, level }: Walker): Side | undefined {
  return reason === 0 && software === undefined ? { pfn, rights, level } : undefined;
}

/** A huge page that was split into the same frames with the same rights is no change. */
function same(a: Side | undefined, b: Side | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.pfn === b.pfn && a.rights === b.rights;
}

type Runs = readonly (readonly [first: number, last: number])[];

/** The pages that are in some of the runs, as runs that end wherever one of them does: of each, a walker has all pages or none. */
function unionOf(runs: Runs): Runs {
  const cuts = new Set(runs.flatMap(([first, last]) => [first, last + 1]));
  const starts = [...cuts].sort((a, b) => a - b);
  return starts
    .map((first, i) => [first, (starts[i + 1] ?? first) - 1] as const)
    .filter(([page]) => runs.some(([first, last]) => first <= page && page <= last));
}

/**
 * The differences, from the lowest address to the highest: frame or rights. Of all addresses that either has: beyond the narrower half of
 * two walkers of AArch64 (T0SZ, T1SZ) nothing is mapped in that one.
 *
 * @param before - Both must be of formats with the same addresses
 * @throws {@link PageTableError} `invalid-vaddr`, `other-format`, `invalid-argument`; `walk-budget` on the way
 */
export function diff(before: Walker, after: Walker, options: ScanOptions = {}): Generator<Change> {
  const ranges = rangesOf(before, options);
  const others = rangesOf(after, options);
  const [{ paging }, other] = [before.format, after.format];
  if (paging.vaBits !== other.paging.vaBits || paging.canonical !== other.paging.canonical) {
    refuseFormat(before.format, other);
  }
  return compared(before, after, unionOf([...ranges, ...others]), new Budget(options.budget));
}

function* compared(before: Walker, after: Walker, ranges: Runs, budget: Budget): Generator<Change> {
  for (const [first, last] of ranges) {
    let next: number;
    for (let page = first; page <= last; page = next) {
      budget.spend(page);
      const ends = [probe(before, page), last + 1];
      const a = sideOf(before);
      ends.push(probe(after, page));
      const b = sideOf(after);
      next = Math.min(...ends);
      if (!same(a, b)) {
        yield { va: addressOf(page), pages: next - page, before: a, after: b };
      }
    }
  }
}
