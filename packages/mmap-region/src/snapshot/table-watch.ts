/**
 * Tables that are too long to look through at every reset: of those that are watched it is known which elements were set.
 *
 * Reading an element takes 0.1 to 0.3 µs: 1 to 4 ms for the 14,000 functions of a CPython, which is more than all else of its reset.
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import { badArgument } from "../argument.js";
import { isTable, type TableTarget } from "./targets.js";

/** What is known of a watched table. */
export interface Watch {
  /** Indices of elements that were set since the table showed `shows`. */
  readonly set: Set<number>;
  /** What it was last put back to, all of it; undefined at first. */
  shows: readonly unknown[] | undefined;
}

const watches: WeakMap<TableTarget, Watch> = sharedRegistry(
  "@memkit/mmap-region/table-watch/v1",
  () => new WeakMap<TableTarget, Watch>(),
);

export const watchOf = (table: TableTarget): Watch | undefined => watches.get(table);

/**
 * Has resets of images look only at those elements of a table that were set since the last one: the table's `set` and `grow` are replaced by
 * functions that take note.
 *
 * What they cannot see is not put back. So: only for tables that no code of a guest writes to (`inspectState` of
 * `@memkit/mmap-region/expose-state` says `writes: 0`), and that no other module is given, whose elements the engine would write.
 * `WebAssembly.Table.prototype.set.call(table, ...)` goes past it, too. A second call does nothing.
 *
 * @param table - A `WebAssembly.Table`.
 * @throws {@link RegionError} `invalid-argument` for what is no table, or was frozen
 *
 * @example
 * ```ts
 * import { snapshot, watchTable } from "@memkit/mmap-region/snapshot";
 *
 * const table = new WebAssembly.Table({ element: "externref", initial: 10_000 });
 * const target = { exports: { table } };
 * watchTable(table);
 * const image = snapshot(target);
 * image.apply(target);
 * table.set(7, "seven");
 * image.reset(target); // looks at element 7
 * table.get(7); // => undefined
 * image.close();
 * ```
 */
export function watchTable(table: TableTarget): void {
  if (!isTable(table)) throw badArgument("table", table, "must be a WebAssembly.Table");
  if (watches.has(table)) return;
  if (!Object.isExtensible(table)) {
    throw badArgument("table", table, "must not be frozen: its methods are replaced");
  }
  const watch: Watch = { set: new Set(), shows: undefined };
  const { set, grow } = table;
  replace(table, "set", (index, ...value) => {
    // Converted once, for the conversion can run code of the caller's.
    const at = typeof index === "bigint" ? index : Number(index);
    Reflect.apply(set, table, [at, ...value]);
    watch.set.add(Math.trunc(Number(at)));
  });
  replace(table, "grow", (...values) => {
    const before: unknown = Reflect.apply(grow, table, values);
    for (let at = Number(before); at < Number(table.length); at++) watch.set.add(at);
    return before;
  });
  watches.set(table, watch);
}

function replace(
  table: TableTarget,
  name: "set" | "grow",
  value: (...values: unknown[]) => unknown,
): void {
  Object.defineProperty(table, name, { value, configurable: true, writable: true });
}
