/**
 * The scenarios on tables, in a short form for the suite and a long one for the script.
 *
 * @module
 */

import type { Entry as Named } from "@memkit/interleave";
import { clean, look, makeExecutable, map, mapAll, query, take, unmap } from "./operations.js";
import { reapScenario } from "./reap.js";
import { type Lib, type Op, scenarioOf, type World } from "./world.js";

/** `suite`: explored by every `npm test`. `long`: by `npm run explore`. */
/** A scenario by name, for any version of the code. */
export type Entry = Named<Lib>;
type Form = Entry["form"];

const entry = (form: Form, name: string, world: World, ...threads: readonly Op[][]): Entry => ({
  name,
  form,
  build: (lib) => [scenarioOf(lib, world, threads)] as unknown as ReturnType<Entry["build"]>,
});

/** Thread 0 dies after so many accesses; another reaps it, a third goes on. */
const reaping = (
  form: Form,
  name: string,
  deaths: readonly number[],
  world: World,
  dying: readonly Op[],
  living: readonly Op[],
): Entry => ({
  name,
  form,
  build: (lib) =>
    deaths.map((after) => reapScenario(lib, world, after, dying, living)) as unknown as ReturnType<
      Entry["build"]
    >,
});

/** Nothing but the root. */
const empty: World = { mapped: [] };
/** A leaf table with one page mapped in it. */
const one: World = { mapped: [3] };
/** Two leaf tables. */
const two: World = { mapped: [3, 515] };

/** A leaf table without a page. */
const bare: World = { mapped: [], emptied: [3] };

export const entries: readonly Entry[] = [
  entry("suite", "map, map: tables of their own", two, [map(4, 1)], [map(516, 2)]),
  entry("suite", "map, map: one table", one, [map(4, 1)], [map(5, 2)]),
  entry("suite", "map, map: one page", one, [map(4, 1)], [map(4, 2)]),
  entry("long", "map, map: the table is missing", empty, [map(4, 1)], [map(5, 2)]),
  entry("suite", "query, take of the table around it", one, [query(3)], [take(0, 1024)]),
  entry("suite", "map, take of the table around it", one, [map(4, 1)], [take(0, 1024)]),
  entry("suite", "translate, take of the table around it", one, [look(3)], [take(0, 1024)]),
  entry("suite", "translate, unmap of all around it", one, [look(3)], [unmap(0, 1024)]),
  entry("suite", "translate, protect of both words", one, [look(3)], [makeExecutable(3)]),
  entry("suite", "translate, unmap and map anew", one, [look(3)], [unmap(3, 1), map(3, 9)]),
  entry("suite", "two cursors that overlap", two, [mapAll([4, 516], 1)], [mapAll([4, 516], 2)]),
  entry("suite", "cleanUp, translate", bare, [clean(0, 1024)], [look(3)]),
  entry("long", "cleanUp, map", bare, [clean(0, 1024)], [map(4, 1)]),
  entry("long", "query, unmap of all around it", one, [query(3)], [unmap(0, 1024)]),
  entry("long", "map, unmap of all around it", one, [map(4, 1)], [unmap(0, 1024)]),
  entry("long", "unmap of all, unmap of all", two, [unmap(0, 1024)], [unmap(0, 1024)]),
  reaping("suite", "reap, map", [30], one, [map(4, 1)], [look(3)]),
  reaping("long", "reap of a mapper that has the lock, map", [22], one, [map(4, 1)], [map(5, 2)]),
  entry("long", "translate, take, translate", one, [look(3)], [take(0, 1024)], [look(3)]),
];
