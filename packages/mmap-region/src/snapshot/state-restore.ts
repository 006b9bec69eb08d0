/**
 * Putting an instance's globals and tables back: first whether they fit, then the values.
 *
 * Of a table every element is looked at, unless it is watched.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import type { InstanceState, Parts } from "./instance-state.js";
import type { Plan } from "./options.js";
import { watchOf } from "./table-watch.js";
import { indexOf, type TableTarget } from "./targets.js";

/** What becomes of a table that is longer than its image. */
type Grown = Plan["grown"];

function mismatch(what: string, reason: string): RegionError {
  return new RegionError({ code: "image-mismatch", what, reason });
}

/** Proves that the target has these names and no others. */
export function requireNames(
  kind: string,
  expected: Iterable<string>,
  actual: ReadonlyMap<string, unknown>,
): void {
  const names = new Set(expected);
  for (const name of names) {
    if (!actual.has(name))
      throw mismatch(`${kind} ${JSON.stringify(name)}`, "is not in the target");
  }
  for (const name of actual.keys()) {
    if (!names.has(name)) throw mismatch(`${kind} ${JSON.stringify(name)}`, "is not in the image");
  }
}

/** Each table with the elements that it is to have. */
function tablesOf({ tables }: InstanceState, parts: Parts) {
  return [...tables].flatMap(([name, elements]) => {
    const table = parts.tables.get(name);
    return table === undefined ? [] : [{ name, elements, table }];
  });
}

/**
 * Proves that no table is longer than its image, or under `clear`, that what is beyond can be made null.
 *
 * @throws {@link RegionError} `has-grown`
 */
export function requireTables(state: InstanceState, parts: Parts, grown: Grown): void {
  for (const { name, elements, table } of tablesOf(state, parts)) {
    const now = Number(table.length);
    if (now <= elements.length || (grown === "clear" && isNullable(table, now - 1))) continue;
    const what = `table ${JSON.stringify(name)}`;
    throw new RegionError({ code: "has-grown", what, now, limit: elements.length });
  }
}

/** Whether a table may hold null: most can. */
function isNullable(table: TableTarget, index: number): boolean {
  const at = indexOf(table, index);
  const value = table.get(at);
  try {
    table.set(at, null);
  } catch {
    return false; // the TypeError is the answer
  }
  table.set(at, value);
  return true;
}

/**
 * Has each table the length that it must have at least.
 *
 * @throws {@link RegionError} `image-mismatch` for one that cannot grow as far
 */
export function growTables(state: InstanceState, parts: Parts): void {
  for (const { name, elements, table } of tablesOf(state, parts)) {
    const now = Number(table.length);
    const missing = elements.length - now;
    if (missing <= 0) continue;
    try {
      table.grow(indexOf(table, missing), elements[now]?.value);
    } catch (cause) {
      const reason = `has ${now} elements, its image ${elements.length}, and it cannot grow`;
      const what = `table ${JSON.stringify(name)}`;
      throw new RegionError({ code: "image-mismatch", what, reason }, { cause });
    }
  }
}

/** Puts globals and tables back. The target has been found to fit. */
export function restoreState(state: InstanceState, parts: Parts): void {
  for (const [name, { value }] of state.globals) {
    const target = parts.globals.get(name);
    if (target !== undefined && !Object.is(target.value, value)) target.value = value;
  }
  for (const { elements, table } of tablesOf(state, parts)) {
    const watch = watchOf(table);
    const indices = watch?.shows === elements ? [...watch.set] : Array(Number(table.length)).keys();
    for (const index of indices) {
      const at = indexOf(table, index);
      const kept = elements[index];
      const value = kept === undefined ? null : kept.value;
      if (table.get(at) !== value) table.set(at, value);
    }
    if (watch === undefined) continue;
    watch.shows = elements;
    watch.set.clear();
  }
}
