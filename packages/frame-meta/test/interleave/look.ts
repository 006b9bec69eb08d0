/**
 * What the oracles see of a table.
 *
 * @module
 */

import { type FrameTable, REF_COUNT_UNIQUE } from "@memkit/frame-meta";
import { checkInvariants } from "@memkit/frame-meta/model";

/** Words of a slot, as the README draws it. */
export const COUNT_WORD = 10;
export const LIST_WORD = 14;
const USAGE_WORD = 11;

interface HasTable {
  readonly table: FrameTable;
}

/**
 * What holds in every state: the invariants of single slots, and of the header. Not S2 and L1, which the one owner of a frame breaks
 * while it is at work on its type or on its neighbours; and not what a ledger says, which is told of a step after it.
 */
export function slotsHold({ table }: HasTable): string | undefined {
  return usedHold(table) ?? sentenceOf(table, (id) => /^[SR]/.test(id) && id !== "S2");
}

/** F4: a frame that has been claimed and published is of some use. */
function usedHold({ slots }: FrameTable): string | undefined {
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const count = slots.words[slots.wordOf(slot, COUNT_WORD)]!;
    const usage = slots.words[slots.wordOf(slot, USAGE_WORD)]!;
    const held = count > 0 || count === REF_COUNT_UNIQUE;
    if (held && usage === 0) return `F4 slot ${slot}: it is in use, of no use`;
  }
  return undefined;
}

/** What holds when all is quiet. */
export function allHolds({ table }: HasTable): string | undefined {
  return sentenceOf(table, () => true);
}

function sentenceOf(table: FrameTable, matters: (id: string) => boolean): string | undefined {
  const found = checkInvariants(table).violations.filter(({ id }) => matters(id));
  if (found.length === 0) return undefined;
  return found.map(({ id, slot, what }) => `${id} slot ${slot}: ${what}`).join("; ");
}
