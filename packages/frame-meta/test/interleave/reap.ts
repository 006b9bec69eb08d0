/**
 * An agent dies after each of its accesses in turn; another gives back what it held, while a third goes on.
 *
 * The model of `reap`: everything that the dead one held ends, in one step. What it was in the middle of when it died has happened
 * before, or has not, or has left a frame that is neither unused nor anybody's, which becomes unused. Whatever the living are told
 * meanwhile must fit around that; that a frame is busy for a while is no state of the model, but an answer that it allows.
 *
 * Also looked at: that by the ledger nobody holds what the dead held and the living hold what they hold (K1-K3, F1, U1), and
 * that no frame is lost: unused, somebody's, or parked.
 *
 * @module
 */

import type { Frame, FrameMeta, FrameTable } from "@memkit/frame-meta";
import { inTransit } from "@memkit/frame-meta/agents";
import type { LinkMeta } from "@memkit/frame-meta/list";
import { FrameLedger } from "@memkit/frame-meta/model";
import type { UniqueFrame } from "@memkit/frame-meta/unique";
import type { Operation, Outcome, Scenario } from "@memkit/interleave";
import { TRANSIT_WORDS } from "../../src/slot/layout.js";
import { inHand, placesHold } from "./allocator.js";
import { allHolds, COUNT_WORD, slotsHold } from "./look.js";
import {
  type Agent,
  buddyOf,
  type Cell,
  cellsOf,
  type Held,
  type Lib,
  metadata,
  type Op,
  observe,
  PAGE,
  ROOM,
  rawFrame,
  refuse,
  type TypeName,
  tornDown,
  types,
  unused,
  VALUE_AT,
} from "./world.js";

const [VICTIM, REAPER] = [0, 1];
/** The victim, the reaper, and the one that goes on, in whose name all is set up. */
const AGENTS = 3;
/** In place of a count: an agent died in the middle of a life's begin or end. To others the frame is busy. */
const HALF = -3;
/** The same: it died with the frame in its hand, where nobody looks before `rescan`. */
const IN_HAND = -4;
const NONE = "none";

interface Shared {
  readonly table: FrameTable;
  readonly buffer: SharedArrayBuffer;
  readonly allocator: SharedArrayBuffer | undefined;
  readonly words: SharedArrayBuffer;
  readonly raws: readonly { readonly frames: number[]; readonly uniques: number[] }[];
}

/** The table, and what of it is the dead one's. */
interface Model {
  readonly cells: Cell[];
  /** Shared handles of the dead one, by slot, and unique ones. */
  readonly shared: number[];
  readonly unique: boolean[];
  /** Tickets of the records of handles on their way: odd while one is. */
  readonly records: number[];
  /** Metadata that the dead one had begun to write, under a lock, by slot. */
  readonly torn: boolean[];
  /** What the dead one did last, and had perhaps not told the ledger of, by slot. */
  readonly lately: boolean[];
}
export type ReapOp = Operation<Agent, Model>;

/** How such a scenario starts. */
export interface ReapWorld {
  readonly type?: TypeName;
  /** What the victim and who goes on hold. */
  readonly held: readonly [Held, Held];
  /** Whether a handle on frame 0, besides those, is on its way with token 0.1. */
  readonly sent?: boolean;
  /** Frames that each cache has room for; no allocator if not given. */
  readonly cache?: number;
  /** Whether the reaper knows the type. */
  readonly binds?: boolean;
}

const memory = () => ({ buffer: new ArrayBuffer(PAGE) });
const ledgerOf = (agent: number, buffer?: SharedArrayBuffer): FrameLedger =>
  new FrameLedger({ frames: 1, agents: AGENTS, agent, ...(buffer && { buffer }) });

const counted = (cell: Cell): number => Math.max(0, cell.count);
const isUsed = ({ count }: Cell): boolean => count > 0 || count === -2;

/** What an operation on the table means, and whose handles it moves. */
function apply(state: Model, op: Op, actual: Outcome, dying: boolean): unknown {
  const before = structuredClone(state.cells);
  const value = op.model?.(state.cells, actual);
  state.cells.forEach((cell, slot) => {
    const [was, is] = [before[slot]!, cell];
    if (!dying || was.count === is.count) return;
    state.lately[slot] = !("value" in actual || "threw" in actual);
    state.shared[slot]! += counted(is) - counted(was);
    state.unique[slot] = is.count === -2;
  });
  return value;
}

/** A frame whose life begins or ends may be found between. */
function leaveHalf(state: Model, op: Op): void {
  const before = structuredClone(state.cells);
  apply(state, op, {}, true);
  state.cells.forEach((cell, slot) => {
    const was = before[slot]!;
    if (isUsed(was) === isUsed(cell)) return;
    Object.assign(cell, was, { count: HALF });
  });
}

