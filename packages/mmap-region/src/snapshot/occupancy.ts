/**
 * Who is inside a memory: how many calls of a guest have not returned.
 *
 * Invariant MR-43: nothing is put back while a call is inside that came through {@link enterable} functions. Who could break it:
 * whoever calls an instance's own exports, which nobody can watch.
 *
 * @module
 */

import { RegionError } from "../region-error.js";

/** Calls that have not returned. One for a guest, also of several memories; guests that share a memory share it. */
export interface Occupancy {
  depth: number;
}

const occupancies: WeakMap<object, Occupancy> = new WeakMap();

/** That of an instance and its memories, which other guests may share: then it is inside both. */
export function occupancyOf(instance: object, memories: Iterable<object>): readonly Occupancy[] {
  const own: Occupancy = { depth: 0 };
  occupancies.set(instance, own);
  const all = new Set<Occupancy>([own]);
  for (const memory of memories) {
    const known = occupancies.get(memory);
    if (known === undefined) occupancies.set(memory, own);
    all.add(known ?? own);
  }
  return [...all];
}

/** @throws {@link RegionError} `guest-inside` */
export function requireEmpty(target: object, memories: Iterable<object>): void {
  for (const each of [target, ...memories]) {
    const depth = occupancies.get(each)?.depth ?? 0;
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
