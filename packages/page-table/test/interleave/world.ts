/**
 * What the scenarios have in common: a small table in shared memory, agents that work on it, and what their operations mean.
 *
 * The classes come in as an argument, so that the same scenarios run against mutants of them.
 *
 * @module
 */

import { PhysicalMemory } from "@memkit/core";
import { FrameTable } from "@memkit/frame-meta";
import type { FrameAllocator } from "@memkit/frame-meta/alloc";
import type { Operation, Scenario } from "@memkit/interleave";
import {
  defineFormat,
  EXECUTE,
  pageProperty,
  READ,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import * as model from "@memkit/page-table/model";
import * as shippedTable from "@memkit/page-table/table";
import { type PageTable, pageTableConfig } from "@memkit/page-table/table";

/** The code under test. */
export type Lib = typeof shippedTable & typeof model;
export const shipped: Lib = { ...shippedTable, ...model };

/** x86-64 with so many levels: the protocol is the same at each, and a walk shorter. */
const formatOf = (levels: number) => {
  const x86 = x86Format();
  const name = `x86-64 of ${levels} levels`;
  const paging = {
    ...x86.paging,
    name,
    levels,
    vaBits: 12 + 9 * levels,
    highestTranslationLevel: 2,
  };
  return defineFormat({ ...x86, name, paging });
};
/** The first entries of the root: who looks at all of them is done soon. */
const configs = [2, 3].map((levels) =>
  pageTableConfig({
    ...userConfig(formatOf(levels), "untracked"),
    name: "few",
    topLevelIndexRange: [0, 3],
  }),
);
const configOf = (levels: number) => configs[levels - 2]!;

export const RW: number = pageProperty(READ | WRITE | USER);

const FRAMES = 12;
/** Frames that the table is made of at the start; each agent has {@link SPARE} behind them for its own. */
const FIRST_SPARE = 6;
const SPARE = 2;

export interface Shared {
  readonly table: PageTable;
  readonly buffer: SharedArrayBuffer;
  readonly ram: SharedArrayBuffer;
}
export interface Agent {
  readonly table: PageTable;
}
/** By page: the frame it is mapped to, and whether it may be executed. */
interface Model {
  readonly pages: Record<number, readonly [pfn: number, executable: boolean]>;
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
  shared: Pick<Shared, "buffer" | "ram"> | undefined,
  agent: number,
  agents: number,
) {
  const ram = shared?.ram ?? new SharedArrayBuffer(FRAMES * 4096);
  const memory = new PhysicalMemory({ buffer: ram });
  const frames =
    shared === undefined
      ? FrameTable.create({ memory, mode: "shared", types: 1, agents, transits: 1 }, { agent })
      : FrameTable.attach({ memory, buffer: shared.buffer }, { agent });
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
  return { frames, ram };
}

/** How a scenario starts. */
export interface World {
  readonly levels?: number;
  /** Pages that are mapped, each to the frame 100 + its number. */
  readonly mapped: readonly number[];
  /** Pages that have a table, in which nothing is mapped. */
  readonly emptied?: readonly number[];
}

/** A table that begins as `world` says, and what its threads do. */
export function scenarioOf(
  lib: Lib,
  { levels = 2, mapped, emptied = [] }: World,
  threads: readonly (readonly Op[])[],
): TableScenario {
  const agents = threads.length + 1;
  return {
    setup: () => {
      const { frames, ram } = framesOf(undefined, agents - 1, agents);
      const table = lib.PageTable.create(frames, configOf(levels));
      for (const page of mapped) table.mapRange(page * 4096, 1, 100 + page, RW);
      for (const page of emptied) {
        table.mapRange(page * 4096, 1, 1, RW);
        table.unmapRange(page * 4096, 1);
      }
      frames.agent?.leave();
      return { table, buffer: frames.buffer as SharedArrayBuffer, ram };
    },
    attach: (shared, thread) => {
      const { frames } = framesOf(shared, thread, agents);
      return { table: lib.PageTable.attach(frames, configOf(levels), shared.table.rootPfn) };
    },
    threads,
    model: {
      initial: () => ({
        pages: Object.fromEntries(mapped.map((page) => [page, [100 + page, false] as const])),
      }),
      observe: ({ table }) => ({ pages: contents(table) }),
    },
    invariants: { "PT-30 PT-33": nodesHold },
    atEnd: {
      checkInvariants: ({ table }) =>
        lib
          .checkInvariants(table)
          .map(({ id, what }) => `${id}: ${what}`)
          .join("; ") || undefined,
      "PT-52 PT-55": nothingLost,
    },
    limits: { steps: 1500 },
  };
}

const USAGE_WORD = 11;

interface Node {
  readonly pfn: number;
  readonly level: number;
  readonly page: number;
}

/** The nodes of the table, from the root on, and its leaves, read as bytes. */
function look({ store, rootPfn, frames }: PageTable) {
  const { coder, memory } = store;
  const nodes: Node[] = [{ pfn: rootPfn, level: store.levels, page: 0 }];
  const leaves: { readonly page: number; readonly lo: number; readonly hi: number }[] = [];
  const wrong: string[] = [];
  for (const { pfn, level, page } of nodes) {
    const meta = frames.slots.wordOf(pfn, 0);
    const usage = frames.slots.words[meta + USAGE_WORD];
    const word = frames.slots.words[meta]!;
    if (usage !== usageOfRoot({ frames, rootPfn }) || word >>> 24 !== level) {
      wrong.push(`an entry leads to frame ${pfn}, which is no table of level ${level}`);
      continue;
    }
    if ((word & 0x1_0000) !== 0) wrong.push(`node ${pfn} is stray, and an entry leads to it`);
    if (frames.slots.countOf(pfn) < 1) wrong.push(`nobody holds node ${pfn}`);
    const words = memory.words;
    for (let i = 0, left = 4; i < 512 && left > 0; i += 1) {
      if (i > 8) break; // scenarios use the first few entries of a node
      const lo = words[pfn * 1024 + 2 * i]!;
      const hi = words[pfn * 1024 + 2 * i + 1]!;
      const at = page + i * 512 ** (level - 1);
      const kind = coder.kind(lo, hi, level);
      if (kind === 0) continue;
      left -= 1;
      if (kind === 1) leaves.push({ page: at, lo, hi });
      else nodes.push({ pfn: coder.childOf(lo, hi), level: level - 1, page: at });
    }
  }
  return { nodes, leaves, wrong };
}

const usageOfRoot = ({ frames, rootPfn }: Pick<PageTable, "frames" | "rootPfn">): number =>
  frames.slots.words[frames.slots.wordOf(rootPfn, USAGE_WORD)]!;

/** PT-30 PT-33: in every state an entry leads to a node that is somebody's, and not stray. */
function nodesHold({ table }: Shared): string | undefined {
  return look(table).wrong.join("; ") || undefined;
}

/** Every node is free, in the table and unlocked, or stray and some agent's to free. */
function nothingLost({ table }: Shared): string | undefined {
  const { slots } = table.frames;
  const inTable = new Set(look(table).nodes.map(({ pfn }) => pfn));
  const usage = usageOfRoot(table);
  for (let pfn = 0; pfn < FRAMES; pfn += 1) {
    if (slots.words[slots.wordOf(pfn, USAGE_WORD)] !== usage) continue;
    const lock = slots.words[slots.wordOf(pfn, 1)]!;
    if (inTable.has(pfn) && lock !== 0) return `node ${pfn} is locked by ${lock}`;
    if (!inTable.has(pfn) && lock >= 0) return `node ${pfn} is in no table, and nobody's`;
  }
  return undefined;
}

function contents(table: PageTable): Model["pages"] {
  const { coder } = table.store;
  const found = look(table).leaves.map(({ page, lo, hi }) => {
    const prop = coder.propertyOf(lo, hi, 1);
    return [page, [coder.frameOf(lo, hi, 1), (prop & EXECUTE) !== 0]] as const;
  });
  return Object.fromEntries(found);
}

/** Thrown by models, as the shipped code throws its errors. */
export function refuse(code: string): never {
  throw Object.assign(new Error(code), { code });
}
