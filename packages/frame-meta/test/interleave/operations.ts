/**
 * The operations of the scenarios, each with what it means.
 *
 * @module
 */

import type { Frame, FrameMeta } from "@memkit/frame-meta";
import type { LinkMeta } from "@memkit/frame-meta/list";
import type { UniqueFrame } from "@memkit/frame-meta/unique";
import type { Outcome } from "@memkit/interleave";
import {
  type Agent,
  type Cell,
  mayBeBusy,
  metadata,
  type Op,
  PAGE,
  refuse,
  type TypeName,
  tornDown,
  types,
  unused,
} from "./world.js";

const valueIn = ({ meta }: Frame | UniqueFrame): number => {
  const fields = meta as { readonly value?: number; readonly inner?: { readonly value: number } };
  return fields.inner?.value ?? fields.value ?? -1;
};

/** What an operation on a handle gives where an earlier one got none. */
export const NONE = "none";
const had = ({ value }: Outcome): boolean => value !== NONE;

/** One handle less in the model. @returns the values of frames torn down by that */
export function dropFrom(cell: Cell): number[] {
  cell.count -= 1;
  return cell.count === 0 ? endOf(cell) : [];
}

function endOf(cell: Cell): number[] {
  const { value } = cell;
  Object.assign(cell, unused());
  return [value];
}

function claimable(cell: Cell): void {
  if (cell.count === -2) refuse("unique");
  if (cell.count > 0) refuse("in-use");
  if (cell.count !== -1) refuse("busy");
}

/** Frame.fromUnused. */
export const claim = (slot: number, value: number, type: TypeName = "page"): Op => ({
  name: `claim ${slot}`,
  run: ({ lib, table, frames }) => {
    const meta = types[type] as FrameMeta;
    frames.push(lib.Frame.fromUnused(table, slot * PAGE, meta, metadata(type, value)));
  },
  model: (cells, actual) => {
    mayBeBusy(actual);
    claimable(cells[slot]!);
    cells[slot] = { count: 1, value, listed: false };
  },
});

/** UniqueFrame.fromUnused. */
export const claimUnique = (slot: number, value: number, type: TypeName = "page"): Op => ({
  name: `claim ${slot} alone`,
  run: ({ lib, table, uniques }) => {
    const meta = types[type] as FrameMeta;
    uniques.push(lib.UniqueFrame.fromUnused(table, slot * PAGE, meta, metadata(type, value)));
  },
  model: (cells, actual) => {
    mayBeBusy(actual);
    claimable(cells[slot]!);
    cells[slot] = { count: -2, value, listed: false };
  },
});

/** Frame.fromInUse, and a look at the metadata. */
export const join = (slot: number): Op => ({
  name: `join ${slot}`,
  run: ({ lib, table, frames }) => {
    const frame = lib.Frame.fromInUse(table, slot * PAGE);
    frames.push(frame);
    return valueIn(frame);
  },
  model: (cells, actual) => {
    mayBeBusy(actual);
    const cell = cells[slot]!;
    if (cell.count === -1) refuse("unused");
    if (cell.count === -2) refuse("unique");
    if (cell.count <= 0) refuse("busy");
    cell.count += 1;
    return cell.value;
  },
});

/** Frame.clone of the handle got last, which is on `slot`. */
export const clone = (slot: number): Op => ({
  name: "clone",
  run: ({ frames }) => {
    const frame = frames.at(-1);
    if (frame === undefined) return NONE;
    frames.push(frame.clone());
    return valueIn(frame);
  },
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    const cell = cells[slot]!;
    cell.count += 1;
    return cell.value;
  },
});

/** Frame.drop of the handle got last, which is on `slot`; what it tore down. */
export const drop = (slot: number): Op => ({
  name: "drop",
  run: (agent) => {
    const frame = agent.frames.pop();
    if (frame === undefined) return NONE;
    frame.drop();
    return tornDown(agent);
  },
  model: (cells, actual) => (had(actual) ? dropFrom(cells[slot]!) : NONE),
});

