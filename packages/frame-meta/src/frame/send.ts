/**
 * Handles on their way from one agent to another.
 *
 *     a record     word 0    even: free. Odd: on its way, and this is its ticket. Below 0: being written, -(ticket)
 *                  1         the sender's number + 1, 0 for none
 *                  2         kind
 *                  3, 4      first slot, frames
 *
 * A handle that is sent ends here and is nobody's until it is received: its count does not move. The token says which record it
 * is in and with what ticket; a record's ticket is taken by one swap, so of all agents that receive a token one gets the handle,
 * and a token that comes a second time, or after its record has gone to another, finds another ticket there.
 *
 * FM-36: what was sent is received once or is still on its way, and {@link inTransit} says so.
 *
 * @module
 */

import { objectOf, tableOf } from "../argument.js";
import { frameError } from "../frame-error.js";
import { HeaderWord, TRANSIT_WORDS } from "../slot/layout.js";
import type { SlotTable } from "../slot/slot-table.js";
import type { FrameTable } from "./table.js";

const FrameError = /* @__PURE__ */ frameError<
  "not-in-transit" | "wrong-kind" | "too-many-in-transit"
>({
  "not-in-transit": (d) =>
    `nothing is on its way as ${d.transit} with ticket ${d.ticket}: received before, or another table's`,
  "wrong-kind": (d) => `a ${d.got} is on its way, not a ${d.expected}`,
  "too-many-in-transit": (d) =>
    `${d.capacity} handles are on their way: receive some, or create the table with more transits`,
});

const TransitWord = { ticket: 0, sender: 1, kind: 2, slot: 3, frames: 4 } as const;

/** What can be sent. */
export type SentKind = "handle" | "unique" | "segment";
const KINDS: readonly SentKind[] = ["handle", "unique", "segment"];

/** Tickets of one record until they begin anew; a token that outlives as many uses of its record may be taken for a new one. */
const TICKETS = 2 ** 30;

/** A handle on its way: plain numbers, to be posted to another agent of the same table. */
export interface FrameToken {
  readonly transit: number;
  readonly ticket: number;
}

/** What is on its way. */
export interface TransitEntry extends FrameToken {
  readonly kind: SentKind;
  readonly slot: number;
  readonly frames: number;
  /** The agent that sent it, or -1 where it has no number. */
  readonly sender: number;
}

const capacityOf = ({ words }: SlotTable): number => words[HeaderWord.transits]!;
const recordOf = (slots: SlotTable, transit: number): number =>
  slots.parts.transits + transit * TRANSIT_WORDS;

/**
 * Puts a handle on its way; the caller ends it.
 *
 * @throws {@link FrameError} `too-many-in-transit`; what the ledger throws. Nothing has changed then.
 */
export function send(table: FrameTable, kind: SentKind, slot: number, frames: number): FrameToken {
  const { slots, ledger } = table;
  const capacity = capacityOf(slots);
  table.pin();
  try {
    for (let transit = 0; transit < capacity; transit += 1) {
      const record = recordOf(slots, transit);
      const free = slots.load(record);
      if (free < 0 || free % 2 !== 0) continue;
      const ticket = free + 1;
      if (slots.swap(record, free, -ticket) !== free) continue;
      slots.store(record + TransitWord.sender, (table.agent?.id ?? -1) + 1);
      slots.store(record + TransitWord.kind, KINDS.indexOf(kind));
      slots.store(record + TransitWord.slot, slot);
      slots.store(record + TransitWord.frames, frames);
      try {
        ledger?.releaseAll(slot, frames, kind);
      } catch (error) {
        slots.store(record, free);
        throw error;
      }
      slots.store(record, ticket); // from here on it is what the count counts
      return { transit, ticket };
    }
  } finally {
    table.unpin();
  }
  throw new FrameError({ code: "too-many-in-transit", capacity });
}

/**
 * Takes a handle that is on its way.
 *
 * @returns the first slot, and the frames
 * @throws {@link FrameError} `invalid-option` for what is no table or no token; `not-in-transit`, `wrong-kind`; nothing has changed then
 */
