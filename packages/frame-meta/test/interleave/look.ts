/**
 * What the oracles see of a table.
 *
 * @module
 */

import type { FrameTable } from "@memkit/frame-meta";
import { checkInvariants } from "@memkit/frame-meta/model";

/** Words of a slot, as the README draws it. */
export const COUNT_WORD = 10;
export const LIST_WORD = 14;

interface HasTable {
  readonly table: FrameTable;
}

/** Broken while the one owner of a frame is at work on it: on its neighbours in a list, or on its type. */
const OWNERS: readonly string[] = ["L1", "S2"];

/** What holds in every state: the invariants of single slots, and of the header. */
export function slotsHold({ table }: HasTable): string | undefined {
  return sentenceOf(table, (id) => !OWNERS.includes(id));
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