/** The same of frames without an onDrop: nothing to be told. */
export const dropPlain = (slot: number): Op => ({
  ...drop(slot),
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    dropFrom(cells[slot]!);
    return [];
  },
});

/** Frame.drop of a frame that goes only where it has been touched; the handle stays where it does not. */
export const dropPinned = (slot: number): Op => ({
  name: "drop pinned",
  run: (agent) => {
    const frame = agent.frames.at(-1);
    if (frame === undefined) return NONE;
    frame.drop();
    agent.frames.pop();
    return tornDown(agent);
  },
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    if (cells[slot]!.count === 1) refuse("drop-refused");
    return dropFrom(cells[slot]!);
  },
});

/** The same of a frame whose type throws where it is asked. */
export const dropAngry = (slot: number): Op => ({
  ...dropPinned(slot),
  name: "drop angry",
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    if (cells[slot]!.count === 1) throw new Error("not now");
    dropFrom(cells[slot]!);
    return [];
  },
});

/** Frame.intoRaw and Frame.fromRaw of the handle got last. */
export const roundTrip = (slot: number): Op => ({
  name: "into raw and back",
  run: ({ lib, table, frames }) => {
    const frame = frames.pop();
    if (frame === undefined) return NONE;
    const back = lib.Frame.fromRaw(table, frame.intoRaw());
    frames.push(back);
    return valueIn(back);
  },
  model: (cells, actual) => (had(actual) ? cells[slot]!.value : NONE),
});

/** Frame.drop, and then Frame.fromRaw of a number that the handle was: the only one there was. */
export const dropRaw = (slot: number): Op => ({
  name: "drop and use its number",
  run: (agent) => {
    const { lib, table, frames } = agent;
    const raw = frames.pop()?.intoRaw() ?? 0;
    lib.Frame.fromRaw(table, raw).drop();
    const dropped = tornDown(agent);
    try {
      frames.push(lib.Frame.fromRaw(table, raw));
      return "a stale handle";
    } catch (error) {
      return [dropped, (error as { readonly code?: string }).code];
    }
  },
  model: (cells) => [dropFrom(cells[slot]!), "stale-handle"],
});

/** UniqueFrame.tryFrom of the handle got last. */
export const toUnique = (slot: number): Op => ({
  name: "to unique",
  run: ({ lib, frames, uniques }) => {
    const frame = frames.pop();
    if (frame === undefined) return NONE;
    const unique = lib.UniqueFrame.tryFrom(frame);
    if (unique === undefined) frames.push(frame);
    else uniques.push(unique);
    return unique !== undefined;
  },
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    const alone = cells[slot]!.count === 1;
    if (alone) cells[slot]!.count = -2;
    return alone;
  },
});

/** UniqueFrame.metaMut. */
export const write = (slot: number, value: number): Op => ({
  name: `write ${value}`,
  run: ({ uniques }) => {
    const unique = uniques.at(-1);
    if (unique === undefined) return NONE;
    (unique.metaMut as { value: number }).value = value;
    return undefined;
  },
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    cells[slot]!.value = value;
    return undefined;
  },
});

/** UniqueFrame.repurpose, with the same type. */
export const repurpose = (slot: number, value: number, type: TypeName = "page"): Op => ({
  name: `repurpose ${value}`,
  run: ({ uniques }) => {
    const unique = uniques.pop();
    if (unique === undefined) return NONE;
    uniques.push(unique.repurpose(types[type] as FrameMeta, metadata(type, value)));
    return undefined;
  },
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    cells[slot]!.value = value;
    return undefined;
  },
});

