/**
 * An agent that dies: in this thread, at any access that it makes through `Atomics`.
 *
 * @module
 */

import { atomic, struct, u32, u64Number } from "@memkit/core";
import {
  defineFrameMeta,
  Frame,
  type FrameMeta,
  FrameTable,
  type MetaValue,
  type SlotTableOptions,
  slotTableBytes,
} from "@memkit/frame-meta";
import { inTransit } from "@memkit/frame-meta/agents";
import { LinkedList, linkMeta } from "@memkit/frame-meta/list";
import { FrameLedger } from "@memkit/frame-meta/model";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { rawOf } from "../../src/frame/raw-handle.js";
import { twinTableKernel } from "../support/kernel.js";

export const PAGE = 4096;
const FRAMES = 8;
const AGENTS = 3;

class Killed extends Error {}

const NAMES = [
  "load",
  "store",
  "compareExchange",
  "add",
  "sub",
  "and",
  "or",
  "exchange",
  "wait",
] as const;

/**
 * Runs until access number `at`, counted from 0, which no longer happens, nor any later one: what handlers and `finally` blocks
 * would still do, a terminated worker does not.
 *
 * @param run - is given what kills it where no access is
 * @returns whether it died before it was done
 */
export function killedAt(at: number, run: (die: () => never) => void): boolean {
  let accesses = 0;
  let dead = false;
  const real = Object.fromEntries(NAMES.map((name) => [name, Atomics[name] as () => unknown]));
  for (const name of NAMES) {
    const call = real[name]!;
    const value = (...args: unknown[]): unknown => {
      dead ||= accesses === at;
      accesses += 1;
      if (dead) throw new Killed();
      return Reflect.apply(call, Atomics, args);
    };
    Object.defineProperty(Atomics, name, { configurable: true, writable: true, value });
  }
  try {
    run(() => {
      dead = true;
      throw new Killed();
    });
    return dead;
  } catch (error) {
    if (!dead) throw error;
    return true;
  } finally {
    for (const name of NAMES) {
      const value = real[name];
      Object.defineProperty(Atomics, name, { configurable: true, writable: true, value });
    }
  }
}

export interface World {
  /** The agent that reaps. */
  readonly table: FrameTable;
  /** The one that dies. */
  readonly victim: FrameTable;
  /** One that goes on. */
  readonly other: FrameTable;
  readonly ledger: FrameLedger;
  /** Frames whose `onDrop` has run to its end, by number. */
  readonly dropped: number[];
}

/** By table: what its agent's `onDrop` tells. */
const logs = new WeakMap<object, number[]>();

const LAYOUT = struct(["lock", atomic(u32)], ["value", u32], ["child", u64Number]);
/** Has a lock, and may have a child that it holds by number: its end is the child's. */
export const owner = defineFrameMeta({
  name: "owner",
  layout: LAYOUT,
  lock: "lock",
  onDrop: ({ meta, table, paddr }) => {
    if (meta.child !== 0) Frame.fromRaw(table, meta.child).drop();
    logs.get(table.memory)?.push(paddr / PAGE);
  },
});
export const plain = defineFrameMeta({ name: "plain", layout: struct(["value", u32]) });
const linked = linkMeta(plain);
const late = defineFrameMeta({ name: "late", layout: struct(["late", u32]) });

export const of = (child = 0) => ({ lock: 0, value: 7, child });
const link = { next: 0, prev: 0, inner: { value: 1 } };

export function worldOf(mode: "shared" | "kernel"): World {
  const buffer = new SharedArrayBuffer(FRAMES * PAGE);
  const ledger = new FrameLedger({ frames: FRAMES, agents: AGENTS });
  const dropped: number[] = [];
  const tableOf = (agent: number, table?: FrameTable): FrameTable => {
    const memory = [{ firstPfn: 0, frames: FRAMES, source: { buffer }, byteOffset: 0 }];
    const own =
      agent === 0
        ? ledger
        : new FrameLedger({ frames: FRAMES, agents: AGENTS, agent, buffer: ledger.buffer });
    const bytes = table?.buffer ?? new SharedArrayBuffer(slotTableBytes({ memory, types: 8 }));
    const options: SlotTableOptions =
      mode === "shared"
        ? { memory, mode, types: 8, buffer: bytes }
        : { memory, types: 8, kernel: twinTableKernel(bytes as SharedArrayBuffer) };
    const extras = { ledger: own, agent };
    const made =
      table === undefined ? FrameTable.create(options, extras) : FrameTable.attach(options, extras);
    logs.set(made.memory, dropped);
    for (const type of [owner, plain, linked] satisfies FrameMeta[]) made.bind(type);
    return made;
  };
  const table = tableOf(0);
  return { table, victim: tableOf(1, table), other: tableOf(2, table), ledger, dropped };
}