const onTable = (op: Op, dying: boolean): ReapOp => ({
  name: op.name,
  run: op.run,
  model: (state, actual) => apply(state, op, actual, dying),
  ...(dying && { halfway: (state: Model) => leaveHalf(state, op) }),
});

/** What an agent of a reap does: to the table, or more, which is told whether it is the one that dies. */
export type ReapStep = Op | ((dying: boolean) => ReapOp);
const stepOf = (step: ReapStep, dying: boolean): ReapOp =>
  typeof step === "function" ? step(dying) : onTable(step, dying);

/** Frame.send of the handle got last: it is nobody's then, and the dead do not take it along. */
export const sendLast: ReapStep = (dying) => ({
  name: "send",
  run: ({ frames }) => {
    const token = frames.pop()?.send();
    return token === undefined ? NONE : [token.transit, token.ticket];
  },
  model: ({ records, shared }, { value }) => {
    if (value === NONE) return NONE;
    const free = records.findIndex((ticket) => ticket % 2 === 0);
    const [transit] = (value ?? [free]) as readonly number[];
    if (transit === undefined || records[transit]! % 2 !== 0) return "a record that was taken";
    records[transit]! += 1;
    if (dying) shared[0]! -= 1;
    return [transit, records[transit]];
  },
});

/** Frame.receive of the first token of record 0. */
export const receiveFirst: ReapStep = (dying) => ({
  name: "receive 0.1",
  run: ({ lib, table, frames }) => {
    frames.push(lib.Frame.receive(table, { transit: 0, ticket: 1 }));
  },
  model: ({ records, shared }) => {
    if (records[0] !== 1) refuse("not-in-transit");
    records[0] = 2;
    if (dying) shared[0]! += 1;
  },
});

/** UniqueFrame.repurpose: who dies in the middle leaves a frame of no type. */
export const repurposing =
  (op: Op): ReapStep =>
  (dying) => ({
    ...onTable(op, dying),
    halfway: ({ cells, unique }) => {
      cells[0]!.count = HALF;
      unique[0] = false;
    },
  });

/** Frame.withLock: who dies in the middle leaves one of the two fields, and nobody hides that. */
export const bumping =
  (op: Op): ReapStep =>
  (dying) => ({
    ...onTable(op, dying),
    model: (state, actual) => {
      if (state.torn[0] === true && actual.value === "torn") return "torn";
      return apply(state, op, actual, dying);
    },
    halfway: ({ cells, torn }) => {
      cells[0]!.value += 1;
      torn[0] = true;
    },
  });

/** reap of the one that died: what became of its frames, and the values of those that ended. */
const reaping = (binds: boolean): ReapOp => ({
  name: "reap",
  run: (agent) => {
    const { frames } = agent.lib.reap(agent.table, [VICTIM], {
      patience: Number.MAX_SAFE_INTEGER,
    });
    return [frames.map(({ outcome }) => outcome), tornDown(agent)];
  },
  model: ({ cells, shared, unique, torn, lately }, { value }) => {
    const outcomes: string[] = [];
    const values: number[] = [];
    const told = (value as readonly [string[]] | undefined)?.[0] ?? [];
    cells.forEach((cell, slot) => {
      const mine = unique[slot] === true || shared[slot]! > 0;
      if (cell.count === HALF) {
        Object.assign(cell, unused());
        if (told.length === 0) cell.count = IN_HAND;
        else outcomes.push("interrupted");
      } else if (mine && unique[slot] !== true && shared[slot]! < cell.count) {
        cell.count -= shared[slot]!;
        outcomes.push("released");
      } else if (!mine && isUsed(cell) && lately[slot] === true && told.length > 0) {
        outcomes.push("released"); // by the dead one itself
      } else if (mine && binds && !told.includes("parked")) {
        values.push(cell.value);
        Object.assign(cell, unused());
        torn[slot] = false;
        outcomes.push("ended");
      } else if (mine) {
        Object.assign(cell, { count: 0, listed: false });
        outcomes.push("parked");
      }
      shared[slot] = 0;
      unique[slot] = false;
      lately[slot] = false;
    });
    return [outcomes, values];
  },
});

