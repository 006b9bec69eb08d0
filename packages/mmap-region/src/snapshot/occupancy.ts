/**
 * Who is inside a memory: how many calls of a guest have not returned.
 *
 * Invariant MR-43: nothing is put back while a call is inside that came through {@link enterable} functions. Who could break it:
 * whoever calls an instance's own exports, which nobody can watch.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import { guardUse, renewGuards } from "./guards.js";
import type { MemoryTarget } from "./targets.js";

/** Calls that have not returned. One for a guest, also of several memories; guests that share a memory share it. */
export interface Occupancy {
  depth: number;
  /** Calls that there have been. */
  entries: number;
  /** Called with whatever comes out of a call in place of a result. */
  threw: ((error: unknown) => void) | undefined;
  /** Which a call may have grown, and so opened their guards. */
  readonly memories: Set<MemoryTarget>;
}

const occupancies: WeakMap<object, Occupancy> = new WeakMap();

/** That of an instance and its memories, which other guests may share: then it is inside both. */
export function occupancyOf(
  instance: object,
  memories: Iterable<MemoryTarget>,
): readonly Occupancy[] {
  let own = occupancies.get(instance);
  if (own === undefined) {
    own = { depth: 0, entries: 0, threw: undefined, memories: new Set() };
    occupancies.set(instance, own);
  }
  const all = new Set<Occupancy>([own]);
  for (const memory of memories) {
    const known = occupancies.get(memory);
    if (known === undefined) occupancies.set(memory, own);
    (known ?? own).memories.add(memory);
    all.add(known ?? own);
  }
  return [...all];
}

/** @throws {@link RegionError} `guest-inside` */
export function requireEmpty(target: object, memories: Iterable<object>): void {
  requireOutside(target);
  for (const memory of memories) requireOutside(memory);
}

function requireOutside(target: object): void {
  const depth = occupancies.get(target)?.depth ?? 0;
  if (depth > 0) throw new RegionError({ code: "guest-inside", depth });
}

type Callable = (...values: never[]) => unknown;

/** The function, counted while it runs; a promise of its (a suspended guest) counts until it settles. */
export function enterable<F extends Callable>(occupancy: readonly Occupancy[], inner: F): F {
  const renew = (): void => {
    if (!guardUse.any) return;
    for (const { memories } of occupancy) for (const memory of memories) renewGuards(memory);
  };
  const leave = (): void => {
    for (const each of occupancy) each.depth -= 1;
    renew();
  };
  const fail = (error: unknown): void => {
    leave();
    for (const each of occupancy) each.threw?.(error);
  };
  const outer = (...values: Parameters<F>): unknown => {
    for (const each of occupancy) {
      each.depth += 1;
      each.entries += 1;
    }
    let result: unknown;
    try {
      result = inner(...values);
    } catch (error) {
      fail(error);
      throw error;
    }
    if (result instanceof Promise) {
      result.then(leave, fail);
      renew();
    } else leave();
    return result;
  };
  return outer as F;
}
