/**
 * Frames that wait for an agent which knows their type: a list through the slots, newest first.
 *
 * Frames are put in one by one and taken out all at once, so no agent ever takes a frame that another has put back meanwhile.
 *
 * @module
 */

import { HeaderWord, SlotWord } from "./layout.js";
import type { SlotTable } from "./slot-table.js";

/** Puts in a busy frame that is the caller's alone. */
export function parkFrame(slots: SlotTable, slot: number): void {
  const link = slots.wordOf(slot, SlotWord.nextParked);
  for (let head = slots.load(HeaderWord.parked); ; ) {
    slots.words[link] = head;
    const found = slots.swap(HeaderWord.parked, head, slot + 1);
    if (found === head) return;
    head = found;
  }
}

/** Takes all of them; they are the caller's alone then. */
export function takeParked(slots: SlotTable): number[] {
  let head = slots.load(HeaderWord.parked);
  for (;;) {
    const found = slots.swap(HeaderWord.parked, head, 0);
    if (found === head) break;
    head = found;
  }
  const taken: number[] = [];
  while (head !== 0) {
    const slot = head - 1;
    const link = slots.wordOf(slot, SlotWord.nextParked);
    taken.push(slot);
    head = slots.words[link]!;
    slots.words[link] = 0;
  }
  return taken;
}
