/**
 * `checkInvariants`: everything that must hold, looked at in the bytes.
 *
 * @module
 */

import { objectOf, tableOf } from "../argument.js";
import { inTransit, type TransitEntry, transitCounts } from "../frame/send.js";
import type { FrameTable } from "../frame/table.js";
import { SlotWord } from "../slot/layout.js";
import type { FrameLedger } from "./frame-ledger.js";
import { ownerOf, view } from "./meta-slot.js";
import { type Holders, SLOT_INVARIANTS, type SlotFacts } from "./slot-invariants.js";
import {
  checkHeader,
  checkLists,
  checkSlotWords,
  checkTransits,
  parkedSlots,
  slotRange,
  type TableFinding,
} from "./table-invariants.js";

/** An invariant that does not hold. */
export interface Violation {
  /** `S1`..`S6`, `R1`..`R5`, `K1`..`K3`, `L1`, `G1`, `F1`, `U1`: see the README. */
  readonly id: string;
  /** The slot, or -1 where it is no slot's. */
  readonly slot: number;
  /** The frame, or -1. */
  readonly pfn: number;
  readonly what: string;
}

/** What a look at a table found. */
export interface InvariantReport {
  /** Empty where all is well. */
  readonly violations: readonly Violation[];
  /** Slots that moved while they were looked at: what was found about them is left out. Empty while nobody works. */
  readonly racing: readonly number[];
}

/** What is known besides the bytes. */
export interface InvariantOptions {
  /** Where the frame of a slot is mapped; by the ledger if not given, nowhere without one. */
  readonly pathsOf?: (slot: number) => ReadonlySet<string>;
  /** Whether everything should have been given back by now: R5, nobody holds anything. */
  readonly atEnd?: boolean;
}

/**
 * Looks at every slot. Exact while no agent works on the table; otherwise slots that move meanwhile are told apart, and what
 * is said about holders and lists may be about two moments.
 *
 * @example
 * ```ts
 * import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
 * import { checkInvariants } from "@memkit/frame-meta/model";
 *
 * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
 * const frame = Frame.fromUnused(table, 0x1000, unitMeta, {});
 * checkInvariants(table).violations; // => []
 * table.slots.words[table.slots.countIndexOf(1)] = -77; // somebody writes over the slot
 * checkInvariants(table).violations.map(({ id, pfn }) => [id, pfn]); // => [["S4", 1]]
 * ```
 */
export function checkInvariants(
  table: FrameTable,
  options: InvariantOptions = {},
): InvariantReport {
  const { slots, ledger } = tableOf(table);
  const { pathsOf, atEnd = false } = objectOf("options", options);
  const racing: number[] = [];
  const range = slotRange(table);
  const { parked, found } = parkedSlots(table);
  const sent = transitCounts(table);
  found.push(...checkHeader(table), ...checkLists(table), ...checkTransits(table));
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const before = stampOf(table, slot);
    const { status, storage, refCount, vtablePtr, inList, slotVaddr, usage } = view(
      ownerOf(table, slot),
    );
    const holders = ledger === undefined ? undefined : holdersWith(ledger, slot, sent);
    const paths = pathsOf?.(slot).size ?? holders?.path ?? 0;
    // Field by field: to spread the model would cost more than all the rest.
    const facts: SlotFacts = {
      status,
      storage,
      refCount,
      vtablePtr,
      inList,
      slotVaddr,
      usage,
      slot,
      range,
      paths,
      parked: parked.has(slot),
      holders,
    };
    const ofSlot = checkSlotWords(table, slot);
    for (const { id, what, holds } of SLOT_INVARIANTS) {
      if (!holds(facts)) ofSlot.push({ id, slot, what: `not so: ${what}` });
    }
    if (stampOf(table, slot) === before) found.push(...ofSlot);
    else racing.push(slot);
  }
  if (atEnd) {
    found.push(...(ledger?.report() ?? []).map(leakOf), ...inTransit(table).map(unreceived));
  }
  return { violations: found.map((one) => violationOf(table, one)), racing };
}

/** Differs where the slot has moved between two looks, unless it came back to the same count in the same life. */
function stampOf({ slots }: FrameTable, slot: number): number {
  const count = slots.load(slots.wordOf(slot, SlotWord.count));
  return slots.load(slots.wordOf(slot, SlotWord.generation)) * 2 ** 32 + count;
}

/** Who holds the frame of a slot, by the ledger. */
export function holdersOf(ledger: FrameLedger, slot: number): Holders {
  return ledger.countsOf(slot);
}

function leakOf({ agent, slot, kind, count }: ReturnType<FrameLedger["report"]>[number]) {
  return { id: "R5", slot, what: `agent ${agent} still has ${count} of kind ${kind}` };
}

function unreceived({ slot, kind, sender }: TransitEntry): TableFinding {
  return { id: "R5", slot, what: `a ${kind} that agent ${sender} sent was never received` };
}

/** With what is on its way, which is nobody's and so counts as a number does. */
function holdersWith(
  ledger: FrameLedger,
  slot: number,
  sent: ReadonlyMap<number, number>,
): Holders {
  const holders = holdersOf(ledger, slot);
  const more = sent.get(slot);
  return more === undefined ? holders : { ...holders, raw: holders.raw + more };
}

function violationOf({ slots }: FrameTable, { id, slot, what }: TableFinding): Violation {
  return { id, slot, pfn: slot < 0 ? -1 : slots.geometry.pfnOf(slot), what };
}
