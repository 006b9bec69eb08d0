/**
 * `shareTables`: what an agent needs who is not alone on the tables in some frames.
 *
 * Apart from `/table`, which is all that who is alone needs: locks, versions and what becomes of a dead agent's nodes are as much again.
 *
 * @module
 */

import type { FrameTable } from "@memkit/frame-meta";
import { checkObject, refuseArgument } from "../argument.js";
import { SharedCursorMut } from "../cursor/shared-cursor-mut.js";
import { sharedOf, takeOver } from "./reap.js";
import { SharedLocks } from "./shared-locks.js";
import { checkShared, SharedNodeMemory } from "./shared-memory.js";
import { SharedNodeStore } from "./shared-store.js";
import { isKept, keep } from "./stores.js";

/** What {@link shareTables} may be told. */
export interface ShareOptions {
  /**
   * Called each millisecond or so in which this agent waits for another one: opening a cursor for what that one has locked, `translate` and
   * the units of `mmuOf` for a change that is half-done. That agent may be dead, and this one the only one that is left to reap it: `reap` of
   * `@memkit/frame-meta/agents` may be called here, for agents that are known to have ended. What it throws ends the wait, and whoever
   * waited throws it: nothing is locked then, and no entry has changed but for the bits of a processor. It must not work on the table otherwise.
   */
  readonly onWait?: () => void;
}

/**
 * Lets this agent work on page tables in these frames beside others: each agent calls it, once, before it makes, attaches or adopts the
 * first table in them. On frames that are in mode `single` it does nothing, nor does it when it is called again.
 *
 * @param frames - the table of frames, opened with the agent's number, of frames in shared memory
 * @throws {@link PageTableError} `unsupported-memory` for frames that are not in shared memory, are in a resizable buffer, or were opened
 * without a number; `access-width` where others access entries in them by another number of bits; `invalid-argument`. Nothing has changed then.
 *
 * @example
 * ```ts
 * import { FrameTable } from "@memkit/frame-meta";
 * import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
 * import { pageProperty, READ, USER, userConfig, x86Format } from "@memkit/page-table/format";
 * import { attachTable, shareTables } from "@memkit/page-table/shared";
 * import { PageTable } from "@memkit/page-table/table";
 *
 * const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
 * const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
 * const allocator = createBuddy(frames);
 * shareTables(frames);
 * const table = PageTable.create(frames, userConfig(x86Format()));
 * // In a worker, with memory, frames.buffer, allocator.buffer and table.rootPfn:
 * const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1 });
 * attachBuddy(there, { buffer: allocator.buffer });
 * shareTables(there);
 * const same = attachTable(there, userConfig(x86Format()), table.rootPfn);
 * same.mapRange(0x40_0000, 2, 7, pageProperty(READ | USER));
 * table.translate(0x40_1234)?.pfn; // => 8
 * ```
 */
export function shareTables(frames: FrameTable, options: ShareOptions = {}): void {
  checkObject("table of frames", frames, "a FrameTable", "bind");
  checkObject("choice of an agent", options, "{ onWait }, or nothing");
  const { onWait } = options;
  if (onWait !== undefined && typeof onWait !== "function") {
    refuseArgument("handler", onWait, "a function, or nothing");
  }
  if (frames.mode === "single" || isKept(frames)) return;
  const memory = new SharedNodeMemory(frames);
  checkShared(frames);
  const stores = keep(frames, {
    memory,
    locks: new SharedLocks(frames, onWait),
    Store: SharedNodeStore,
    Writer: SharedCursorMut,
  });
  frames.onReap = (dead) => takeOver(sharedOf(stores.values()), dead);
}
