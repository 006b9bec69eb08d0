/**
 * What the scenarios have in common: a table in shared memory, agents with handles, operations on those, and what the
 * operations mean.
 *
 * The classes come in as an argument, so that the same scenarios run against mutants of them.
 *
 * @module
 */

import { atomic, struct, u32 } from "@memkit/core";
import * as main from "@memkit/frame-meta";
import {
  type DropContext,
  defineFrameMeta,
  type Frame,
  type FrameMeta,
  type FrameTable,
  type MetaValue,
  slotTableBytes,
} from "@memkit/frame-meta";
import * as agents from "@memkit/frame-meta/agents";
import * as alloc from "@memkit/frame-meta/alloc";
import * as list from "@memkit/frame-meta/list";
import { type LinkMeta, linkMeta } from "@memkit/frame-meta/list";
import type { UniqueFrame } from "@memkit/frame-meta/unique";
import * as unique from "@memkit/frame-meta/unique";
import type { Limits, Model, Operation, Outcome, Scenario } from "@memkit/interleave";
import { twinTableKernel } from "../support/kernel.js";
import { placesHold } from "./allocator.js";
import { allHolds, COUNT_WORD, LIST_WORD, slotsHold } from "./look.js";

/** The code under test. */
export type Lib = typeof main & typeof unique & typeof list & typeof alloc & typeof agents;
export const shipped: Lib = { ...main, ...unique, ...list, ...alloc, ...agents };

export const PAGE = 4096;
/** Room in the tables, no more than needed: each run of a thread makes them anew. */
export const ROOM = { types: 1, agents: 4, transits: 2 } as const;

/** What is left in the metadata of a frame that has been torn down: whoever sees it came too late. */
const GONE = 0xdead;

const layout = struct(["value", u32], ["touched", atomic(u32)]);
const locked = struct(["lock", atomic(u32)], ["value", u32], ["twice", u32]);
type Dropping = DropContext<typeof layout>;

/** Values of the frames that an agent has torn down, in order. */
const torn = new WeakMap<object, number[]>();

function tearDown({ meta, table }: Dropping): void {
  tornBy(table).push(meta.value);
  meta.value = GONE;
}

function tornBy(table: object): number[] {
  let values = torn.get(table);
  if (values === undefined) {
    values = [];
    torn.set(table, values);
  }
  return values;
}

/** Types of frames. `plain` has no onDrop, so its last drop takes the short way. */
export const types = {
  page: defineFrameMeta({ name: "page", layout, onDrop: tearDown }),
  plain: defineFrameMeta({ name: "plain", layout }),
  /** Refuses its last drop until it is touched. */
  pinned: defineFrameMeta({
    name: "pinned",
    layout,
    onDrop: tearDown,
    onDropPre: ({ meta }) => meta.touched.load() !== 0,
  }),
  /** Fails where it is asked. */
  angry: defineFrameMeta({
    name: "angry",
    layout,
    onDropPre: () => {
      throw new Error("not now");
    },
  }),
  counter: defineFrameMeta({ name: "counter", layout: locked, lock: "lock" }),
  linked: linkMeta(defineFrameMeta({ name: "member", layout, onDrop: tearDown })),
} satisfies Record<string, FrameMeta>;
export type TypeName = keyof typeof types;

/** The metadata of a type with this value. */
export function metadata(type: TypeName, value: number): MetaValue<FrameMeta> {
  if (type === "counter") return { lock: 0, value, twice: 2 * value };
  const inner = { value, touched: 0 };
  return type === "linked" ? { next: 0, prev: 0, inner } : inner;
}

/** Where the value is in a slot, in words. */
export const VALUE_AT: Readonly<Record<TypeName, number>> = {
  page: 0,
  plain: 0,
  pinned: 0,
  angry: 0,
  counter: 1,
  linked: 2,
};

/** A frame before the threads start, or at the end. */
export interface Cell {
  /** As the count word, but a frame that is busy for want of a type is 0 and nothing else is. */
  count: number;
  /** 0 while nobody has it. */
  value: number;
  listed: boolean;
}

/** What one thread is given: handles on frames, by slot. */
export interface Held {
  readonly frames?: readonly number[];
  readonly uniques?: readonly number[];
}

export interface Shared {
  readonly table: FrameTable;
  readonly buffer: SharedArrayBuffer;
  readonly allocator: SharedArrayBuffer | undefined;
  readonly held: readonly { readonly frames: number[]; readonly uniques: number[] }[];
}

export interface Agent {
  readonly lib: Lib;
  readonly table: FrameTable;
  readonly frames: Frame[];
  readonly uniques: UniqueFrame[];
  readonly list: list.LinkedList<LinkMeta>;
}

/** How a scenario starts. */
export interface World {
  /** Frames of the memory. */
  readonly slots: number;
  readonly type: TypeName;
  /** By thread. Each frame named here begins with value 1. */
  readonly held: readonly Held[];
  /** Threads that bind the type before they start; all if not given. */
  readonly binds?: readonly boolean[];
  /** Frames that each cache has room for; no allocator if not given. */
  readonly cache?: number;
  /** Whether the table is one in mode `kernel`. */
  readonly kernel?: boolean;
  /** Where the usual ones are too small. */
  readonly limits?: Limits;
}

export type Op = Operation<Agent, Cell[]>;
type FrameScenario = Scenario<Shared, Agent, Cell[]>;

const memory = (slots: number) => ({ buffer: new ArrayBuffer(slots * PAGE) });

