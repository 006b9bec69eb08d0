/**
 * The raw storey: steps of the slot table, which the model follows to the letter, busy frames and refusals included.
 *
 * @module
 */

import { type FrameTable, REF_COUNT_MAX, Refusal, type SlotTable } from "@memkit/frame-meta";
import type { Operation, Scenario } from "@memkit/interleave";
import { COUNT_WORD, slotsHold } from "./look.js";
import { attachTable, createTable, type Lib, refuse, types } from "./world.js";

interface Shared {
  readonly table: FrameTable;
  readonly buffer: SharedArrayBuffer;
}
interface Agent {
  readonly slots: SlotTable;
  /** Whether the frame is busy and this thread's. */
  owns: boolean;
  /** Handles and unique handles that it has. */
  handles: number;
  unique: boolean;
}
/** The count word of frame 0, the only one. */
interface Model {
  count: number;
}
type RawOp = Operation<Agent, Model>;

const NONE = "none";
const REFUSALS = new Map(Object.entries(Refusal).map(([name, number]) => [number as number, name]));

/** The refusal of a step from one state alone, by name. */
function notFrom(count: number): never {
  if (count > 0) refuse("inUse");
  return notShared(count);
}

function notShared(count: number): never {
  return refuse(count === -1 ? "unused" : count === -2 ? "unique" : "busy");
}

function check(result: number): number {
  if (result < 0) refuse(REFUSALS.get(result) ?? String(result));
  return result;
}

/** A step for who has what it takes; `does` returns what the table says. */
const step = (
  name: string,
  may: (agent: Agent) => boolean,
  does: (agent: Agent) => unknown,
  model: (state: Model) => unknown,
): RawOp => ({
  name,
  run: (agent) => (may(agent) ? does(agent) : NONE),
  model: (state, { value }) => (value === NONE ? NONE : model(state)),
});

const always = (): boolean => true;

export const rawClaim: RawOp = step(
  "tryClaim",
  always,
  (agent) => {
    check(agent.slots.tryClaim(0));
    agent.owns = true;
    return "claimed";
  },
  (state) => {
    if (state.count !== -1) notFrom(state.count);
    state.count = 0;
    return "claimed";
  },
);

const publishing = (name: "tryPublish" | "tryPublishUnique", to: number): RawOp =>
  step(
    name,
    ({ owns }) => owns,
    (agent) => {
      check(agent.slots[name](0, 1, 2));
      agent.owns = false;
      if (to > 0) agent.handles += 1;
      else agent.unique = true;
      return "published";
    },
    (state) => {
      state.count = to;
      return "published";
    },
  );
export const rawPublish: RawOp = publishing("tryPublish", 1);
export const rawPublishUnique: RawOp = publishing("tryPublishUnique", -2);

export const rawRelease: RawOp = step(
  "tryRelease",
  ({ owns }) => owns,
  (agent) => {
    check(agent.slots.tryRelease(0));
    agent.owns = false;
    return "released";
  },
  (state) => {
    state.count = -1;
    return "released";
  },
);

export const rawInc: RawOp = step(
  "tryInc",
  always,
  (agent) => {
    const count = check(agent.slots.tryInc(0));
    agent.handles += 1;
    return count;
  },
  (state) => {
    if (state.count === REF_COUNT_MAX) refuse("countAtMax");
    if (state.count <= 0) notShared(state.count);
    state.count += 1;
    return state.count;
  },
);

export const rawDec: RawOp = step(
  "tryDec",
  ({ handles }) => handles > 0,
  (agent) => {
    const count = check(agent.slots.tryDec(0));
    agent.handles -= 1;
    agent.owns = count === 0;
    return count;
  },
  (state) => {
    state.count -= 1;
    return state.count;
  },
);

/** A drop too many: by who has no handle. */
export const rawDecTooMany: RawOp = step(
  "tryDec too many",
  always,
  ({ slots }) => check(slots.tryDec(0)),
  (state) => {
    if (state.count <= 0) notShared(state.count);
    state.count -= 1;
    return state.count;
  },
);

export const rawToUnique: RawOp = step(
  "tryToUnique",
  ({ handles }) => handles > 0,
  (agent) => {
    check(agent.slots.tryToUnique(0));
    agent.handles -= 1;
    agent.unique = true;
    return "unique";
  },
  (state) => {
    if (state.count !== 1) notFrom(state.count);
    state.count = -2;
    return "unique";
  },
);

export const rawToShared: RawOp = step(
  "tryToShared",
  ({ unique }) => unique,
  (agent) => {
    check(agent.slots.tryToShared(0));
    agent.unique = false;
    agent.handles += 1;
    return "shared";
  },
  (state) => {
    state.count = 1;
    return "shared";
  },
);

export const rawSeize: RawOp = step(
  "trySeize",
  ({ unique }) => unique,
  (agent) => {
    check(agent.slots.trySeize(0));
    agent.unique = false;
    agent.owns = true;
    return "busy";
  },
  (state) => {
    state.count = 0;
    return "busy";
  },
);

/** Raw steps on one frame. `count` is the word that it starts with, `handles` who has how many of it. */
export function rawScenario(
  lib: Lib,
  count: number,
  handles: readonly number[],
  threads: readonly (readonly RawOp[])[],
  kernel = false,
): Scenario<Shared, Agent, Model> {
  return {
    setup: () => {
      const table = createTable(lib, 1, kernel);
      table.bind(types.plain);
      const { slots } = table;
      if (count !== -1) {
        slots.tryClaim(0);
        slots.tryPublish(0, 1, 2);
        slots.store(slots.wordOf(0, COUNT_WORD), count);
      }
      return { table, buffer: table.buffer as SharedArrayBuffer };
    },
    attach: ({ buffer }, thread) => ({
      slots: attachTable(lib, buffer, 1, kernel).slots,
      owns: count === 0 && thread === 0,
      handles: handles[thread] ?? 0,
      unique: false,
    }),
    threads,
    model: {
      initial: () => ({ count }),
      observe: ({ table }) => ({ count: table.slots.countOf(0) }),
    },
    invariants: { "S1, S3-S6, R1-R4, F4": slotsHold },
  };
}
