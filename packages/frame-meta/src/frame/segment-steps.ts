/**
 * What a segment does to all of its frames, or to none: taking handles, giving them back, ending them.
 *
 * @module
 */

import { PAGE_SIZE, type Paddr } from "@memkit/core";
import { tableOf } from "../argument.js";
import type { FrameMeta, MetaValue } from "../meta/frame-meta.js";
import type { HolderKind } from "../model/frame-ledger.js";
import { REF_COUNT_BUSY, REF_COUNT_UNIQUE, Refusal } from "../ref-count.js";
import { SlotWord } from "../slot/layout.js";
import { refuseFrame } from "../slot/refuse.js";
import { type build, buildTaken } from "./build.js";
import { Frame } from "./frame.js";
import type { FrameTable } from "./table.js";

/** What is left of a segment whose drop was refused. */
interface Left {
  readonly frames: number;
  readonly error: unknown;
}

/**
 * Claims `frames` slots from `first` on and gives them metadata, by {@link build} or {@link buildTaken}.
 *
 * Knows nothing of segments: what V8 compiles for a class is thrown away at each full collection in which none of its objects
 * lives, and this loop with it.
 *
 * @throws what `metaOf` or `buildOne` throws, or `drop-failed` with it among the causes; all frames are free then
 */
export function buildAll<M extends FrameMeta>(
  table: FrameTable,
  first: number,
  frames: number,
  type: M,
  metaOf: (paddr: Paddr) => MetaValue<M>,
  buildOne: typeof build,
): void {
  const end = first + frames;
  let slot = first;
  try {
    for (; slot < end; slot += 1) {
      buildOne(table, slot, type, metaOf(table.paddrOf(slot)), 1, "segment");
    }
  } catch (error) {
    if (buildOne === buildTaken) giveBackTaken(table, slot, end);
    const claimed = slot - first;
    // Throws the error, when the frames are done with.
    table.teardown.batch(() => {
      dropSegment(table, first, claimed, false);
      throw error;
    });
  }
}

/** Of frames that were taken to be built: not the first where somebody has claimed it behind the allocator's back. */
function giveBackTaken({ slots, allocator }: FrameTable, slot: number, end: number): void {
  const count = slots.load(slots.wordOf(slot, SlotWord.count));
  const from = count > 0 || count === REF_COUNT_UNIQUE ? slot + 1 : slot;
  if (from < end) allocator?.add(slots.geometry.pfnOf(from), end - from);
}

/**
 * Makes the frames busy of which there is one handle left, and asks their types; gives all of them back where one refuses.
 *
 * @param from - the count to look for, 1 or `REF_COUNT_UNIQUE`
 * @param kind - what holds them, in the ledger
 * @returns the frames that are busy now
 */
export function seizeAll(
  table: FrameTable,
  slots: Iterable<number>,
  from: number,
  kind: HolderKind,
): Set<number> {
  const seized = new Set<number>();
  try {
    for (const slot of slots) {
      const index = table.slots.wordOf(slot, SlotWord.count);
      table.pin();
      const refusal = table.slots.stepAt(index, from, REF_COUNT_BUSY);
      if (refusal < 0) {
        table.unpin();
        if (from === REF_COUNT_UNIQUE) table.refuse(slot, refusal);
        continue; // others hold it too: this handle's end will not be the frame's
      }
      table.turn(slot, kind, "busy");
      table.teardown.ask(slot, from, kind);
      seized.add(slot);
    }
  } catch (error) {
    for (const slot of seized) table.teardown.giveBack(slot, from, kind);
    throw error;
  }
  return seized;
}

/**
 * Ends one handle on each of `count` frames from `first` on; says what is left where a type refused.
 *
 * @param asking - whether types are asked; not where nobody has had the segment
 */
export function dropSegment(
  table: FrameTable,
  first: number,
  count: number,
  asking = true,
): Left | undefined {
  const { slots, teardown, types } = table;
  const end = first + count;
  let asks = false;
  for (let slot = first; asking && slot < end; slot += 1) {
    asks ||= types.typeAt(slot)?.onDropPre !== undefined;
  }
  let seized: Set<number> | undefined;
  if (asks) {
    try {
      const all = Array.from({ length: count }, (_, i) => first + i);
      seized = seizeAll(table, all, 1, "segment");
    } catch (error) {
      return { frames: count, error };
    }
  }
  let left: Left | undefined;
  teardown.batch(() => {
    for (let slot = first; slot < end; slot += 1) {
      if (seized?.has(slot) !== true) {
        table.pin();
        const now = slots.decAt(slots.wordOf(slot, SlotWord.count));
        if (now < 0) {
          table.unpin();
          table.refuse(slot, now);
        }
        if (now > 0) {
          table.lose(slot, "segment");
          continue;
        }
        table.turn(slot, "segment", "busy");
        try {
          if (asking) teardown.ask(slot, 1, "segment");
        } catch (error) {
          left = { frames: end - slot, error };
          for (const later of seized ?? [])
            if (later > slot) teardown.giveBack(later, 1, "segment");
          return;
        }
      }
      teardown.finish(slot);
    }
  });
  return left;
}

/**
 * One more handle on each of `count` frames from `first` on, which the caller holds.
 *
 * @throws {@link FrameError} `count-at-max`, and then no count has moved
 */
export function incAll(table: FrameTable, first: number, count: number): void {
  const { slots, ledger } = table;
  table.pin();
  for (let i = 0; i < count; i += 1) {
    const now = slots.incAt(slots.wordOf(first + i, SlotWord.count));
    if (now >= 0) continue;
    const refused = first + i;
    // The caller holds the frames, so no count that was incremented here can reach 0 by being decremented.
    while (i-- > 0) slots.decAt(slots.wordOf(first + i, SlotWord.count));
    table.unpin();
    table.refuse(refused, now);
  }
  for (let i = 0; i < count; i += 1) ledger?.acquire(first + i, "segment");
  table.unpin();
}

/**
 * Takes up the raw handles of a segment.
 *
 * @returns the first slot
 * @throws {@link FrameError} as `Frame.fromRaw`; `out-of-bound` where the frames do not follow each other in one bank. The raw
 * handles are as they were then.
 */
export function takeRaws(table: FrameTable, raws: readonly number[]): number {
  const { geometry } = tableOf(table).slots;
  const taken: Frame[] = [];
  let first = 0;
  try {
    for (const raw of raws) {
      const frame = Frame.fromRaw(table, raw);
      const slot = frame.live();
      if (taken.length === 0) first = slot;
      taken.push(frame);
      const next = slot === first + taken.length - 1;
      if (!next || taken.length > geometry.runFrom(first)) {
        refuseFrame(table.slots, frame.paddr / PAGE_SIZE, Refusal.outOfBound);
      }
    }
  } catch (error) {
    for (const frame of taken) frame.intoRaw();
    throw error;
  }
  for (const frame of taken) {
    table.pin();
    table.turn(frame.live(), "handle", "segment");
    frame.release();
  }
  return first;
}
