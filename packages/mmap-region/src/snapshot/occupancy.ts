/**
 * Who is inside a memory: how many calls of a guest have not returned.
 *
 * Invariant MR-43: nothing is put back while a call is inside that came through {@link enterable} functions. Who could break it:
 * whoever calls an instance's own exports, which nobody can watch.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import type { MemoryTarget } from "./targets.js";

/** Calls that have not returned. One for a guest, also of several memories; guests that share a memory share it. */
export interface Occupancy {
  depth: number;
}

const occupancies: WeakMap<MemoryTarget, Occupancy> = new WeakMap();

/** That of a memory that may be shared with other guests; all of them count as one. */
export function occupancyOf(memories: Iterable<MemoryTarget>): readonly Occupancy[] {
  const own: Occupancy = { depth: 0 };
  const all = new Set<Occupancy>();
  for (const memory of memories) {
    const known = occupancies.get(memory);
    if (known === undefined) occupancies.set(memory, own);
    all.add(known ?? own);
  }
  if (all.size === 0) all.add(own);
  return [...all];
}

/** @throws {@link RegionError} `guest-inside` */
export function requireEmpty(memories: Iterable<MemoryTarget>): void {
  for (const memory of memories) {
    const depth = occupancies.get(memory)?.depth ?? 0;
    if (depth > 0) throw new RegionError({ code: "guest-inside", depth });
  }
}

type Callable = (...values: never[]) => unknown;

/** The function, counted while it runs; a promise of its (a suspended guest) counts until it settles. */
export function enterable<F extends Callable>(occupancy: readonly Occupancy[], inner: F): F {
  const leave = (): void => {
    for (const each of occupancy) each.depth -= 1;
  };
  const outer = (...values: Parameters<F>): unknown => {
    for (const each of occupancy) each.depth += 1;
    let suspended = false;
    try {
      const result: unknown = inner(...values);
      if (result instanceof Promise) {
        suspended = true;
        result.then(leave, leave);
      }
      return result;
    } finally {
      if (!suspended) leave();
    }
  };
  return outer as F;
}
