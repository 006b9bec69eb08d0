/**
 * The end of a segment: all of its frames, or none where a type refuses.
 *
 * @module
 */

import { REF_COUNT_BUSY, REF_COUNT_UNIQUE } from "../ref-count.js";
import { SlotWord } from "../slot/layout.js";
import type { FrameTable } from "./table.js";

/** What is left of a segment whose drop was refused. */
interface Left {
  readonly frames: number;
  readonly error: unknown;
}

/**
 * Makes the frames busy of which there is one handle left, and asks their types; gives all of them back where one refuses.
 *
 * @param from - the count to look for, 1 or `REF_COUNT_UNIQUE`
 * @returns the frames that are busy now
 */
export function seizeAll(table: FrameTable, slots: Iterable<number>, from: number): Set<number> {
  const seized = new Set<number>();
  try {
    for (const slot of slots) {
      const index = table.slots.wordOf(slot, SlotWord.count);
      const refusal = table.slots.stepAt(index, from, REF_COUNT_BUSY);
      if (refusal < 0) {
        if (from === REF_COUNT_UNIQUE) table.refuse(slot, refusal);
        continue; // others hold it too: this handle's end will not be the frame's
      }
      table.teardown.ask(slot, from);
      seized.add(slot);
    }
  } catch (error) {
    for (const slot of seized) table.teardown.giveBack(slot, from);
    throw error;
  }
  return seized;
}

/** Ends one handle on each of `count` frames from `first` on; says what is left where a type refused. */
export function dropSegment(table: FrameTable, first: number, count: number): Left | undefined {
  const { slots, teardown, types, ledger } = table;
  const end = first + count;
  let asks = false;
  for (let slot = first; slot < end; slot += 1) {
    asks ||= types.typeAt(slot)?.onDropPre !== undefined;
  }
  let seized: Set<number> | undefined;
  if (asks) {
    try {
      const all = Array.from({ length: count }, (_, i) => first + i);
      seized = seizeAll(table, all, 1);
    } catch (error) {
      return { frames: count, error };
    }
  }
  let left: Left | undefined;
  teardown.batch(() => {
    for (let slot = first; slot < end; slot += 1) {
      if (seized?.has(slot) !== true) {
        const now = slots.decAt(slots.wordOf(slot, SlotWord.count));
        if (now < 0) table.refuse(slot, now);
        if (now > 0) {
          ledger?.release(slot, "segment");
          continue;
        }
        try {
          teardown.ask(slot, 1);
        } catch (error) {
          left = { frames: end - slot, error };
          for (const later of seized ?? []) if (later > slot) teardown.giveBack(later, 1);
          return;
        }
      }
      ledger?.release(slot, "segment");
      teardown.finish(slot);
    }
  });
  return left;
}