/** UniqueFrame.intoShared. */
export const toShared = (slot: number): Op => ({
  name: "to shared",
  run: ({ frames, uniques }) => {
    const unique = uniques.pop();
    if (unique === undefined) return NONE;
    frames.push(unique.intoShared());
    return undefined;
  },
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    cells[slot]!.count = 1;
    return undefined;
  },
});

/** UniqueFrame.drop. */
export const dropUnique = (slot: number): Op => ({
  name: "drop unique",
  run: (agent) => {
    const unique = agent.uniques.pop();
    if (unique === undefined) return NONE;
    unique.drop();
    return tornDown(agent);
  },
  model: (cells, actual) => (had(actual) ? endOf(cells[slot]!) : NONE),
});

/** UniqueFrame.drop of a frame that does not go: the handle stays. */
export const dropUniquePinned = (slot: number): Op => ({
  name: "drop unique pinned",
  run: ({ uniques }) => {
    uniques.at(-1)?.drop();
  },
  model: (cells) => refuse(cells[slot]!.count === -2 ? "drop-refused" : "no unique frame"),
});

/** LinkedList.pushBack of the unique frame got last. */
export const insert = (slot: number): Op => ({
  name: "insert",
  run: ({ list, uniques }) => {
    const unique = uniques.pop();
    if (unique === undefined) return NONE;
    list.pushBack(unique as UniqueFrame<LinkMeta>);
    return undefined;
  },
  model: (cells, actual) => {
    if (had(actual)) cells[slot]!.listed = true;
    return actual.value;
  },
});

/** LinkedList.popFront; says its value. */
export const take = (slot: number): Op => ({
  name: "take",
  run: ({ list, uniques }) => {
    const unique = list.popFront();
    if (unique === undefined) return NONE;
    uniques.push(unique);
    return valueIn(unique);
  },
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    cells[slot]!.listed = false;
    return cells[slot]!.value;
  },
});

/** LinkedList.contains of an agent's own list: whatever others do with the frame, what it is asked is about the list. */
export const contains = (slot: number): Op => ({
  name: "contains",
  run: ({ list }) => list.contains(slot * PAGE),
  model: () => false,
});

/** Frame.withLock: counts up two fields, which only ever change together. */
export const bump = (slot: number): Op => ({
  name: "bump",
  run: ({ frames }) => {
    const frame = frames.at(-1) as Frame<typeof types.counter> | undefined;
    if (frame === undefined) return NONE;
    return frame.withLock((meta) => {
      if (meta.twice !== 2 * meta.value) return "torn";
      meta.value += 1;
      meta.twice += 2;
      return meta.value;
    });
  },
  model: (cells, actual) => {
    if (!had(actual)) return NONE;
    const cell = cells[slot]!;
    cell.value += 1;
    return cell.value;
  },
});

/** FrameTable.drain, after binding the type; how many frames it freed, and their values. */
export const drain = (type: TypeName = "page"): Op => ({
  name: "bind and drain",
  run: (agent) => {
    agent.table.bind(types[type] as FrameMeta);
    return [agent.table.drain(), tornDown(agent).sort((a, b) => a - b)];
  },
  model: (cells) => {
    const parked = cells.filter(({ count }) => count === 0);
    const values = parked.map(({ value }) => value).sort((a, b) => a - b);
    for (const cell of parked) Object.assign(cell, unused());
    return [parked.length, values];
  },
});

/** FrameTable.drain by an agent that does not know the type, or whose type does not let go: nothing comes of it. */
export const drainNone = (type?: TypeName): Op => ({
  name: "drain nothing",
  run: ({ table }) => {
    if (type !== undefined) table.bind(types[type] as FrameMeta);
    return table.drain();
  },
  model: () => 0,
});

/** Frame.drop by an agent that does not know the type: the last one parks the frame. */
export const dropUnbound = (slot: number): Op => ({
  name: "drop unbound",
  run: ({ frames }: Agent) => {
    frames.pop()?.drop();
  },
  model: (cells) => {
    cells[slot]!.count -= 1;
  },
});
