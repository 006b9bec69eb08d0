/**
 * Putting an instance's globals and tables back: first whether they fit, then the values.
 *
 * Of a table every element is looked at, unless it is watched.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import type { InstanceState, Kept, Parts } from "./instance-state.js";
import type { Plan } from "./options.js";
import { watchOf } from "./table-watch.js";
import { type GlobalTarget, indexOf, type TableTarget } from "./targets.js";

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

/** What a target's globals and tables are to be, found once: a reset may take no longer than it must. */
export interface Bound {
  readonly globals: readonly { readonly target: GlobalTarget; readonly value: unknown }[];
  readonly tables: readonly {
    readonly name: string;
    readonly elements: readonly Kept[];
    readonly table: TableTarget;
  }[];
}

/** @throws {@link RegionError} `image-mismatch` */
export function bindState(state: InstanceState, parts: Parts): Bound {
  requireNames("global", state.globals.keys(), parts.globals);
  requireNames("table", state.tables.keys(), parts.tables);
  const globals = [...state.globals].flatMap(([name, { value }]) => {
    const target = parts.globals.get(name);
    return target === undefined ? [] : [{ target, value }];
  });
  const tables = [...state.tables].flatMap(([name, elements]) => {
    const table = parts.tables.get(name);
    return table === undefined ? [] : [{ name, elements, table }];
  });
  return { globals, tables };
}

/**
 * Proves that no table is longer than its image, or under `clear`, that what is beyond can be made null.
 *
 * @throws {@link RegionError} `has-grown`
 */
export function requireTables({ tables }: Bound, grown: Grown): void {
  for (const { name, elements, table } of tables) {
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
export function growTables({ tables }: Bound): void {
  for (const { name, elements, table } of tables) {
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
export function restoreState({ globals, tables }: Bound): void {
  for (const { target, value } of globals) {
    if (!Object.is(target.value, value)) target.value = value;
  }
  for (const { elements, table } of tables) {
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
