/**
 * Handles that are sent to other agents.
 *
 * @module
 */

import type { Frame, FrameTable } from "@memkit/frame-meta";
import type { Operation, Scenario } from "@memkit/interleave";
import { TRANSIT_WORDS } from "../../src/slot/layout.js";
import { COUNT_WORD, slotsHold } from "./look.js";
import { type Lib, metadata, PAGE, ROOM, refuse, types } from "./world.js";

interface Shared {
  readonly table: FrameTable;
  readonly buffer: SharedArrayBuffer;
  readonly raws: readonly (readonly number[])[];
}
interface Agent {
  readonly lib: Lib;
  readonly table: FrameTable;
  readonly frames: Frame[];
}
/** The one frame's count, and by record what ticket is on its way; records count up as they are used. */
interface Model {
  count: number;
  readonly records: number[];
}
type TransitOp = Operation<Agent, Model>;

const NONE = "none";

/** Frame.send; the token as text. */
export const send: TransitOp = {
  name: "send",
  run: ({ frames }) => {
    const frame = frames.pop();
    if (frame === undefined) return NONE;
    const { transit, ticket } = frame.send();
    return [transit, ticket];
  },
  model: ({ records }, { value }) => {
    if (value === NONE) return NONE;
    // Any record that is free will do.
    const [transit, ticket] = value as readonly [number, number];
    if (records[transit]! % 2 !== 0) return "a record that was taken";
    records[transit]! += 1;
    return [transit, records[transit] === ticket ? ticket : `not ${ticket}`];
  },
};

/** Frame.receive of the token that says so. */
export const receive = (transit: number, ticket: number): TransitOp => ({
  name: `receive ${transit}.${ticket}`,
  run: ({ lib, table, frames }) => {
    frames.push(lib.Frame.receive(table, { transit, ticket }));
    return "received";
  },
  model: ({ records }) => {
    if (records[transit] !== ticket) refuse("not-in-transit");
    records[transit] += 1;
    return "received";
  },
});

/** Frame.drop of the handle got last. */
export const drop: TransitOp = {
  name: "drop",
  run: ({ frames }) => {
    const frame = frames.pop();
    frame?.drop();
    return frame === undefined ? NONE : "dropped";
  },
  model: (state, { value }) => {
    if (value === NONE) return NONE;
    state.count = state.count === 1 ? -1 : state.count - 1;
    return "dropped";
  },
};

const memory = () => ({ buffer: new ArrayBuffer(PAGE) });

/** `handles`: how many each thread starts with, on the one frame there is. */
export function transitScenario(
  lib: Lib,
  handles: readonly number[],
  threads: readonly (readonly TransitOp[])[],
): Scenario<Shared, Agent, Model> {
  const total = handles.reduce((sum, n) => sum + n, 0);
  return {
    setup: () => {
      const table = lib.FrameTable.create({ memory: memory(), mode: "shared", ...ROOM });
      const first = lib.Frame.fromUnused(table, 0, types.plain, metadata("plain", 1) as never);
      const all = [first, ...Array.from({ length: total - 1 }, () => first.clone())];
      const raws = handles.map((n) => all.splice(0, n).map((frame) => frame.intoRaw()));
      return { table, buffer: table.buffer as SharedArrayBuffer, raws };
    },
    attach: ({ buffer, raws }, thread) => {
      const table = lib.FrameTable.attach({ buffer, memory: memory() });
      table.bind(types.plain);
      const frames = (raws[thread] ?? []).map((raw) => lib.Frame.fromRaw(table, raw) as Frame);
      return { lib, table, frames };
    },
    threads,
    model: {
      initial: () => ({ count: total, records: Array<number>(ROOM.transits).fill(0) }),
      observe: ({ table }) => {
        const { words, parts } = table.slots;
        return {
          count: table.slots.words[table.slots.wordOf(0, COUNT_WORD)]!,
          records: Array.from(
            { length: ROOM.transits },
            (_, i) => words[parts.transits + i * TRANSIT_WORDS]!,
          ),
        };
      },
    },
    invariants: { "S1, S3-S6, R1-R4, F4": slotsHold },
  };
}
