/**
 * An agent's record in the table's header, so that others know that it is there, and whether it is in the middle of a step.
 *
 *     word 0     0 free, 1 an agent's, 2 of an agent that is being reaped
 *          1     0, or the epoch in which its step began: it is pinned
 *          2     counts how often the number has been reaped
 *
 * An agent pins itself for as long as a step takes that must be seen whole: a count and the ledger's entry for it. Pinning is a
 * store and a look at the word of the reaper; where there is one the pin is taken back, and waits until it is gone. Both go
 * through `Atomics`, so either the reaper sees the pin or the agent sees the reaper. An agent that is idle, asleep or at work
 * elsewhere is not pinned, and nobody waits for it.
 *
 * FM-39: an agent that is reaped while it lives makes no further step: what it held is no longer its own, and its number may be
 * another's. A reap is an epoch of its own, so an agent looks at the count of its reaps only where the epoch is another one than at
 * its last step. A step that it is in the middle of when it is reaped cannot be caught: whoever reaps must know that it is dead.
 *
 * FM-35: while a reaper has stopped the table, no other agent with a record is in a step.
 *
 * @module
 */

import { CoreError } from "@memkit/core";
import { refuseOption } from "../argument.js";
import { frameError } from "../frame-error.js";
import { AGENT_WORDS, HeaderWord } from "../slot/layout.js";
import { park } from "../slot/park.js";
import type { SlotTable } from "../slot/slot-table.js";

const FrameError = /* @__PURE__ */ frameError<"agent-taken" | "agent-pinned" | "agent-reaped">({
  "agent-taken": (d) => `another agent has number ${d.agent}`,
  "agent-pinned": (d) =>
    `agent ${d.agent} is in a step and does not leave it: if dead, reap it in the same call`,
  "agent-reaped": (d) => `agent ${d.agent} was reaped while it lived: attach anew`,
});

export const AgentWord = { state: 0, pinned: 1, reaps: 2 } as const;
export const AgentState = { free: 0, live: 1, reaped: 2 } as const;

/** The index of a record's first word. */
export function recordOf(slots: SlotTable, id: number): number {
  return slots.parts.agents + id * AGENT_WORDS;
}

/** How many agents the table has records for. */
export function agentsOf(slots: SlotTable): number {
  return slots.words[HeaderWord.agents]!;
}

/** An agent with a record. Made by a `FrameTable` that is told its number. */
export class TableAgent {
  readonly id: number;
  private readonly slots: SlotTable;
  private readonly pinnedAt: number;
  /** Steps within steps. 1 for good when it has left, so that only steps within steps look whether it has. */
  private depth = 0;
  private left = false;
  /** Reaps of this number when it was taken. */
  private readonly reaps: number;
  /** The epoch in which the number was this agent's for the last time that it looked. */
  private seen: number;

  /** @throws {@link FrameError} `invalid-option` where there is no such record, `agent-taken` where it is another's */
  constructor(slots: SlotTable, id: number) {
    if (!(Number.isInteger(id) && id >= 0 && id < agentsOf(slots))) {
      refuseOption("agent", id);
    }
    const record = recordOf(slots, id);
    if (slots.swap(record + AgentWord.state, AgentState.free, AgentState.live) !== 0) {
      throw new FrameError({ code: "agent-taken", agent: id });
    }
    this.id = id;
    this.slots = slots;
    this.pinnedAt = record + AgentWord.pinned;
    slots.store(this.pinnedAt, 0);
    this.seen = slots.load(HeaderWord.epoch);
    this.reaps = slots.load(record + AgentWord.reaps);
  }

  /**
   * Begins a step, or a part of one. Waits while the table is being reaped by another agent.
   *
   * @throws `CoreError` `used-after-drop` when it has left
   * @throws {@link FrameError} `agent-reaped`
   */
  pin(): void {
    if (this.depth > 0) {
      if (this.left) throw new CoreError({ code: "used-after-drop", what: "agent" });
      this.depth += 1;
      return;
    }
    const { slots } = this;
    for (;;) {
      const epoch = slots.load(HeaderWord.epoch);
      if (epoch !== this.seen) this.expectAlive(epoch);
      slots.store(this.pinnedAt, epoch + 1);
      const reaper = slots.load(HeaderWord.reaper);
      if (reaper === 0 || reaper === this.id + 1) break;
      slots.store(this.pinnedAt, 0);
      park(slots.words, HeaderWord.reaper, reaper);
    }
    this.depth = 1;
  }

  private expectAlive(epoch: number): void {
    const { id, slots } = this;
    if (slots.load(recordOf(slots, id) + AgentWord.reaps) !== this.reaps) {
      throw new FrameError({ code: "agent-reaped", agent: id });
    }
    this.seen = epoch;
  }

  /** Ends what {@link TableAgent.pin} began. */
  unpin(): void {
    this.depth -= 1;
    if (this.depth === 0) this.slots.store(this.pinnedAt, 0);
  }

  /** {@link park} in the middle of a step that has changed nothing yet: nobody has to wait for who waits. */
  park(index: number, seen: number, words: Int32Array = this.slots.words): void {
    const { depth, slots } = this;
    if (this.left) {
      park(words, index, seen);
      return;
    }
    this.depth = 0;
    slots.store(this.pinnedAt, 0);
    park(words, index, seen);
    if (depth > 0) this.pin();
    this.depth = depth;
  }

  /**
   * Gives the record to the next, once: this agent's handles cannot be used any more. It must hold nothing that another's reaping
   * is to find, and its allocator be closed.
   *
   * @throws {@link FrameError} `agent-pinned` in the middle of a step; `agent-reaped`, and then the number is no longer this one's
   */
  leave(): void {
    const { slots } = this;
    if (this.left) return;
    this.expectAlive(this.seen);
    if (this.depth > 0) throw new FrameError({ code: "agent-pinned", agent: this.id });
    this.left = true;
    this.depth = 1;
    slots.store(this.pinnedAt, 0);
    slots.store(this.pinnedAt - AgentWord.pinned + AgentWord.state, AgentState.free);
  }
}

/**
 * The epoch of the table counts up by {@link advanceEpoch}; what was unlinked before may be freed when nobody is pinned in an
 * earlier one.
 *
 * @returns the new epoch
 */
export function advanceEpoch(slots: SlotTable): number {
  for (let epoch = slots.load(HeaderWord.epoch); ; ) {
    const next = epoch === EPOCHS - 1 ? 0 : epoch + 1;
    const found = slots.swap(HeaderWord.epoch, epoch, next);
    if (found === epoch) return next;
    epoch = found;
  }
}

/** Epochs until they begin anew: a pin is the epoch + 1, an int32 above 0. */
const EPOCHS = 2 ** 31 - 1;

/** The agents that are pinned now, but for `except`, and the epochs in which they were. Idle agents are not among them. */
export function pinnedAgents(
  slots: SlotTable,
  except = -1,
): { readonly agent: number; readonly epoch: number }[] {
  const pinned: { readonly agent: number; readonly epoch: number }[] = [];
  for (let agent = 0; agent < agentsOf(slots); agent += 1) {
    const record = recordOf(slots, agent);
    if (agent === except || slots.load(record + AgentWord.state) !== AgentState.live) continue;
    const pin = slots.load(record + AgentWord.pinned);
    if (pin !== 0) pinned.push({ agent, epoch: pin - 1 });
  }
  return pinned;
}