function setUp(lib: Lib, world: ReapWorld): Shared {
  const { type = "page", held, sent = false, cache } = world;
  const ledger = ledgerOf(AGENTS - 1);
  const options = { memory: memory(), mode: "shared", ...ROOM } as const;
  const table = lib.FrameTable.create(options, { ledger, agent: AGENTS - 1 });
  const meta = types[type] as FrameMeta;
  table.bind(meta);
  const raws = [held[0], {}, held[1]].map(({ frames = [], uniques = [] }) => ({
    frames: frames.map((slot) => rawFrame(lib, table, slot, type)),
    uniques: uniques.map((slot) =>
      lib.UniqueFrame.fromUnused(table, slot * PAGE, meta, metadata(type, 1)).intoRaw(),
    ),
  }));
  if (sent) lib.Frame.fromRaw(table, rawFrame(lib, table, 0, type)).send();
  const allocator = cache === undefined ? undefined : buddyOf(lib, table, AGENTS, cache);
  allocator?.close();
  table.agent?.leave();
  return {
    table,
    buffer: table.buffer as SharedArrayBuffer,
    allocator: allocator?.buffer as SharedArrayBuffer | undefined,
    words: ledger.buffer as SharedArrayBuffer,
    raws,
  };
}

function attach(lib: Lib, world: ReapWorld, shared: Shared, thread: number): Agent {
  const { buffer, allocator, words, raws } = shared;
  const { type = "page", binds = true } = world;
  const ledger = ledgerOf(thread, words);
  const table = lib.FrameTable.attach({ buffer, memory: memory() }, { ledger, agent: thread });
  if (binds || thread === VICTIM) table.bind(types[type] as FrameMeta);
  if (allocator !== undefined) lib.attachBuddy(table, { buffer: allocator });
  const { frames = [], uniques = [] } = raws[thread] ?? {};
  return {
    lib,
    table,
    frames: frames.map((raw) => lib.Frame.fromRaw(table, raw) as Frame),
    uniques: uniques.map((raw) => lib.UniqueFrame.fromRaw(table, raw) as UniqueFrame),
    list: new lib.LinkedList(table, types.linked as unknown as LinkMeta),
  };
}

/** The count is what the ledger and the records of handles on their way say; the dead have nothing. */
function nothingLost({ table }: Shared): string | undefined {
  const { slots, ledger } = table;
  const count = slots.words[slots.wordOf(0, COUNT_WORD)]!;
  const left = ledger?.report().filter(({ agent }) => agent === VICTIM) ?? [];
  if (left.length > 0) return `the dead still hold ${JSON.stringify(left)}`;
  const held = ledger?.report().reduce((sum, entry) => sum + entry.count, 0) ?? 0;
  const sent = inTransit(table).length;
  if (count > 0 && count !== held + sent) return `count ${count}, ${held} held and ${sent} sent`;
  return count < 0 && count === -1 && held + sent > 0 ? "somebody holds what is unused" : undefined;
}

function initialOf({ held, sent = false }: ReapWorld): Model {
  const { frames = [], uniques = [] } = held[0];
  return {
    cells: cellsOf(1, [...held, sent ? { frames: [0] } : {}]),
    shared: [frames.length],
    unique: [uniques.length > 0],
    records: Array.from({ length: ROOM.transits }, (_, i) => (sent && i === 0 ? 1 : 0)),
    torn: [false],
    lately: [false],
  };
}

/** The table at the end, when the dead one is reaped. */
function observeAll(shared: Shared, type: TypeName): Model {
  const { slots } = shared.table;
  const cells = observe(shared.table, 1, VALUE_AT[type]);
  for (const slot of inHand(shared)) cells[slot]!.count = IN_HAND;
  const { words, parts } = slots;
  const [value, twice] = [1, 2].map((at) => words[slots.wordOf(0, at)]!);
  return {
    cells,
    shared: [0],
    unique: [false],
    records: Array.from(
      { length: ROOM.transits },
      (_, i) => words[parts.transits + i * TRANSIT_WORDS]!,
    ),
    torn: [type === "counter" && isUsed(cells[0]!) && twice !== 2 * value!],
    lately: [false],
  };
}

/** Frame 0, and an agent that dies after so many accesses. */
export function reapScenario(
  lib: Lib,
  after: number,
  world: ReapWorld,
  dying: readonly ReapStep[],
  living: readonly ReapStep[],
): Scenario<Shared, Agent, Model> {
  const { type = "page", binds = true } = world;
  return {
    setup: () => setUp(lib, world),
    attach: (shared, thread) => attach(lib, world, shared, thread),
    threads: [
      dying.map((step) => stepOf(step, true)),
      [reaping(binds)],
      living.map((step) => stepOf(step, false)),
    ],
    model: { initial: () => initialOf(world), observe: (shared) => observeAll(shared, type) },
    death: { thread: VICTIM, after, heirs: [REAPER] },
    invariants: { "S1, S3-S6, R1-R4, F4": slotsHold },
    atEnd: {
      checkInvariants: allHolds,
      "nothing is lost": nothingLost,
      "FM-23 FM-27": (shared) => placesHold(shared, inHand(shared)),
    },
  };
}
