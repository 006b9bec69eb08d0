/**
 * `reap`: gives back what terminated agents held.
 *
 * The reaper stops the table: it puts its number into the header, and waits until no other agent is pinned (FM-35). Then every
 * count agrees with what the ledger says of the agents that live, but for what the dead ones held or were in the middle of. So
 * nothing of theirs has to be believed, and it does not matter where they died:
 *
 *     the living hold it n times     the count becomes n
 *     nobody holds it                it is made busy, and parked, to be ended like any frame whose type was not known
 *     ... and it was being ended     if its onDrop had begun it is not run again: the frame becomes unused as it is
 *     ... and it has no type         it was being built, or given back: the frame becomes unused
 *
 * FM-37: after a reap the dead hold nothing, the living hold what they held, and every frame that nobody holds has become
 * unused, or is parked. Exact with a ledger, and as far as every agent has a number: one without is not waited for.
 *
 * @module
 */

import { objectOf, refuseOption, tableOf } from "../argument.js";
import { lockMark } from "../frame/meta-lock.js";
import { freeUnsent, transitCounts } from "../frame/send.js";
import type { FrameTable } from "../frame/table.js";
import { frameError } from "../frame-error.js";
import { freeEntriesOf, lockOffsetOf } from "../meta/directory.js";
import { type FrameLedger, HOLDER_KINDS, type HolderKind } from "../model/frame-ledger.js";
import { REF_COUNT_BUSY, REF_COUNT_UNIQUE, REF_COUNT_UNUSED } from "../ref-count.js";
import { HeaderWord, SlotWord } from "../slot/layout.js";
import { park } from "../slot/park.js";
import { parkFrame } from "../slot/parked.js";
import {
  AgentState,
  AgentWord,
  advanceEpoch,
  agentsOf,
  pinnedAgents,
  recordOf,
  type TableAgent,
} from "./agent.js";

const FrameError = /* @__PURE__ */ frameError<"no-such-agent">({
  "no-such-agent": (d) => `no other agent of the table has number ${d.agent}`,
});

/** A frame that a dead agent had something to do with. */
export interface ReapedFrame {
  readonly pfn: number;
  /** What it had by the ledger; empty where it died before the ledger was told. */
  readonly held: Partial<Readonly<Record<HolderKind, number>>>;
  /**
   * `released`: others hold it. `ended`: it was the last, and the frame has been torn down. `interrupted`: it died while it built
   * the frame, or when the frame's `onDrop` had begun, which was not run again; the frame is unused. `parked`: its type is not known here, or refuses the end, or another agent sees to it.
   */
  readonly outcome: "released" | "ended" | "interrupted" | "parked";
}

/** What a reap has found and done. */
export interface ReapReport {
  readonly agents: readonly number[];
  /** Whether there was a ledger. Without one nothing is known of what they held, and nothing is given back. */
  readonly exact: boolean;
  readonly frames: readonly ReapedFrame[];
  /** Frames whose metadata they had locked: the lock is free, the metadata may be half-written. */
  readonly locks: readonly number[];
  /** Without a ledger: frames that were busy, by them or by agents that live. */
  readonly busy: readonly number[];
  /** What tearing down threw: a `drop-failed`. The frames are unused all the same. */
  readonly error: unknown;
}

/** How to reap. */
export interface ReapOptions {
  /** Milliseconds to wait for agents to leave the steps they are in; 1,000 if not given. */
  readonly patience?: number;
}

/**
 * Gives back what the agents with these numbers held. Caller must know that they are dead: that the worker has been terminated,
 * and its `exit` event has come. Their numbers can be used again afterwards.
 *
 * Where the table's frames are an allocator's, this agent must know it: what they had there is taken over too. Types must be bound
 * here, or the frames that end are parked; locks that the dead had are broken either way.
 *
 * @throws {@link FrameError} `invalid-option` where this agent has no number, for a patience below 0, and for what is no table; `no-such-agent`; `no-allocator`; `agent-pinned` where
 * another agent does not leave its step. Nothing has been given back then.
 *
 * @example
 * ```ts
 * import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
 * import { reap } from "@memkit/frame-meta/agents";
 * import { FrameLedger } from "@memkit/frame-meta/model";
 *
 * const memory = { buffer: new SharedArrayBuffer(16 * 4096) };
 * const ledger = new FrameLedger({ frames: 16, agents: 2 });
 * const table = FrameTable.create({ memory, mode: "shared" }, { ledger, agent: 0 });
 * // In a worker, which is terminated then:
 * const theirs = new FrameLedger({ frames: 16, agents: 2, agent: 1, buffer: ledger.buffer });
 * const there = FrameTable.attach({ memory, buffer: table.buffer }, { ledger: theirs, agent: 1 });
 * Frame.fromUnused(there, 0x3000, unitMeta, {});
 * // Here:
 * table.bind(unitMeta);
 * reap(table, [1]).frames; // => [{ pfn: 3, held: { handle: 1 }, outcome: "ended" }]
 * table.slots.countOf(3); // => -1
 * ```
 */
