/**
 * Tables as bytes at rest.
 *
 * FM-29: a table that was opened from bytes keeps every invariant that `checkInvariants` knows, and nobody is in the middle of
 * anything in it: no frame is busy but those that are parked, no record is an agent's, no handle is on its way. Bytes of which
 * that is not so are refused, whoever made them.
 *
 * What frames hold (their 4096 bytes each) is not part of it, and neither is the allocator: what is free is what is unused.
 * Handles survive as raw handles: `intoRaw` before, `fromRaw` after. A `LinkedList` does not: take its frames out before.
 *
 * @module
 */

import type { PhysicalMemory } from "@memkit/core";
import { pinnedAgents } from "../agent/agent.js";
import { objectOf, refuseOption, tableOf } from "../argument.js";
import { inTransit, isSending } from "../frame/send.js";
import { FrameTable, type FrameTableExtras } from "../frame/table.js";
import { frameError } from "../frame-error.js";
import { directoryFault } from "../meta/directory.js";
import { checkInvariants } from "../model/check.js";
import type { FrameLedger } from "../model/frame-ledger.js";
import { REF_COUNT_BUSY, REF_COUNT_UNIQUE } from "../ref-count.js";
import { HeaderWord, MODE_NUMBER, SlotWord } from "../slot/layout.js";
import type { SlotTableOptions } from "../slot/open.js";
import type { SlotTable, TableMode } from "../slot/slot-table.js";

const ofFrame = (pfn: number): string => (pfn < 0 ? "" : `of frame 0x${pfn.toString(16)}, `);

const FrameError = /* @__PURE__ */ frameError<"not-at-rest" | "corrupt-table">({
  "not-at-rest": (d) => `the table cannot be saved now: ${ofFrame(d.pfn)}${d.what}`,
  "corrupt-table": (d) => `these bytes are no table that can be: ${ofFrame(d.pfn)}${d.what}`,
});

/** Where the memory is that a saved table is about. */
export interface SavedTable {
  readonly memory: PhysicalMemory | SlotTableOptions["memory"];
  /** As it was when saved, `shared` where that was `kernel`; `single` if not given. */
  readonly mode?: Exclude<TableMode, "kernel">;
}

/** What is wrong with one slot, by its frame. */
interface Fault {
  readonly pfn: number;
  readonly what: string;
}

/**
 * The bytes of a table. No agent may be at work on it, and no handle on its way to another.
 *
 * @throws {@link FrameError} `not-at-rest` where somebody is; `invalid-option` for what is no table
 *
 * @example
 * ```ts
 * import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
 * import { createBuddy } from "@memkit/frame-meta/alloc";
 * import { openTable, saveTable } from "@memkit/frame-meta/save";
 *
 * const memory = { buffer: new ArrayBuffer(16 * 4096) };
 * const table = FrameTable.create({ memory });
 * const raw = Frame.fromUnused(table, 0x3000, unitMeta, {}).intoRaw();
 * const bytes = saveTable(table);
 *
 * const later = openTable(bytes, { memory });
 * later.bind(unitMeta);
 * createBuddy(later).stats().taken; // => 1
 * Frame.fromRaw(later, raw).paddr; // => 0x3000
 * ```
 */
export function saveTable(table: FrameTable): Uint8Array {
  const { slots } = tableOf(table);
  const fault = unrest(slots) ?? atWork(table);
  if (fault !== undefined) throw new FrameError({ code: "not-at-rest", ...fault });
  const { buffer, byteOffset, byteLength } = slots.words;
  const bytes = new Uint8Array(byteLength); // unshared, also where the table is
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength));
  return bytes;
}

/**
 * The table that {@link saveTable} made bytes of, in a buffer of its own. It has no allocator and no agents yet. A ledger that is
 * empty is told of every handle there is, as a raw one; one that was kept beside the table is taken as it is.
 *
 * @throws {@link FrameError} `corrupt-table` for bytes that break an invariant; `header-mismatch`, `invalid-option` for those that
 * are no table of this memory; what `PhysicalMemory` throws
 */
