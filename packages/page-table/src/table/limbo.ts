/**
 * Nodes that have been taken out of a table and that another agent may still be looking at.
 *
 * PT-55: a stray node is freed only when no other agent is pinned that was pinned before the entry which led to it was cleared. The
 * table's epoch counts up after that; who pins itself later finds a later epoch, and the entry cleared. Agents that are idle, wait,
 * or only have a cursor open are not pinned, and nobody waits for them.
 *
 * @see OSTD `sync/rcu`, whose grace period ends when every processor has passed a quiescent state, the idle ones too
 * @module
 */

import type { FrameTable } from "@memkit/frame-meta";
import { advanceEpoch, pinnedAgents } from "@memkit/frame-meta/agents";

/** Epochs count to 2^31 - 2 and begin anew: `EPOCHS` of frame-meta. */
const EPOCHS = 2 ** 31 - 1;

/** Whether epoch `a` is before `b`: epochs in use are never half of all apart. */
const isBefore = (a: number, b: number): boolean => {
  const apart = (b - a + EPOCHS) % EPOCHS;
  return apart > 0 && apart < EPOCHS / 2;
};

export class Limbo {
  private readonly frames: FrameTable;
  private readonly nodes: number[] = [];
  /** By node, of those that have one: the epoch that began after it was taken out. */
  private readonly epochs: number[] = [];

  constructor(frames: FrameTable) {
    this.frames = frames;
  }

  /** Nodes in it. */
  get size(): number {
    return this.nodes.length;
  }

  /** Takes a node that no entry leads to. */
  add(pfn: number): void {
    this.nodes.push(pfn);
  }

  /** The nodes that nobody can see any more; they are the caller's to free. */
  take(): number[] {
    const { nodes, epochs, frames } = this;
    if (nodes.length === 0) return [];
    const { slots, agent } = frames;
    if (epochs.length < nodes.length) {
      const epoch = advanceEpoch(slots);
      while (epochs.length < nodes.length) epochs.push(epoch);
    }
    const pinned = pinnedAgents(slots, agent?.id);
    let free = 0;
    while (free < nodes.length && pinned.every(({ epoch }) => !isBefore(epoch, epochs[free]!))) {
      free += 1;
    }
    epochs.splice(0, free);
    return nodes.splice(0, free);
  }
}