export function reap(
  table: FrameTable,
  numbers: readonly number[],
  options: ReapOptions = {},
): ReapReport {
  const { agent, allocator, slots, ledger } = tableOf(table);
  const { patience = 1000 } = objectOf("options", options);
  if (!Array.isArray(numbers)) refuseOption("agents", numbers);
  const agents = [...new Set<number>(numbers)];
  if (agent === undefined) refuseOption("agent", agent);
  if (!(patience >= 0)) refuseOption("patience", patience);
  for (const dead of agents) {
    const known = Number.isInteger(dead) && dead >= 0 && dead < agentsOf(slots);
    if (!known || dead === agent.id || stateOf(table, dead) === AgentState.free) {
      throw new FrameError({ code: "no-such-agent", agent: dead });
    }
  }
  // It would end frames that it cannot give back, and leave a lock of the dead to whoever waits for it.
  if (table.lacksAllocator) throw new FrameError({ code: "no-allocator" });
  const found: Found = { parked: new Map(), released: new Map(), abandoned: new Map(), locks: [] };
  let busy: number[] = [];
  let repair: (() => void) | undefined;
  stop(table, agent, agents, Date.now() + patience);
  try {
    for (const dead of agents) freeEntriesOf(slots, dead);
    freeUnsent(slots);
    allocator?.takeOver?.(agents); // first: what it finds ended is unused below
    if (ledger === undefined) busy = busySlots(table);
    else takeOver(table, ledger, agents, found);
    repair = table.onReap?.(agents);
    for (const dead of agents) {
      const record = recordOf(slots, dead);
      slots.store(record + AgentWord.pinned, 0);
      slots.store(record + AgentWord.reaps, (slots.load(record + AgentWord.reaps) + 1) | 0);
      slots.store(record + AgentWord.state, AgentState.free);
    }
    advanceEpoch(slots); // who is not dead after all looks at the count of its reaps
  } finally {
    slots.store(HeaderWord.reaper, 0);
  }
  const failed = attempt(repair);
  const freed: number[] = []; // not what is parked no more: others move again, and may have taken it from there
  const error = finish(table, found, freed) ?? failed;
  const ended = new Set(freed);
  const pfnOf = (slot: number): number => slots.geometry.pfnOf(slot);
  const frames = (
    of: ReadonlyMap<number, ReapedFrame["held"]>,
    outcome: (slot: number) => ReapedFrame["outcome"],
  ): ReapedFrame[] =>
    [...of].map(([slot, held]) => ({ pfn: pfnOf(slot), held, outcome: outcome(slot) }));
  return {
    agents,
    exact: ledger !== undefined,
    frames: [
      ...frames(found.released, () => "released"),
      ...frames(found.parked, (slot) => (ended.has(slot) ? "ended" : "parked")),
      ...frames(found.abandoned, () => "interrupted"),
    ],
    locks: found.locks.map(pfnOf),
    busy: busy.map(pfnOf),
    error,
  };
}

