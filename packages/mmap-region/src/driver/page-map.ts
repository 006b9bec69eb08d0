/**
 * Which access every page of an address space has, as the fewest runs: the bookkeeping of the fake driver, and the shape in
 * which tests compare it with what a kernel says.
 *
 * @module
 */

import type { Access } from "./driver.js";

/** A run of pages with one access. */
export interface Segment {
  readonly address: number;
  readonly length: number;
  readonly access: Access;
}

/** Disjoint segments, sorted, no two neighbours of equal access touching. */
export class PageMap {
  #segments: Segment[] = [];

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Gives a range this access, whatever was there. */
  set(address: number, length: number, access: Access): void {
    this.clear(address, length);
    const at = this.#segments.findIndex((segment) => segment.address > address);
    const place = at === -1 ? this.#segments.length : at;
    this.#segments.splice(place, 0, { address, length, access });
    this.#segments = merged(this.#segments);
  }

  /** Takes a range out. */
  clear(address: number, length: number): void {
    const end = address + length;
    this.#segments = this.#segments.flatMap((segment) => {
      const { address: start, access } = segment;
      const stop = start + segment.length;
      if (stop <= address || start >= end) return [segment];
      const left = { address: start, length: address - start, access };
      const right = { address: end, length: stop - end, access };
      return [left, right].filter((part) => part.length > 0);
    });
  }

  /** Whether every page of the range may at least be read. */
  allows(address: number, length: number): boolean {
    let reached = address;
    for (const segment of this.#segments) {
      if (segment.access === "none" || segment.address > reached) continue;
      reached = Math.max(reached, segment.address + segment.length);
    }
    return reached >= address + length;
  }
}

function merged(segments: readonly Segment[]): Segment[] {
  const runs: Segment[] = [];
  for (const segment of segments) {
    const last = runs.at(-1);
    if (last?.access === segment.access && last.address + last.length === segment.address) {
      runs[runs.length - 1] = { ...last, length: last.length + segment.length };
    } else {
      runs.push(segment);
    }
  }
  return runs;
}
