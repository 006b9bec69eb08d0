/**
 * What an instance has besides memories: its mutable globals and its tables, as far as it exports them.
 *
 * Numbers are kept as they are. Of references the identity is kept, which is enough to put the same instance back; for another
 * instance a function must be known by the name that it is exported by, or by the place in a table where every new instance
 * has its own.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import { EXPOSED_PREFIX } from "./exposed-prefix.js";
import {
  type GlobalTarget,
  type InstanceTarget,
  indexOf,
  isGlobal,
  isInstance,
  isMemory,
  isTable,
  type MemoryTarget,
  requireTarget,
  type TableTarget,
} from "./targets.js";

/** The exports that have state, by name. An object that is exported by several names comes once, by the first. */
export interface Parts {
  readonly memories: ReadonlyMap<string, MemoryTarget>;
  readonly globals: ReadonlyMap<string, GlobalTarget>;
  readonly tables: ReadonlyMap<string, TableTarget>;
}

/** A value that is not the same in another instance. */
export type Origin =
  | { readonly kind: "export"; readonly name: string }
  | { readonly kind: "table"; readonly name: string; readonly index: number };

/** A value of the instance, and where another instance has its like; undefined when nobody knows. */
export interface Kept {
  readonly value: unknown;
  readonly origin: Origin | undefined;
}

/** Globals and tables as they were. */
export interface InstanceState {
  readonly globals: ReadonlyMap<string, Kept>;
  readonly tables: ReadonlyMap<string, readonly Kept[]>;
}

const EMPTY: Parts = { memories: new Map(), globals: new Map(), tables: new Map() };

const global = (name: string): string => `global ${JSON.stringify(name)}`;
const element = (name: string, index: number): string =>
  `element ${index} of table ${JSON.stringify(name)}`;

/** @throws {@link RegionError} `state-out-of-reach` for a global that JavaScript cannot read */
export function partsOf(target: MemoryTarget | InstanceTarget): Parts {
  if (isMemory(target)) return { ...EMPTY, memories: new Map([["", target]]) };
  const memories = new Map<string, MemoryTarget>();
  const globals = new Map<string, GlobalTarget>();
  const tables = new Map<string, TableTarget>();
  const seen = new Set<unknown>();
  for (const [name, value] of Object.entries((target as InstanceTarget).exports)) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (isMemory(value)) memories.set(name, value);
    else if (isTable(value)) tables.set(name, value);
    else if (isGlobal(value) && isMutable(name, value)) globals.set(name, value);
  }
  return { memories, globals, tables };
}

/**
 * Proves that something of the target's memory is reached. What an instance does not export nobody sees, so one that exports no memory
 * must be known to have none: `exposeState` would have exported it. An object that was made with the exports, or a guest, says so itself.
 *
 * @throws {@link RegionError} `state-out-of-reach`
 */
export function requireReach(target: MemoryTarget | InstanceTarget, { memories }: Parts): void {
  if (memories.size > 0 || !isInstance(target)) return;
  const names = Object.keys((target as InstanceTarget).exports);
  if (names.some((name) => name.startsWith(EXPOSED_PREFIX))) return;
  const reason =
    "the instance exports none; compile its module from what exposeState of @memkit/mmap-region/expose-state returns, or give " +
    "the memory itself; if the program has none, give { exports: instance.exports }";
  throw new RegionError({ code: "state-out-of-reach", what: "the memory", reason });
}

/** Only mutable globals take a value, even their own. */
function isMutable(name: string, target: GlobalTarget): boolean {
  let value: unknown;
  try {
    value = target.value;
  } catch (cause) {
    const reason = "JavaScript cannot see values of its type (v128 and the like)";
    throw new RegionError({ code: "state-out-of-reach", what: global(name), reason }, { cause });
  }
  try {
    target.value = value;
    return true;
  } catch {
    return false; // the TypeError is the answer
  }
}

/** Where each function of an instance is found in every instance of its module. */
type Origins = Map<unknown, Origin>;

