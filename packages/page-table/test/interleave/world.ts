/**
 * What the scenarios have in common: a small table in shared memory, agents that work on it, and what their operations mean.
 *
 * The classes come in as an argument, so that the same scenarios run against mutants of them.
 *
 * @module
 */

import { PhysicalMemory, struct } from "@memkit/core";
import { defineFrameMeta, FrameTable } from "@memkit/frame-meta";
import { allocFrame, type FrameAllocator } from "@memkit/frame-meta/alloc";
import { FrameLedger } from "@memkit/frame-meta/model";
import type { Operation, Scenario } from "@memkit/interleave";
import * as forking from "@memkit/page-table/fork";
import {
  defineFormat,
  EXECUTE,
  type PteFormat,
  pageProperty,
  pageTableConfig,
  READ,
  riscvFormat,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import * as model from "@memkit/page-table/model";
import * as sharing from "@memkit/page-table/shared";
import type { PageTable, PageTableConfig } from "@memkit/page-table/table";
import * as shippedTable from "@memkit/page-table/table";
import {
  ACCESS,
  contents,
  countsAreMappings,
  ENTRIES,
  entriesOf,
  nodesAreSomewhere,
  nodesHold,
  type Pages,
  straysAreKnown,
  TOP,
  versionsAreEven,
  wordsFit,
} from "./look.js";

/** The code under test. */
export type Lib = typeof shippedTable & typeof forking & typeof model & typeof sharing;
export const shipped: Lib = { ...shippedTable, ...forking, ...model, ...sharing };

/** A format with so many levels: the protocol is the same at each, and a walk shorter. */
function few(of: PteFormat, levels: number, items: PageTableConfig["items"]): PageTableConfig {
  const { paging } = of;
  const name = `${of.name} of ${levels} levels`;
  const vaBits = 12 + 9 * levels;
  const format = defineFormat({
    ...of,
    name,
    paging: { ...paging, name, levels, vaBits, highestTranslationLevel: 2 },
  });
  // The first entries of the root: who looks at all of them is done soon.
  const topLevelIndexRange = [0, TOP - 1] as const;
  return pageTableConfig({ ...userConfig(format, items), name: "few", topLevelIndexRange });
}

const x86 = x86Format();
const configs = {
  "x86-64": few(x86, 2, "untracked"),
  "x86-64, three levels": few(x86, 3, "untracked"),
  "x86-64, tracked": few(x86, 2, "tracked"),
  "x86-64, tracked, three levels": few(x86, 3, "tracked"),
  "RISC-V": few(riscvFormat({ sv: 39 }), 2, "untracked"),
} as const;

/** What nobody may use. */
export const NONE: number = pageProperty(0);
export const RW: number = pageProperty(READ | WRITE | USER);
export const RWX: number = pageProperty(READ | WRITE | EXECUTE | USER);

/** What tracked pages are made of. */
export const item = defineFrameMeta({ name: "item", layout: struct(), isUntyped: true });

const FRAMES = 15;
/** Frames that the table is made of at the start; each agent has {@link SPARE} behind them for its own. */
const FIRST_SPARE = 6;
const SPARE = 3;

export interface Shared {
  readonly table: PageTable;
  readonly buffer: SharedArrayBuffer;
  readonly ram: SharedArrayBuffer;
  /** The words of the ledger, if there is one. */
  readonly ledger: SharedArrayBuffer | undefined;
}
export interface Agent {
  readonly lib: Lib;
  readonly table: PageTable;
}
interface Model {
  readonly pages: Pages;
}
export type Op = Operation<Agent, Model>;
export type TableScenario = Scenario<Shared, Agent, Model>;

/** Hands out frames of one agent, which nobody else has: what allocators do to each other is explored in frame-meta. */
class OwnFrames implements FrameAllocator {
  private readonly free: number[];

  constructor(first: number, count: number) {
    this.free = Array.from({ length: count }, (_, i) => first + i);
  }

  alloc(): number {
    return this.free.pop() ?? -1;
  }

  takeAt(): boolean {
    return false;
  }

  add(pfn: number): void {
    this.free.push(pfn);
  }
}

function framesOf(
  world: World,
  shared: Pick<Shared, "buffer" | "ram" | "ledger"> | undefined,
  agent: number,
  agents: number,
) {
  const ram = shared?.ram ?? new SharedArrayBuffer(FRAMES * 4096);
  const memory = new PhysicalMemory({ buffer: ram });
  const buffer = shared?.ledger;
  const ledger =
    world.ledger === true
      ? new FrameLedger({ frames: FRAMES, agents, agent, ...(buffer && { buffer }) })
      : undefined;
  const own = { agent, ...(ledger && { ledger }) };
  const frames =
    shared === undefined
      ? FrameTable.create({ memory, mode: "shared", types: 2, agents, transits: 1 }, own)
      : FrameTable.attach({ memory, buffer: shared.buffer }, own);
  const creator = shared === undefined;
  frames.use(
    new OwnFrames(
      creator ? 0 : FIRST_SPARE + agent * SPARE,
      creator ? FIRST_SPARE : SPARE,
    ) as FrameAllocator,
  );
  // Frames are zero when they are free: a table that goes is cleared entry by entry. 512 writes more would show nothing.
  const { views } = memory.banks[0]!;
  views.refresh();
  const nothing = { fill: () => nothing } as unknown as BigUint64Array;
  frames.wide = { u8: views.liveU8, u64: nothing };
  return { frames, ram, ledger: ledger?.buffer as SharedArrayBuffer | undefined };
}

/** How a scenario starts. */
export interface World {
  readonly config?: keyof typeof configs;
  /** Pages that are mapped, each to the frame 100 + its number, or to an item. */
  readonly mapped: readonly number[];
  /** What may be done with them. RW if not given. */
  readonly prop?: number;
  /** Pages that have a table, in which nothing is mapped. */
  readonly emptied?: readonly number[];
  /** Page 0 is the first of a huge one, of frame 512 on. */
  readonly huge?: boolean;
  /** Whether agents tell a ledger what they hold. */
  readonly ledger?: boolean;
  /** Nodes have a few entries and no more, for who looks at all of them. */
  readonly narrow?: boolean;
  /** A processor marks entries, which cursors read plainly before they exchange them (PT-59). */
  readonly marked?: boolean;
}

/** Nobody looks at what scenarios do not use. */
function narrowed({ store }: PageTable): void {
  Object.assign(store, {
    endEntry: (level: number): number => (level === store.levels ? TOP : ENTRIES),
  });
}

function setUp(lib: Lib, world: World, agents: number): Shared {
  const { config = "x86-64", mapped, emptied = [], prop = RW, huge = false } = world;
  const { frames, ram, ledger } = framesOf(world, undefined, agents - 1, agents);
  const { slots } = frames;
  // Frames have been something else before: where a node has its version is anything.
  for (let slot = 0; slot < slots.frames; slot += 1) slots.words[slots.wordOf(slot, 2)] = 1;
  lib.shareTables(frames);
  const table = lib.PageTable.create(frames, configs[config]);
  if (world.narrow === true) narrowed(table);
  for (const page of mapped) {
    if (table.config.items === "untracked") table.mapRange(page * 4096, 1, 100 + page, prop);
    else {
      const cursor = table.cursorMut(page * 4096, 1);
      cursor.map(allocFrame(frames, item, {}), prop);
      cursor.close();
    }
  }
  for (const page of emptied) {
    table.mapRange(page * 4096, 1, 1, RW);
    table.unmapRange(page * 4096, 1);
  }
  if (huge) table.mapRange(0, 512, 512, prop);
  frames.agent?.leave();
  return { table, buffer: frames.buffer as SharedArrayBuffer, ram, ledger };
}

function initial(world: World): Model {
  const { mapped, prop = RW, huge = false, config = "x86-64" } = world;
  const access = prop & ACCESS;
  const tracked = config.includes("tracked");
  const pages: Record<number, readonly [number, number]> = {};
  // Items are the frames that are left when the tables have been made, from the last one on.
  mapped.forEach((page, i) => {
    pages[page] = [tracked ? itemOf(config, i) : 100 + page, access];
  });
  for (let i = 0; huge && i < ENTRIES; i += 1) pages[i] = [512 + i, access];
  return { pages };
}

/** The frame of the first item: the root has the last frame, then come the tables for its page, which are made first. */
const itemOf = (config: string, i: number): number =>
  FIRST_SPARE - (config.includes("three") ? 4 : 3) - i;

/**
 * What each page may be mapped to: what it was, and what the operations make of it, in any order and as far as they come.
 *
 * @returns `must`: what it is in all of them
 */
export function possible(
  world: World,
  threads: readonly (readonly Op[])[],
): { readonly may: ReadonlySet<string>; readonly must: ReadonlySet<string> } {
  const begin = initial(world);
  const may = new Set(entriesOf(begin.pages));
  const must = new Set(may);
  const goOn = (from: Model, rest: readonly (readonly Op[])[]): void => {
    for (const [thread, [op, ...others]] of rest.entries()) {
      if (op === undefined) continue;
      const state = structuredClone(from);
      try {
        op.model?.(state, {});
      } catch {
        // Refused: what it has done before that, it has done.
      }
      const now = new Set(entriesOf(state.pages));
      for (const entry of now) may.add(entry);
      for (const entry of must) if (!now.has(entry)) must.delete(entry);
      goOn(state, rest.with(thread, others));
    }
  };
  goOn(begin, threads);
  return { may, must };
}

/** A table that begins as `world` says, and what its threads do. */
export function scenarioOf(
  lib: Lib,
  world: World,
  threads: readonly (readonly Op[])[],
): TableScenario {
  const agents = threads.length + 1;
  const { config = "x86-64", narrow = false, marked = false } = world;
  const { may } = possible(world, threads);
  return {
    setup: () => setUp(lib, world, agents),
    attach: (shared, thread) => {
      const { frames } = framesOf(world, shared, thread, agents);
      lib.shareTables(frames);
      const table = lib.attachTable(frames, configs[config], shared.table.rootPfn);
      if (narrow) narrowed(table);
      frames.bind(item);
      return { lib, table };
    },
    threads,
    model: {
      initial: () => initial(world),
      observe: ({ table }) => ({ pages: contents(table) }),
    },
    invariants: {
      "PT-30 PT-33": ({ table }) => nodesHold(table),
      // Frames of items are not known beforehand.
      ...(!config.includes("tracked") && { "PT-56": ({ table }) => wordsFit(table, may) }),
    },
    atEnd: {
      checkInvariants: ({ table }) =>
        lib
          .checkInvariants(table)
          .map(({ id, what }) => `${id}: ${what}`)
          .join("; ") || undefined,
      "PT-52 PT-55": ({ table }) => nodesAreSomewhere(table),
      "PT-55": ({ table }, outcomes) => straysAreKnown(table, outcomes),
      "PT-56": ({ table }) => versionsAreEven(table),
      ...(config.includes("tracked") && { "PT-31": ({ table }) => countsAreMappings(table) }),
    },
    limits: { steps: 4000 },
    racyReads: marked,
  };
}

/** Thrown by models, as the shipped code throws its errors. */
export function refuse(code: string): never {
  throw Object.assign(new Error(code), { code });
}
