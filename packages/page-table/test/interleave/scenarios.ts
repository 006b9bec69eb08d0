/**
 * The scenarios on tables, in a short form for the suite and a long one for the script.
 *
 * @module
 */

import type { Entry as Named } from "@memkit/interleave";
import {
  clean,
  collect,
  forkAndLook,
  hide,
  holdItem,
  look,
  makeExecutable,
  map,
  mapAll,
  mapBeside,
  mapHuge,
  mapIn,
  mapItem,
  mapLast,
  mapRow,
  open,
  protectMarked,
  query,
  take,
  takeAndMap,
  takeItem,
  takeMarked,
  unmap,
  unmapRow,
  write,
} from "./operations.js";
import { reapScenarios } from "./reap.js";
import {
  type Lib,
  NONE,
  type Op,
  RW,
  RWX,
  scenarioOf,
  type TableScenario,
  type World,
} from "./world.js";

/** `suite`: explored by every `npm test`. `long`: by `npm run explore`. */
/** A scenario by name, for any version of the code. */
export type Entry = Named<Lib>;
type Form = Entry["form"];

/** In the long form of several, steps that concern nobody else are taken at once: of some agents they are more than a thousand in a row. */
const inForm = (
  form: Form,
  several: boolean,
  scenarios: readonly TableScenario[],
): ReturnType<Entry["build"]> => {
  const reduction = form === "long" && several ? "private" : "both";
  const reduced = scenarios.map((scenario) => ({ ...scenario, reduction }));
  return reduced as unknown as ReturnType<Entry["build"]>;
};

const entry = (form: Form, name: string, world: World, ...threads: readonly Op[][]): Entry => ({
  name,
  form,
  build: (lib) => inForm(form, threads.length > 1, [scenarioOf(lib, world, threads)]),
});

/** Thread 0 dies after so many accesses; another reaps it, a third goes on. */
const reaping = (
  form: Form,
  name: string,
  deaths: readonly number[] | "all",
  world: World,
  dying: readonly Op[],
  living: readonly Op[],
): Entry => ({
  name,
  form,
  build: (lib) => inForm(form, living.length > 0, reapScenarios(lib, world, deaths, dying, living)),
});

/** Nothing but the root. */
const empty: World = { mapped: [] };
/** A leaf table with one page mapped in it. */
const one: World = { mapped: [3] };
/** The same page, which may be executed: its upper word is 0, as that of nothing is. */
const plain: World = { mapped: [3], prop: RWX };
/** Two leaf tables. */
const two: World = { mapped: [3, 515] };
/** Three. */
const three: World = { mapped: [3, 515, 1027] };
/** A leaf table without a page. */
const bare: World = { mapped: [], emptied: [3] };
/** Below the root a table of two leaf tables. */
const deep: World = { config: "x86-64, three levels", mapped: [3, 515] };
/** Below the root a table with a leaf table, in which nothing is mapped. */
const deepBare: World = { config: "x86-64, three levels", mapped: [], emptied: [3] };
const deepEmpty: World = { config: "x86-64, three levels", mapped: [] };
/** A page that holds its frame. */
const held: World = { config: "x86-64, tracked", mapped: [3] };
const deepHeld: World = { config: "x86-64, tracked, three levels", mapped: [3] };
/** The same, which a processor writes to. */
const marked: World = { ...held, marked: true };
/** The same, which may be executed: a change of its entry is one of the lower word alone. */
const plainMarked: World = { ...marked, prop: RWX };
/** A huge page in the root. */
const huge: World = { mapped: [], huge: true };

/** Two leaf tables, with one in between that is missing. */
const apart: World = { mapped: [3, 1027] };
/** Where the bit of a page that nobody may use is in the upper word. */
const riscv: World = { config: "RISC-V", mapped: [3] };

/** Behind the first entry of the root a leaf table. */
const deepFar: World = { config: "x86-64, three levels", mapped: [2 ** 18 + 3] };
/** A page that nobody may use. */
const closed: World = { config: "RISC-V", mapped: [3], prop: NONE };

/** The same, where reap knows what the dead had in hand. */
const known = (world: World): World => ({ ...world, ledger: true });
/** For who looks at all entries of a node. */
const few = (world: World): World => ({ ...world, narrow: true });

/** Two pages in a row: a cursor writes the second the quick way. */
const twice = (prop: number): (readonly [pfn: number, prop: number])[] => [
  [1, prop],
  [2, prop],
];

/** All that one entry of the root and the next are for, with so many levels. */
const ALL = 1024;
const DEEP = 2 * 512 ** 2;
const HALF = DEEP / 2;