/** What is known of an instance that was tracked. */
interface Tracked {
  readonly origins: Origins;
  /** By table, what each element was; only functions that are not exported. */
  readonly functions: ReadonlyMap<string, readonly unknown[]>;
}

const tracked: WeakMap<object, Tracked> = new WeakMap();

/**
 * Notes which functions an instance's exported tables hold when it is new. Images of it can then be given to other instances of
 * the module, also where a table holds functions that are not exported. To be called before anything of the instance is.
 *
 * @throws {@link RegionError} `invalid-argument`, `state-out-of-reach`
 */
export function track(instance: InstanceTarget): void {
  trackParts(instance, partsOf(requireTarget(instance)));
}

/** {@link track} for who has looked at the exports already, which takes longer than anything else of it. */
export function trackParts(instance: InstanceTarget, parts: Parts): void {
  const origins = exportedBy(instance);
  const functions = new Map<string, unknown[]>();
  for (const [name, table] of parts.tables) {
    const own: unknown[] = [];
    for (const [index, value] of elementsOf(name, table).entries()) {
      if (typeof value !== "function" || origins.has(value)) continue;
      origins.set(value, { kind: "table", name, index });
      own[index] = value;
    }
    functions.set(name, own);
  }
  tracked.set(instance, { origins, functions });
}

/** @throws {@link RegionError} `state-out-of-reach` for a table that JavaScript cannot read */
function elementsOf(name: string, table: TableTarget): unknown[] {
  try {
    return Array.from({ length: Number(table.length) }, (_, index) =>
      table.get(indexOf(table, index)),
    );
  } catch (cause) {
    const reason = "JavaScript cannot see elements of its type (exnref and the like)";
    const what = `table ${JSON.stringify(name)}`;
    throw new RegionError({ code: "state-out-of-reach", what, reason }, { cause });
  }
}

function exportedBy(target: MemoryTarget | InstanceTarget): Origins {
  const known: Origins = new Map();
  if (isMemory(target)) return known;
  for (const [name, value] of Object.entries((target as InstanceTarget).exports)) {
    if (typeof value === "function" && !known.has(value))
      known.set(value, { kind: "export", name });
  }
  return known;
}

/** Reads globals and tables. */
export function captureState(target: MemoryTarget | InstanceTarget, parts: Parts): InstanceState {
  const known = tracked.get(target)?.origins ?? exportedBy(target);
  const keep = (value: unknown): Kept => ({ value, origin: known.get(value) });
  const globals = new Map([...parts.globals].map(([name, { value }]) => [name, keep(value)]));
  const tables = new Map(
    [...parts.tables].map(([name, table]) => [name, elementsOf(name, table).map(keep)]),
  );
  return { globals, tables };
}

/** The target's own function that is found there. */
function located(target: InstanceTarget, origin: Origin): unknown {
  if (origin.kind === "export") return target.exports[origin.name];
  return tracked.get(target)?.functions.get(origin.name)?.[origin.index];
}

/**
 * The state with the target's own functions in the places of those of the instance that the state was taken of: a function of
 * that one would run on that one's memory.
 *
 * @throws {@link RegionError} `state-out-of-reach` for a function of which nobody knows what the target has for it
 */
export function translateState(state: InstanceState, target: InstanceTarget): InstanceState {
  const translate = (kept: Kept, what: () => string): Kept => {
    const { value, origin } = kept;
    if (typeof value !== "function") return kept;
    const own = origin && located(target, origin);
    if (typeof own === "function") return { value: own, origin };
    const reason = "its function is neither exported nor known of both instances (track)";
    throw new RegionError({ code: "state-out-of-reach", what: what(), reason });
  };
  const globals = new Map(
    [...state.globals].map(([name, kept]) => [name, translate(kept, () => global(name))]),
  );
  const tables = new Map(
    [...state.tables].map(([name, table]) => [
      name,
      table.map((kept, index) => translate(kept, () => element(name, index))),
    ]),
  );
  return { globals, tables };
}