/** Something in the middle of which an agent may die: what is there before, and then the step. */
export interface Step {
  readonly name: string;
  ready(world: World): () => void;
}

const step = <T>(
  name: string,
  ready: (world: World) => T,
  run: (world: World, ready: T) => unknown,
): Step => ({
  name,
  ready: (world) => {
    const before = ready(world);
    return () => {
      run(world, before);
    };
  },
});

const frameAt = (table: FrameTable, pfn: number, value: MetaValue<typeof owner> = of()) =>
  Frame.fromUnused(table, pfn * PAGE, owner, value);
const uniqueAt = (table: FrameTable, pfn: number) =>
  UniqueFrame.fromUnused(table, pfn * PAGE, owner, of());
const linkedAt = (table: FrameTable, pfn: number) =>
  UniqueFrame.fromUnused(table, pfn * PAGE, linked, link);
const segmentOf = (table: FrameTable) =>
  Segment.fromUnused(table, 2 * PAGE, 5 * PAGE, owner, () => of());
const nothing = (): undefined => undefined;

/** A frame whose end is that of two more. */
function family(table: FrameTable): Frame {
  const grandchild = frameAt(table, 3).intoRaw();
  const child = frameAt(table, 4, of(grandchild)).intoRaw();
  return frameAt(table, 5, of(child));
}

function listOf({ victim }: World): LinkedList<typeof linked> {
  const list = new LinkedList(victim, linked);
  for (const pfn of [2, 3, 4]) list.pushBack(linkedAt(victim, pfn));
  return list;
}