export const entries: readonly Entry[] = [
  entry("suite", "map, map: tables of their own", two, [map(4, 1)], [map(516, 2)]),
  entry("suite", "map, map: one table", one, [map(4, 1)], [map(5, 2)]),
  entry("suite", "map, map: one page", one, [map(4, 1)], [map(4, 2)]),
  entry("long", "map, map: the table is missing", empty, [map(4, 1)], [map(5, 2)]),
  entry("suite", "query, take of the table around it", one, [query(3)], [take(0, ALL)]),
  entry("suite", "map, take of the table around it", one, [map(4, 1)], [take(0, ALL)]),
  entry("suite", "translate, take of the table around it", one, [look(3)], [take(0, ALL)]),
  entry("suite", "translate, unmap of all around it", one, [look(3)], [unmap(0, ALL)]),
  entry("suite", "translate, protect of both words", one, [look(3)], [makeExecutable(3)]),
  entry("suite", "translate, unmap and map anew", one, [look(3)], [unmap(3, 1), map(3, 9)]),
  entry(
    "suite",
    "translate, unmap of a plain page, map anew",
    plain,
    [look(3)],
    [unmap(3, 1), map(3, 9)],
  ),
  entry("suite", "two cursors that overlap", two, [mapAll([4, 516], 1)], [mapAll([4, 516], 2)]),
  entry("long", "a cursor above another", two, [mapAll([4, 516], 1)], [map(516, 2)]),
  entry("suite", "cleanUp, translate", bare, [clean(0, ALL)], [look(3)]),
  entry("long", "cleanUp, map", bare, [clean(0, ALL)], [map(4, 1)]),
  entry("long", "query, unmap of all around it", one, [query(3)], [unmap(0, ALL)]),
  entry("long", "map, unmap of all around it", one, [map(4, 1)], [unmap(0, ALL)]),
  entry("long", "unmap of all, unmap of all", two, [unmap(0, ALL)], [unmap(0, ALL)]),
  entry("long", "translate, take, translate", one, [look(3)], [take(0, ALL)], [look(3)]),
  // Where a table is freed, and made anew at once for another page, while others walk.
  entry(
    "long",
    "tracked: translate, unmap of all and map elsewhere",
    held,
    [look(3)],
    [unmap(0, ALL), map(515, 99)],
  ),
  entry("long", "map after map, map: one table", one, [map(4, 1), map(5, 1)], [map(6, 2)]),
  entry("long", "translate, unmap of all, collect", one, [look(3)], [unmap(0, ALL), collect]),
  entry("suite", "translate, map of what nobody may use", riscv, [look(4)], [map(4, 1, NONE)]),
  entry("suite", "translate, map of pages in a row", one, [look(5)], [mapRow(4, twice(RW))]),
  entry(
    "long",
    "translate, map in a row of what nobody may use",
    riscv,
    [look(5)],
    [mapRow(4, twice(NONE))],
  ),
  entry("long", "open, map: the table is missing", empty, [open(4)], [map(5, 2)]),
  entry(
    "long",
    "translate, map of a huge page in a table's place",
    bare,
    [look(5)],
    [mapHuge(0, 512)],
  ),
  entry(
    "long",
    "translate, cleanUp of one table and of another",
    { mapped: [], emptied: [3, 515] },
    [look(515)],
    [clean(0, 512), clean(512, 512)],
  ),
  // Agents that have two cursors.
  entry(
    "suite",
    "two cursors each, in two orders",
    two,
    [mapBeside(4, 516, 1, 1)],
    [mapBeside(517, 5, 1, 2)],
  ),
  entry(
    "suite",
    "map, a second cursor that is refused half-way",
    three,
    [map(4, 1)],
    [mapBeside(1028, 5, 512, 2)],
  ),
  // One agent: mistakes that need no other.
  entry("suite", "alone: map in a row", one, [
    mapRow(4, [
      [1, RW],
      [2, RW],
      [3, RWX],
      [2 ** 32 + 4, RWX],
    ]),
    look(3),
    look(7),
  ]),
  entry("suite", "alone: map in a row up to what is mapped", plain, [
    mapRow(1, [...twice(RWX), [9, RWX]]),
  ]),
  entry("suite", "alone: map in a row up to what nobody may use", closed, [
    mapRow(1, [...twice(RW), [9, RW]]),
  ]),
  entry("suite", "alone: unmap in a row", { mapped: [3, 4, 6, 7] }, [unmapRow(3, 4)]),
  entry("suite", "alone: unmap of plain pages in a row", { mapped: [3, 4, 5], prop: RWX }, [
    unmapRow(3, 2),
  ]),
  entry("long", "alone: unmap of items in a row", { ...held, mapped: [3, 4] }, [unmapRow(3, 2)]),
  entry("long", "alone: fork", few({ ...held, mapped: [3, 4] }), [forkAndLook(3, 4)]),
  entry("long", "alone: three levels: take, map where it was", deep, [takeAndMap(HALF, 4, 1)]),
  entry("long", "alone: three levels: take of all", deep, [take(0, DEEP, HALF)]),
  entry(
    "long",
    "alone: three levels: unmap of items behind nothing",
    few({ ...deepHeld, mapped: [515] }),
    [unmap(0, DEEP), map(HALF + 3, 99)],
  ),
  entry("long", "translate, unmap of what nobody may use", closed, [look(3)], [unmap(3, 1)]),
  // Three levels.
  entry(
    "long",
    "three levels: two cursors, one at the root",
    deepFar,
    [mapIn(HALF - 1, 7, HALF + 4, 1)],
    [map(HALF + 5, 2)],
  ),
  entry(
    "long",
    "three levels: two cursors, one at the root, a table missing",
    deepFar,
    [mapIn(HALF - 1, 518, HALF + 4, 1)],
    [map(HALF + 516, 2)],
  ),
  entry("long", "three levels: translate, unmap of all", deep, [look(3)], [unmap(0, DEEP)]),
  entry("long", "three levels: query, take of all", deep, [query(3)], [take(0, DEEP, HALF)]),
  entry("long", "three levels: map, unmap of all", deep, [map(4, 1)], [unmap(0, DEEP)]),
  entry("long", "three levels: cleanUp, map", few(deepBare), [clean(0, DEEP)], [map(4, 1)]),
  entry("long", "three levels: cleanUp, translate", few(deepBare), [clean(0, DEEP)], [look(3)]),
  entry("long", "three levels: map, map of a missing table", deepBare, [map(4, 1)], [map(516, 2)]),
  entry("long", "three levels: two cursors, one above", deep, [mapAll([4, 516], 1)], [map(516, 2)]),
  entry(
    "long",
    "three levels: translate, map by a wide cursor",
    deepEmpty,
    [look(DEEP / 2 + 4)],
    [mapLast(DEEP / 2 + 4, 1)],
  ),
  entry(
    "long",
    "three levels: translate, map of two missing tables",
    deepEmpty,
    [look(4)],
    [mapAll([4, 516], 1)],
  ),
  entry(
    "long",
    "three levels: translate, map where nothing is",
    deepEmpty,
    [look(516)],
    [map(516, 1)],
  ),
  // Huge pages.
  entry("long", "translate, split of the huge page", huge, [look(5)], [unmap(3, 1)]),
  entry("long", "query, split of the huge page", huge, [query(5)], [makeExecutable(3)]),
  // Tracked items.
  entry("long", "tracked: queryFrame, unmap", held, [holdItem(3)], [unmap(3, 1)]),
  entry("long", "tracked: queryFrame, unmap of all", held, [holdItem(3)], [unmap(0, ALL)]),
  entry("long", "tracked: take, take", held, [takeItem(3)], [takeItem(3)]),
  entry("long", "tracked: map, map: one page", held, [mapItem(4)], [mapItem(4)]),
  entry("long", "tracked: map, unmap of all", held, [mapItem(4)], [unmap(0, ALL)]),
  entry("long", "tracked: fork, unmap", held, [forkAndLook(3)], [unmap(3, 1)]),
  entry("long", "tracked: fork, map", held, [forkAndLook(3, 4)], [mapItem(4)]),
  entry(
    "long",
    "tracked, three levels: queryFrame, unmap of all",
    deepHeld,
    [holdItem(3)],
    [unmap(0, DEEP)],
  ),
  // A processor marks an entry while a cursor changes it: one word of it, and both.
  entry("suite", "tracked: write, protect of a word", plainMarked, [write(3)], [protectMarked(3)]),
  entry("long", "tracked: write, protect of both words", marked, [write(3)], [protectMarked(3)]),
  entry("suite", "tracked: write, take of a plain item", plainMarked, [write(3)], [takeMarked(3)]),
  entry("long", "tracked: write, take of an item", marked, [write(3)], [takeMarked(3)]),
  reaping(
    "suite",
    "reap of one that drops a table",
    [208, 216], // the last handle on the child's root is being dropped; then the table that it leads to
    known(few(held)),
    [forkAndLook(3)],
    [],
  ),
  reaping("suite", "reap, map", [30], one, [map(4, 1)], [look(3)]),
  reaping("long", "reap of a mapper that has the lock, map", [22], one, [map(4, 1)], [map(5, 2)]),
  reaping(
    "long",
    "reap of a mapper that has the lock, beside a map",
    [22],
    few(one),
    [map(4, 1)],
    [map(5, 2)],
  ),
  reaping(
    "long",
    "reap of a mapper, beside a map in another table",
    [22],
    few(two),
    [map(4, 1)],
    [map(516, 2)],
  ),
  // Deaths at one access: what reap does itself, beside one that lives.
  reaping(
    "suite",
    "reap of who has nothing, beside a map of a huge page",
    [0],
    few(one),
    [map(4, 1)],
    [mapHuge(512, 512)],
  ),
  reaping(
    "long",
    "reap of who has nothing, beside a fork",
    [0],
    few(held),
    [map(4, 1)],
    [forkAndLook(3)],
  ),
  reaping(
    "suite",
    "reap of a mapper between two words, beside a translate",
    [22], // the upper word is written
    few(one),
    [map(4, 1)],
    [look(4)],
  ),
  reaping(
    "suite",
    "reap in the middle of a change, beside a translate",
    [35], // the version is odd, and the lower word 0
    few(one),
    [makeExecutable(3)],
    [look(3)],
  ),
  reaping(
    "long",
    "reap in the middle of a stray table, beside a translate",
    [71], // its entry is half-cleared
    few(held),
    [unmap(0, ALL)],
    [look(3)],
  ),
  // The child's root is made, and in no table.
  reaping("suite", "reap in the middle of a fork", [31], few(held), [forkAndLook(3)], []),
  // Deaths at every access, beside one that lives.
  reaping(
    "long",
    "reap at each access, beside a map: map of a missing table",
    "all",
    few(empty),
    [map(4, 1)],
    [map(5, 2)],
  ),
  reaping(
    "long",
    "reap at each access, beside a maker of tables: map",
    "all",
    few(apart),
    [map(1028, 1)],
    [mapAll([4, 516], 2)],
  ),
  reaping(
    "long",
    "reap at each access, beside a translate: unmap of all",
    "all",
    few(one),
    [unmap(0, ALL)],
    [look(3)],
  ),
  reaping(
    "long",
    "reap at each access, beside a query: protect",
    "all",
    few(one),
    [makeExecutable(3)],
    [query(3)],
  ),
  reaping(
    "long",
    "reap at each access, beside a translate: protect",
    "all",
    few(one),
    [makeExecutable(3)],
    [look(3)],
  ),
  reaping(
    "long",
    "reap at each access, beside a translate: map",
    "all",
    few(one),
    [map(4, 1)],
    [look(4)],
  ),
  // And alone, where there is more to see.
  reaping("long", "reap at each access: protect", "all", few(one), [makeExecutable(3)], []),
  reaping(
    "long",
    "reap at each access: map of a missing table",
    "all",
    few(empty),
    [map(4, 1)],
    [],
  ),
  reaping(
    "long",
    "reap at each access: map of a huge page in a table's place",
    "all",
    few(bare),
    [mapHuge(0, 512)],
    [],
  ),
  reaping(
    "long",
    "reap at each access: three levels, map by a wide cursor",
    "all",
    few(deepEmpty),
    [mapLast(HALF + 4, 1)],
    [],
  ),
  reaping("long", "reap at each access: hide", "all", few(riscv), [hide(3)], []),
  reaping("long", "reap at each access: unmap of all", "all", few(two), [unmap(0, ALL)], []),
  reaping("long", "reap at each access: map of an item", "all", few(held), [mapItem(4)], []),
  reaping("long", "reap at each access: unmap of all items", "all", few(held), [unmap(0, ALL)], []),
  reaping("long", "reap at each access: queryFrame", "all", few(held), [holdItem(3)], []),
  // The table that it has made is a handle of the dead, of which nobody but the ledger knows.
  reaping(
    "long",
    "reap at each access, with a ledger: fork",
    "all",
    known(few(held)),
    [forkAndLook(3)],
    [],
  ),
  reaping(
    "long",
    "reap at each access: three levels, map of missing tables",
    "all",
    few(deepEmpty),
    [map(4, 1)],
    [],
  ),
  reaping(
    "long",
    "reap at each access: three levels, unmap of all",
    "all",
    few(deep),
    [unmap(0, DEEP)],
    [],
  ),
  reaping(
    "long",
    "reap at each access: three levels, cleanUp",
    "all",
    few(deepBare),
    [clean(0, DEEP)],
    [],
  ),
  reaping(
    "long",
    "reap at each access, with a ledger: take of an item",
    "all",
    known(few(held)),
    [takeItem(3)],
    [],
  ),
  reaping(
    "long",
    "reap at each access, with a ledger: map of an item",
    "all",
    known(few(held)),
    [mapItem(4)],
    [],
  ),
  reaping(
    "long",
    "reap at each access, with a ledger: take of all",
    "all",
    known(few(held)),
    [take(0, ALL)],
    [],
  ),
];
