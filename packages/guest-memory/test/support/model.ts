import type { Region } from "@memkit/core";
import type { BorrowKind } from "@memkit/guest-memory";

/** The borrow rules said as slowly and plainly as possible: a list, and byte-by-byte meaning of overlap. */
export class NaiveChecker {
  readonly live = new Map<number, { region: Region; kind: BorrowKind }>();

  overlapping(region: Region, kind: BorrowKind | "any"): boolean {
    if (region.len === 0) return false;
    for (const { region: r, kind: k } of this.live.values()) {
      if (r.len === 0 || (kind !== "any" && k !== kind)) continue;
      const first = Math.max(r.start, region.start);
      const last = Math.min(r.start + r.len - 1, region.start + region.len - 1);
      if (first <= last) return true;
    }
    return false;
  }

  allows(region: Region, kind: BorrowKind): boolean {
    return !this.overlapping(region, kind === "mut" ? "any" : "mut");
  }
}

/** The code of the error that `run` throws, or undefined. Anything that is no typed error is rethrown. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
  return undefined;
}
