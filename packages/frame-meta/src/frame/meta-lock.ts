/**
 * The lock of a frame's metadata: one agent at a time writes what is not atomic.
 *
 * FM-22: whoever is given metadata of a shared frame to write has its lock, and the frame, for as long as the call. Code that
 * writes the lock field by other means can break it.
 *
 * @module
 */

import { frameError } from "../frame-error.js";
import type { FrameMeta } from "../meta/frame-meta.js";
import type { MetaLayout } from "../meta/meta-layout.js";
import { type MetaViewMut, metaViewMut } from "../meta/meta-view.js";
import { SlotWord } from "../slot/layout.js";
import { park } from "../slot/park.js";
import type { SlotTable } from "../slot/slot-table.js";
import { hex } from "../table-error.js";

const FrameError = /* @__PURE__ */ frameError<"no-lock" | "locked">({
  "no-lock": (d) => `metadata ${d.type} has no lock: name an atomic(u32) field when defining it`,
  locked: (d) => `frame ${hex(d.pfn)} is locked by this agent already`,
});

const FREE = 0;
/** Taken, by an agent without a number; one with a number puts that + 2. */
const TAKEN = 1;

/** What the lock of an agent's frame says: so that who reaps it can break its locks. */
export const lockMark = (agent: number): number => TAKEN + 1 + agent;

/**
 * Takes the lock of the metadata in `slot`, which the caller holds, runs, and gives it back.
 *
 * @param held - the slots whose lock this agent has
 * @param agent - its number, -1 for none
 * @throws {@link FrameError} `no-lock`, `locked`; what `run` throws
 */
export function withMetaLock<T>(
  slots: SlotTable,
  slot: number,
  type: FrameMeta,
  held: Set<number>,
  agent: number,
  run: (meta: MetaViewMut<MetaLayout>) => T,
): T {
  if (type.lockOffset < 0) throw new FrameError({ code: "no-lock", type: type.name });
  const at = slots.wordOf(slot, SlotWord.storage);
  const lock = at + type.lockOffset / 4;
  take(slots, slot, lock, held, lockMark(agent));
  const owner: { dropped: boolean } = { dropped: false };
  try {
    return run(metaViewMut(type.layout, owner, slots.dv, at * 4));
  } finally {
    owner.dropped = true;
    held.delete(slot);
    slots.store(lock, FREE);
  }
}

function take(slots: SlotTable, slot: number, lock: number, held: Set<number>, mark: number): void {
  for (;;) {
    const found = slots.swap(lock, FREE, mark);
    if (found === FREE) break;
    if (held.has(slot) || slots.mode === "single") {
      throw new FrameError({ code: "locked", pfn: slots.geometry.pfnOf(slot) });
    }
    park(slots.words, lock, found);
  }
  held.add(slot);
}