export function receive(
  table: FrameTable,
  kind: SentKind,
  token: FrameToken,
): { readonly slot: number; readonly frames: number } {
  const { slots, ledger } = tableOf(table);
  const { transit, ticket } = objectOf("token", token);
  const known = Number.isInteger(transit) && transit >= 0 && transit < capacityOf(slots);
  if (!(known && ticket > 0 && ticket % 2 === 1)) {
    throw new FrameError({ code: "not-in-transit", transit, ticket });
  }
  const record = recordOf(slots, transit);
  table.pin();
  try {
    // First: whoever comes before the ticket is there, with a token that nobody has given them, must read nothing of the last.
    if (slots.load(record) !== ticket) {
      throw new FrameError({ code: "not-in-transit", transit, ticket });
    }
    const got = KINDS[slots.load(record + TransitWord.kind)];
    const slot = slots.load(record + TransitWord.slot);
    const frames = slots.load(record + TransitWord.frames);
    if (got !== kind) {
      throw new FrameError({ code: "wrong-kind", expected: kind, got: got ?? "nothing" });
    }
    // What was read is of this ticket, for nobody writes a record before its ticket is taken.
    if (slots.swap(record, ticket, (ticket + 1) % TICKETS) !== ticket) {
      throw new FrameError({ code: "not-in-transit", transit, ticket });
    }
    for (let i = 0; i < frames; i += 1) ledger?.acquire(slot + i, kind);
    return { slot, frames };
  } finally {
    table.unpin();
  }
}

/**
 * What has been sent and not received: at the end of a program, what has leaked. A token that got lost is made of an entry, and
 * received by who finds it.
 *
 * @example
 * ```ts
 * import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
 * import { inTransit } from "@memkit/frame-meta/agents";
 *
 * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
 * const token = Frame.fromUnused(table, 0x2000, unitMeta, {}).send();
 * inTransit(table).map(({ kind, slot }) => [kind, slot]); // => [["handle", 2]]
 * Frame.receive(table, token).paddr; // => 0x2000
 * inTransit(table); // => []
 * ```
 */
export function inTransit(table: FrameTable): TransitEntry[] {
  const { slots } = tableOf(table);
  const entries: TransitEntry[] = [];
  for (let transit = 0; transit < roomOf(slots); transit += 1) {
    const record = recordOf(slots, transit);
    const ticket = slots.load(record);
    if (ticket < 0 || ticket % 2 === 0) continue;
    const word = (at: number): number => slots.load(record + at);
    entries.push({
      transit,
      ticket,
      kind: KINDS[word(TransitWord.kind)] ?? "handle",
      slot: word(TransitWord.slot),
      frames: word(TransitWord.frames),
      sender: word(TransitWord.sender) - 1,
    });
  }
  return entries;
}

/** Whether an entry is of frames that there are not, or not of as many as its kind has. @internal */
export function leadsAstray({ slots }: FrameTable, { kind, slot, frames }: TransitEntry): boolean {
  const possible = kind === "segment" ? frames >= 0 : frames === 1;
  return !(possible && slot >= 0 && slot + frames <= slots.frames);
}

/** Records that there are, also where somebody has written over the header. */
const roomOf = (slots: SlotTable): number =>
  Math.min(capacityOf(slots), (slots.parts.types - slots.parts.transits) / TRANSIT_WORDS);

/** How many handles of each frame are on their way: they are in the counts, and in nobody's ledger. @internal */
export function transitCounts(table: FrameTable): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const entry of inTransit(table)) {
    if (leadsAstray(table, entry)) continue;
    const { slot, frames } = entry;
    for (let i = 0; i < frames; i += 1) counts.set(slot + i, (counts.get(slot + i) ?? 0) + 1);
  }
  return counts;
}

/** Whether a record is being written. @internal */
export function isSending(slots: SlotTable): boolean {
  for (let transit = 0; transit < roomOf(slots); transit += 1) {
    if (slots.load(recordOf(slots, transit)) < 0) return true;
  }
  return false;
}

/** Frees the records that were being written: by agents that died, where all others are known to be in no step. @internal */
export function freeUnsent(slots: SlotTable): void {
  for (let transit = 0; transit < roomOf(slots); transit += 1) {
    const record = recordOf(slots, transit);
    const word = slots.load(record);
    if (word < 0) slots.swap(record, word, -word - 1);
  }
}