export function openTable(
  bytes: Uint8Array,
  saved: SavedTable,
  extras: FrameTableExtras = {},
): FrameTable {
  if (!ArrayBuffer.isView(bytes)) refuseOption("bytes", bytes);
  const { memory, mode = "single" } = objectOf("options", saved);
  const { agent, ...others } = objectOf("extras", extras);
  const buffer =
    mode === "single" ? new ArrayBuffer(bytes.byteLength) : new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(buffer).set(bytes);
  if (mode === "shared") withoutKernel(buffer);
  const judged = FrameTable.attach({ buffer, memory, mode });
  forgetAgents(judged.slots);
  refuseCorrupt(judged);
  const table = FrameTable.attach(
    { buffer, memory: judged.memory, mode },
    agent === undefined ? others : { ...others, agent },
  );
  if (table.ledger?.report().length === 0) tellLedger(table.slots, table.ledger);
  return table;
}

/** A kernel steps the same words, so without one its table is a shared one. */
function withoutKernel(buffer: ArrayBuffer | SharedArrayBuffer): void {
  const words = new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
  if (words[HeaderWord.mode] === MODE_NUMBER.kernel) words[HeaderWord.mode] = MODE_NUMBER.shared;
}

/** FM-18 of a ledger that was not there: counts are of raw handles, but for frames in a list. */
function tellLedger(slots: SlotTable, ledger: FrameLedger): void {
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const count = slots.load(slots.wordOf(slot, SlotWord.count));
    const listed = slots.load(slots.wordOf(slot, SlotWord.list)) !== 0;
    if (count > 0) ledger.record(slot, "raw", count);
    else if (count === REF_COUNT_UNIQUE) ledger.record(slot, listed ? "list" : "raw", 1);
  }
}

/** Agents, a reap, an allocator and handles on their way are of the run that saved the table. */
function forgetAgents({ words, parts }: SlotTable): void {
  words.fill(0, parts.agents, parts.types);
  for (const word of [HeaderWord.reaper, HeaderWord.epoch, HeaderWord.allocator]) words[word] = 0;
}

function refuseCorrupt(table: FrameTable): void {
  const { slots } = table;
  const refuse = (pfn: number, what: string): never => {
    throw new FrameError({ code: "corrupt-table", pfn, what });
  };
  // First what the other checks rely on: they read names and follow numbers.
  const fault = directoryFault(slots);
  if (fault !== undefined) refuse(-1, fault);
  const [violation] = checkInvariants(table).violations;
  if (violation !== undefined) refuse(violation.pfn, `${violation.id}: ${violation.what}`);
  const busy = unrest(slots) ?? strayNumbers(slots);
  if (busy !== undefined) refuse(busy.pfn, busy.what);
}

/** What agents are doing of which no frame tells, if anything. */
function atWork(table: FrameTable): Fault | undefined {
  const { slots } = table;
  const [pinned] = pinnedAgents(slots);
  if (pinned !== undefined) return { pfn: -1, what: `agent ${pinned.agent} is in a step` };
  if (slots.load(HeaderWord.reaper) !== 0) return { pfn: -1, what: "it is being reaped" };
  const moving = isSending(slots) || inTransit(table).length > 0;
  return moving ? { pfn: -1, what: "a handle is on its way" } : undefined;
}

/** A frame that somebody builds or ends, if there is one. Links of parked frames must lead to slots, and none round. */
function unrest(slots: SlotTable): Fault | undefined {
  const parked = new Set<number>();
  for (let link = slots.load(HeaderWord.parked); link !== 0 && !parked.has(link - 1); ) {
    parked.add(link - 1);
    link = slots.load(slots.wordOf(link - 1, SlotWord.nextParked));
  }
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const busy = slots.load(slots.wordOf(slot, SlotWord.count)) === REF_COUNT_BUSY;
    if (busy === parked.has(slot)) continue;
    return {
      pfn: slots.geometry.pfnOf(slot),
      what: busy ? "it is busy" : "it is parked, and not busy",
    };
  }
  return undefined;
}

/** Words that the invariants leave open. */
function strayNumbers(slots: SlotTable): Fault | undefined {
  const last = slots.load(HeaderWord.lastList);
  if (last < 0) return { pfn: -1, what: `${last} lists have been made` };
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const word = (at: number): number => slots.load(slots.wordOf(slot, at));
    const pfn = slots.geometry.pfnOf(slot);
    if (word(SlotWord.list) < 0 || word(SlotWord.list) > last) {
      return { pfn, what: `it is in list ${word(SlotWord.list)} of ${last}` };
    }
    if (word(SlotWord.count) !== REF_COUNT_BUSY && word(SlotWord.nextParked) !== 0) {
      return { pfn, what: "it is linked to parked frames" };
    }
  }
  return undefined;
}