export const STEPS: readonly Step[] = [
  step("fromUnused", nothing, ({ victim }) => frameAt(victim, 2)),
  step(
    "fromInUse",
    ({ other }) => frameAt(other, 2),
    ({ victim }) => Frame.fromInUse(victim, 2 * PAGE),
  ),
  step(
    "clone",
    ({ victim }) => frameAt(victim, 2),
    (_, frame) => frame.clone(),
  ),
  step(
    "the last drop",
    ({ victim }) => frameAt(victim, 2),
    (_, frame) => frame.drop(),
  ),
  step(
    "a drop",
    ({ victim, other }) => [frameAt(other, 2), Frame.fromInUse(victim, 2 * PAGE)],
    (_, [, frame]) => frame!.drop(),
  ),
  step(
    "the last drop of a family",
    ({ victim }) => family(victim),
    (_, frame) => frame.drop(),
  ),
  step(
    "withLock",
    ({ victim, other }) => [frameAt(other, 2), Frame.fromInUse(victim, 2 * PAGE)] as const,
    (_, [, frame]) =>
      frame.tryAs(owner)?.withLock((meta) => {
        meta.value = 8;
      }),
  ),
  step(
    "intoRaw",
    ({ victim }) => frameAt(victim, 2),
    (_, frame) => frame.intoRaw(),
  ),
  step(
    "fromRaw",
    ({ other }) => frameAt(other, 2).intoRaw(),
    ({ victim }, raw) => Frame.fromRaw(victim, raw),
  ),
  step(
    "send",
    ({ victim }) => frameAt(victim, 2),
    (_, frame) => frame.send(),
  ),
  step(
    "receive",
    ({ other }) => frameAt(other, 2).send(),
    ({ victim }, token) => Frame.receive(victim, token),
  ),
  step("unique fromUnused", nothing, ({ victim }) => uniqueAt(victim, 2)),
  step(
    "tryFrom",
    ({ victim }) => frameAt(victim, 2),
    (_, frame) => UniqueFrame.tryFrom(frame),
  ),
  step(
    "intoShared",
    ({ victim }) => uniqueAt(victim, 2),
    (_, unique) => unique.intoShared(),
  ),
  step(
    "repurpose",
    ({ victim }) => uniqueAt(victim, 2),
    (_, unique) => unique.repurpose(plain, { value: 1 }),
  ),
  step(
    "unique drop",
    ({ victim }) => uniqueAt(victim, 2),
    (_, unique) => unique.drop(),
  ),
  step(
    "resetAsUnused",
    ({ victim }) => uniqueAt(victim, 2),
    (_, unique) => unique.resetAsUnused(),
  ),
  step(
    "unique send",
    ({ victim }) => uniqueAt(victim, 2),
    (_, unique) => unique.send(),
  ),
  step(
    "unique receive",
    ({ other }) => uniqueAt(other, 2).send(),
    ({ victim }, token) => UniqueFrame.receive(victim, token),
  ),
  step("segment fromUnused", nothing, ({ victim }) => segmentOf(victim)),
  step(
    "slice",
    ({ victim }) => segmentOf(victim),
    (_, segment) => segment.slice(PAGE, 3 * PAGE),
  ),
  step(
    "takeFirst",
    ({ victim }) => segmentOf(victim),
    (_, segment) => segment.takeFirst(),
  ),
  step(
    "fromFrame",
    ({ victim }) => frameAt(victim, 2),
    (_, frame) => Segment.fromFrame(frame),
  ),
  step(
    "segment intoRaw",
    ({ victim }) => segmentOf(victim),
    (_, segment) => segment.intoRaw(),
  ),
  step(
    "segment send",
    ({ victim }) => segmentOf(victim),
    (_, segment) => segment.send(),
  ),
  step(
    "segment receive",
    ({ other }) => segmentOf(other).send(),
    ({ victim }, token) => Segment.receive(victim, token),
  ),
  step(
    "segment drop",
    ({ victim, other }) => [segmentOf(victim), Frame.fromInUse(other, 3 * PAGE)] as const,
    (_, [segment]) => segment.drop(),
  ),
  step(
    "pushBack",
    (world) => [listOf(world), linkedAt(world.victim, 5)] as const,
    (_, [list, unique]) => list.pushBack(unique),
  ),
  step("popFront", listOf, (_, list) => list.popFront()),
  step("list drop", listOf, (_, list) => list.drop()),
  step("bind", nothing, ({ victim }) => victim.bind(late)),
  step(
    "drain",
    ({ other, victim }) => {
      const type = defineFrameMeta({ name: "late", layout: struct(["late", u32]) });
      const frame = Frame.fromUnused(other, 2 * PAGE, type, { late: 1 });
      const theirs = Frame.fromInUse(victim, 2 * PAGE);
      frame.drop();
      theirs.drop();
      victim.bind(late);
    },
    ({ victim }) => victim.drain(),
  ),
];

/** Ends what is nobody's: what was sent, what has become a number, what is parked. */
export function sweep({ table, other, ledger }: World): void {
  for (const { kind, ...token } of inTransit(table)) {
    const types = { handle: Frame, unique: UniqueFrame, segment: Segment };
    types[kind].receive(table, token).drop();
  }
  const raws = () => ledger.report().filter(({ kind }) => kind === "raw");
  // The last frame first: a family's numbers are kept by the frame that follows, whose end is theirs.
  for (let last = raws().at(-1); last !== undefined; last = raws().at(-1)) {
    const unique = table.slots.countOf(last.slot) === -2;
    (unique ? UniqueFrame : Frame).fromRaw(table, rawOf(table.slots, last.slot)).drop();
  }
  for (const { slot, kind, agent, count } of ledger.report()) {
    if (agent !== 2 || kind !== "handle") continue;
    for (let i = 0; i < count; i += 1) {
      ledgerHandle(other, slot).drop();
    }
  }
  table.bind(late);
  table.drain();
}

/** The handle that `other` is known to have on a slot, made anew from the books. */
function ledgerHandle(other: FrameTable, slot: number): Frame {
  other.ledger?.move(slot, "handle", "raw");
  return Frame.fromRaw(other, rawOf(other.slots, slot));
}
