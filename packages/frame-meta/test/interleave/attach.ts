/**
 * One agent makes a table while another attaches to it.
 *
 * @module
 */

import { type Frame, type FrameTable, slotTableBytes } from "@memkit/frame-meta";
import type { Operation, Scenario } from "@memkit/interleave";
import { type Lib, PAGE, ROOM, refuse, types } from "./world.js";

interface Agent {
  readonly buffer: SharedArrayBuffer;
  table: FrameTable | undefined;
  frame: Frame | undefined;
}
/** The table: there is none, or one whose frame has this count. */
interface Model {
  count: number | undefined;
}
type TableOp = Operation<Agent, Model>;

const memory = () => ({ buffer: new ArrayBuffer(PAGE) });

const create = (lib: Lib): TableOp => ({
  name: "create",
  run: (agent) => {
    const { buffer } = agent;
    agent.table = lib.FrameTable.create({ memory: memory(), mode: "shared", ...ROOM, buffer });
  },
  model: (state) => {
    state.count = -1;
  },
});

const attach = (lib: Lib): TableOp => ({
  name: "attach",
  run: (agent) => {
    agent.table = lib.FrameTable.attach({ buffer: agent.buffer, memory: memory() });
  },
  model: ({ count }) => {
    if (count === undefined) refuse("header-mismatch");
  },
});

const claim = (lib: Lib): TableOp => ({
  name: "claim",
  run: (agent) => {
    if (agent.table === undefined) return "no table";
    agent.frame = lib.Frame.fromUnused(agent.table, 0, types.page, { value: 7, touched: 0 });
    return "claimed";
  },
  model: (state, { value, threw }) => {
    if (value === "no table") return value;
    if (threw === "busy") refuse("busy");
    if (state.count !== -1) refuse("in-use");
    state.count = 1;
    return "claimed";
  },
});

const drop: TableOp = {
  name: "drop",
  run: ({ frame }) => {
    frame?.drop();
    return frame !== undefined;
  },
  model: (state, { value }) => {
    if (value === true) state.count = -1;
    return value;
  },
};

/** `threads`: what those do that do not create the table, after they have attached. */
export function initScenario(
  lib: Lib,
  more: "attach" | "claim" | "drop",
): Scenario<SharedArrayBuffer, Agent, Model> {
  const then = more === "attach" ? [] : more === "claim" ? [claim(lib)] : [claim(lib), drop];
  return {
    setup: () => new SharedArrayBuffer(slotTableBytes({ memory: memory(), ...ROOM })),
    attach: (buffer) => ({ buffer, table: undefined, frame: undefined }),
    threads: [
      [create(lib), ...then],
      [attach(lib), ...then],
    ],
    model: { initial: () => ({ count: undefined }) },
  };
}