/** @returns what it threw */
function attempt(run: (() => void) | undefined): unknown {
  try {
    run?.();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Slots, with what the dead had there. */
interface Found {
  readonly released: Map<number, ReapedFrame["held"]>;
  readonly parked: Map<number, ReapedFrame["held"]>;
  readonly abandoned: Map<number, ReapedFrame["held"]>;
  readonly locks: number[];
}

function stateOf({ slots }: FrameTable, agent: number): number {
  return slots.load(recordOf(slots, agent) + AgentWord.state);
}

/** Stops all agents but this one and the dead. */
function stop(
  { slots }: FrameTable,
  { id }: TableAgent,
  dead: readonly number[],
  until: number,
): void {
  for (let reaper = slots.load(HeaderWord.reaper); ; reaper = slots.load(HeaderWord.reaper)) {
    // One that died while it reaped has stopped the table for good: its reaper takes over.
    if (
      (reaper === 0 || dead.includes(reaper - 1)) &&
      slots.swap(HeaderWord.reaper, reaper, id + 1) === reaper
    )
      break;
    if (Date.now() > until) throw new FrameError({ code: "agent-pinned", agent: reaper - 1 });
    park(slots.words, HeaderWord.reaper, reaper);
  }
  for (;;) {
    const still = pinnedAgents(slots, id).find(({ agent }) => !dead.includes(agent));
    if (still === undefined) return;
    if (Date.now() > until) {
      slots.store(HeaderWord.reaper, 0);
      throw new FrameError({ code: "agent-pinned", agent: still.agent });
    }
    const pinned = recordOf(slots, still.agent) + AgentWord.pinned;
    park(slots.words, pinned, still.epoch + 1);
  }
}

/** Goes through all slots, while nobody moves. */
function takeOver(
  table: FrameTable,
  ledger: FrameLedger,
  dead: readonly number[],
  { released, parked, abandoned, locks }: Found,
): void {
  const { slots } = table;
  const sent = transitCounts(table);
  const waiting = new Set(parkedIn(table));
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const index = slots.wordOf(slot, SlotWord.count);
    const count = slots.load(index);
    const held = heldBy(ledger, dead, slot);
    const inHand = Object.keys(held).length > 0;
    for (const id of inHand ? dead : []) {
      if (breakLock(table, slot, id)) locks.push(slot);
      ledger.clear(id, slot);
    }
    // What is corrupt is left as it is, for `checkInvariants` to find.
    if (count === REF_COUNT_UNUSED || count < REF_COUNT_UNIQUE || waiting.has(slot)) continue;
    const living = (kind: HolderKind): number => ledger.count(slot, kind);
    const counted =
      living("handle") + living("raw") + living("segment") + living("path") + (sent.get(slot) ?? 0);
    const single = living("unique") + living("list") + living("busy") + living("ending");
    if (counted + single > 0) {
      if (count > 0 && count !== counted) slots.stepAt(index, count, counted);
      if (inHand || (count > 0 && count !== counted)) released.set(slot, held);
      continue;
    }
    leaveList(table, slot); // first: S5, a busy frame is in none
    slots.stepAt(index, count, REF_COUNT_BUSY);
    table.allocator?.takeBack?.(slots.geometry.pfnOf(slot));
    const typed = slots.words[slots.wordOf(slot, SlotWord.type)] !== 0;
    if (typed && held.ending === undefined) {
      parked.set(slot, held);
      parkFrame(slots, slot);
    } else {
      ledger.acquire(slot, "ending");
      abandoned.set(slot, held);
    }
  }
}

function heldBy(
  ledger: FrameLedger,
  dead: readonly number[],
  slot: number,
): Partial<Record<HolderKind, number>> {
  const held: Partial<Record<HolderKind, number>> = {};
  for (const kind of HOLDER_KINDS) {
    if (kind === "raw" || kind === "path") continue; // nobody's: not theirs to lose
    const count = dead.reduce((sum, id) => sum + ledger.countOf(id, slot, kind), 0);
    if (count > 0) held[kind] = count;
  }
  return held;
}

/** A frame that nobody holds is in no list, and parked nowhere. */
function leaveList({ slots }: FrameTable, slot: number): void {
  for (const word of [SlotWord.list, SlotWord.nextParked]) slots.store(slots.wordOf(slot, word), 0);
}

/** By the directory, which says where the lock is of types too that are not bound here. */
function breakLock({ slots }: FrameTable, slot: number, dead: number): boolean {
  const offset = lockOffsetOf(slots, slots.words[slots.wordOf(slot, SlotWord.type)]!);
  if (offset < 0) return false;
  const lock = slots.wordOf(slot, SlotWord.storage) + offset / 4;
  return slots.swap(lock, lockMark(dead), 0) === lockMark(dead);
}

function busySlots(table: FrameTable): number[] {
  const { slots } = table;
  const waiting = new Set(parkedIn(table));
  const busy: number[] = [];
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const count = slots.load(slots.wordOf(slot, SlotWord.count));
    if (count === REF_COUNT_BUSY && !waiting.has(slot)) busy.push(slot);
  }
  return busy;
}

/** The slots that are parked: nobody moves, so the list can be read as it is. */
function parkedIn({ slots }: FrameTable): number[] {
  const parked: number[] = [];
  for (let next = slots.load(HeaderWord.parked); next !== 0; ) {
    parked.push(next - 1);
    next = slots.load(slots.wordOf(next - 1, SlotWord.nextParked));
  }
  return parked;
}

/** Tears down what was found, in the way of every agent; `freed` are the slots of what was parked. @returns what that threw */
function finish(table: FrameTable, { abandoned }: Found, freed: number[]): unknown {
  try {
    table.teardown.batch(() => {
      for (const slot of abandoned.keys()) table.teardown.abandon(slot);
      table.teardown.drain(freed); // also what a reaper has parked that died before it came to this
    });
  } catch (error) {
    return error;
  }
  return undefined;
}