/** A new table: in mode `shared`, or in mode `kernel` with the twin whose accesses can be seen. */
export function createTable(lib: Lib, slots: number, kernel: boolean): FrameTable {
  const options = { memory: memory(slots), ...ROOM };
  if (!kernel) return lib.FrameTable.create({ ...options, mode: "shared" });
  const buffer = new SharedArrayBuffer(slotTableBytes(options));
  return lib.FrameTable.create({ ...options, kernel: twinTableKernel(buffer) });
}

/** The same table in another agent. */
export function attachTable(
  lib: Lib,
  buffer: SharedArrayBuffer,
  slots: number,
  kernel: boolean,
): FrameTable {
  const where = kernel ? { kernel: twinTableKernel(buffer) } : { buffer };
  return lib.FrameTable.attach({ ...where, memory: memory(slots) });
}

/** An allocator whose number is not drawn: the same in every run of a thread. */
export function buddyOf(lib: Lib, table: FrameTable, agents: number, cache: number) {
  const { random } = Math;
  Math.random = () => 0;
  try {
    return lib.createBuddy(table, { agents, cache });
  } finally {
    Math.random = random;
  }
}

/** A scenario on a table that begins as `world` says. */
export function scenarioOf(lib: Lib, world: World, threads: readonly (readonly Op[])[]) {
  const { slots, type, held, binds, cache, kernel = false, limits = {} } = world;
  const meta = types[type] as FrameMeta;
  const setup = (): Shared => {
    const table = createTable(lib, slots, kernel);
    table.bind(meta);
    const given = held.map(({ frames = [], uniques = [] }) => ({
      frames: frames.map((slot) => rawFrame(lib, table, slot, type)),
      uniques: uniques.map((slot) =>
        lib.UniqueFrame.fromUnused(table, slot * PAGE, meta, metadata(type, 1)).intoRaw(),
      ),
    }));
    const agents = held.length + 1;
    const allocator = cache === undefined ? undefined : buddyOf(lib, table, agents, cache);
    return {
      table,
      buffer: table.buffer as SharedArrayBuffer,
      allocator: allocator?.buffer as SharedArrayBuffer | undefined,
      held: given,
    };
  };
  const attach = ({ buffer, allocator, held: given }: Shared, thread: number): Agent => {
    const table = attachTable(lib, buffer, slots, kernel);
    if (allocator !== undefined) lib.attachBuddy(table, { buffer: allocator });
    if (binds?.[thread] !== false) table.bind(meta);
    const { frames = [], uniques = [] } = given[thread] ?? {};
    return {
      lib,
      table,
      frames: frames.map((raw) => lib.Frame.fromRaw(table, raw)),
      uniques: uniques.map((raw) => lib.UniqueFrame.fromRaw(table, raw)),
      list: new lib.LinkedList(table, types.linked as unknown as LinkMeta),
    };
  };
  return {
    setup,
    attach,
    threads,
    limits,
    model: modelOf(world),
    invariants: { "S1, S3-S6, R1-R4, F4": slotsHold },
    atEnd: { checkInvariants: allHolds, "FM-23 FM-27": (shared) => placesHold(shared) },
  } satisfies FrameScenario;
}

/** One more handle on a frame, which is claimed with value 1 where it is nobody's. */
export function rawFrame(lib: Lib, table: FrameTable, slot: number, type: TypeName): number {
  const { words } = table.slots;
  const used = words[table.slots.wordOf(slot, COUNT_WORD)]! > 0;
  const frame = used
    ? lib.Frame.fromInUse(table, slot * PAGE)
    : lib.Frame.fromUnused(table, slot * PAGE, types[type] as FrameMeta, metadata(type, 1));
  return frame.intoRaw();
}

function modelOf({ slots, type, held }: World): Model<Shared, Cell[]> {
  return {
    initial: () => cellsOf(slots, held),
    observe: ({ table }) => observe(table, slots, VALUE_AT[type]),
  };
}

/** The model's slots at the start. */
export function cellsOf(slots: number, held: readonly Held[]): Cell[] {
  const cells = Array.from({ length: slots }, () => unused());
  for (const { frames = [], uniques = [] } of held) {
    for (const slot of frames) {
      cells[slot] = { count: Math.max(0, cells[slot]!.count) + 1, value: 1, listed: false };
    }
    for (const slot of uniques) cells[slot] = { count: -2, value: 1, listed: false };
  }
  return cells;
}

export const unused = (): Cell => ({ count: -1, value: 0, listed: false });

/** What the slots of a table are in the model's terms. */
export function observe({ slots }: FrameTable, frames: number, valueAt: number): Cell[] {
  return Array.from({ length: frames }, (_, slot) => {
    const word = (at: number): number => slots.words[slots.wordOf(slot, at)]!;
    const count = word(COUNT_WORD);
    return { count, value: count === -1 ? 0 : word(valueAt), listed: word(LIST_WORD) !== 0 };
  });
}

/** Thrown by models, as the shipped code throws `FrameError`s. */
export function refuse(code: string): never {
  throw Object.assign(new Error(code), { code });
}

/** Frames are busy in the middle of other operations: that is no state of the model, but an answer that it allows. */
export function mayBeBusy({ threw }: Outcome): void {
  if (threw === "busy") refuse("busy");
}

/** Values of frames torn down since the last call. */
export function tornDown({ table }: Agent): number[] {
  return tornBy(table).splice(0);
}
