/**
 * What holds for a table as a whole: its header and geometry (R), and its lists (L).
 *
 * @see vostd `meta_region_owners.rs`, `MetaRegionOwners::inv`; `linked_list_owners.rs`
 * @module
 */

import { inTransit, leadsAstray } from "../frame/send.js";
import type { FrameTable } from "../frame/table.js";
import { isTypeNumber } from "../meta/directory.js";
import { USAGE_NAMES } from "../meta/usage.js";
import { REF_COUNT_UNIQUE } from "../ref-count.js";
import {
  AGENT_WORDS,
  GENERATIONS,
  HeaderWord,
  isAllocatorWord,
  MAGIC,
  META_SLOT_SIZE,
  MODE_NUMBER,
  SLOT_WORDS,
  SlotWord,
  TRANSIT_WORDS,
  TYPE_WORDS,
  VERSION,
  WORD_LAYOUT,
} from "../slot/layout.js";
import { rangeWords } from "../slot/open.js";

/** Something that a table-wide predicate found: where, and what. */
export interface TableFinding {
  readonly id: string;
  /** -1 where it is no slot's. */
  readonly slot: number;
  readonly what: string;
}

const finding = (id: string, slot: number, what: string): TableFinding => ({ id, slot, what });

/** R1, R2: there is a slot for each frame, and none else. R4: the header says of the slots what is so. */
export function checkHeader({ slots }: FrameTable): TableFinding[] {
  const { words, parts, geometry } = slots;
  const found: TableFinding[] = [];
  const header = (word: number): number => slots.load(word);
  if (header(HeaderWord.frames) !== geometry.frames) {
    found.push(finding("R1", -1, `the header counts ${header(HeaderWord.frames)} frames`));
  }
  if (parts.slots + geometry.frames * SLOT_WORDS !== words.length) {
    found.push(finding("R1", -1, "the table does not end where its last slot does"));
  }
  const changed = (what: string): void => {
    found.push(finding("R4", -1, `the header's ${what} has changed`));
  };
  const expected: readonly (readonly [string, number, number])[] = [
    ["magic", HeaderWord.magic, MAGIC],
    ["version", HeaderWord.version, VERSION],
    ["mode", HeaderWord.mode, MODE_NUMBER[slots.mode]],
    ["word layout", HeaderWord.wordLayout, WORD_LAYOUT],
    ["banks", HeaderWord.banks, slots.memory.banks.length],
    ["mmio", HeaderWord.mmio, slots.memory.mmio.length],
    ["types", HeaderWord.types, (parts.slots - parts.types) / TYPE_WORDS],
    ["agents", HeaderWord.agents, (parts.transits - parts.agents) / AGENT_WORDS],
  ];
  for (const [name, word, value] of expected) if (header(word) !== value) changed(name);
  const unused = parts.types - parts.transits - header(HeaderWord.transits) * TRANSIT_WORDS;
  if (!(unused >= 0 && unused < SLOT_WORDS)) changed("transits");
  if (header(HeaderWord.lastList) < 0) changed("lists");
  if (!isAllocatorWord(header(HeaderWord.allocator))) changed("allocator");
  const ranges = rangeWords(slots.memory);
  if (ranges.some((word, i) => header(parts.ranges + i) !== word)) changed("ranges");
  return found;
}

/** R3: what is on its way is of frames that there are. */
export function checkTransits(table: FrameTable): TableFinding[] {
  return inTransit(table)
    .filter((entry) => leadsAstray(table, entry))
    .map(({ transit, kind, slot, frames }) => {
      const what = `a ${kind} on its way, number ${transit}, is of ${frames} frames from ${slot}`;
      return finding("R3", -1, what);
    });
}

/** R2, R4: the words of one slot mean what words of their kind can. */
export function checkSlotWords({ slots }: FrameTable, slot: number): TableFinding[] {
  const found: TableFinding[] = [];
  const word = (at: number): number => slots.load(slots.wordOf(slot, at));
  if (slots.geometry.slotOf(slots.geometry.pfnOf(slot)) !== slot) {
    found.push(finding("R2", slot, "its frame has another slot"));
  }
  const type = word(SlotWord.type);
  if (type !== 0 && !isTypeNumber(slots, type)) {
    found.push(finding("R4", slot, `no type has number ${type}`));
  }
  const usage = word(SlotWord.usage);
  if (USAGE_NAMES[usage] === undefined || USAGE_NAMES[usage] === "MMIO") {
    found.push(finding("R4", slot, `${usage} is no use of a frame`));
  }
  const generation = word(SlotWord.generation);
  if (!(generation >= 0 && generation < GENERATIONS)) {
    found.push(finding("R4", slot, `${generation} is no generation`));
  }
  return found;
}

/** The parked slots; R3: every link of theirs leads to a slot, and none round. */
export function parkedSlots({ slots }: FrameTable): { parked: Set<number>; found: TableFinding[] } {
  const parked = new Set<number>();
  const found: TableFinding[] = [];
  for (let link = slots.load(HeaderWord.parked); link !== 0; ) {
    const slot = link - 1;
    if (!(slot >= 0 && slot < slots.frames) || parked.has(slot)) {
      found.push(finding("R3", -1, `the list of parked frames leads to ${slot}`));
      break;
    }
    parked.add(slot);
    link = slots.load(slots.wordOf(slot, SlotWord.nextParked));
  }
  return { parked, found };
}

/** What one frame's slot says about its list. */
interface Member {
  readonly slot: number;
  readonly list: number;
  readonly next: number;
  readonly prev: number;
}

/**
 * L1: frames in a list are unique; who is behind whom agrees from both sides; each list has one first frame, from which all
 * others are reached, and one last. R3: links lead to slots.
 */
export function checkLists({ slots }: FrameTable): TableFinding[] {
  const lists = new Map<number, Map<number, Member>>();
  const found: TableFinding[] = [];
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const word = (at: number): number => slots.load(slots.wordOf(slot, at));
    const list = word(SlotWord.list);
    if (list === 0) continue;
    if (word(SlotWord.count) !== REF_COUNT_UNIQUE) {
      found.push(finding("L1", slot, `it is in list ${list}, but not unique`));
    }
    const [next, prev] = [word(SlotWord.storage) - 1, word(SlotWord.storage + 1) - 1];
    for (const link of [next, prev]) {
      if (!(link >= -1 && link < slots.frames)) {
        found.push(finding("R3", slot, `its link leads to ${link}`));
      }
    }
    const members = lists.get(list) ?? new Map<number, Member>();
    lists.set(list, members.set(slot, { slot, list, next, prev }));
  }
  for (const members of lists.values()) found.push(...checkList(members));
  return found;
}

function checkList(members: ReadonlyMap<number, Member>): TableFinding[] {
  const found: TableFinding[] = [];
  const firsts: Member[] = [];
  let lasts = 0;
  for (const member of members.values()) {
    const { slot, list, next, prev } = member;
    if (next === -1) lasts += 1;
    else if (members.get(next)?.prev !== slot) {
      found.push(finding("L1", slot, `the frame behind it in list ${list} does not know it`));
    }
    if (prev === -1) firsts.push(member);
    else if (members.get(prev)?.next !== slot) {
      found.push(finding("L1", slot, `the frame in front of it in list ${list} does not know it`));
    }
  }
  const [any] = members.values();
  const { slot, list } = any!;
  if (firsts.length !== 1 || lasts !== 1) {
    found.push(
      finding("L1", slot, `list ${list} has ${firsts.length} first and ${lasts} last frames`),
    );
  }
  const reached = new Set<number>();
  for (let at = firsts[0]; at !== undefined && !reached.has(at.slot); at = members.get(at.next)) {
    reached.add(at.slot);
  }
  if (reached.size !== members.size) {
    found.push(
      finding("L1", slot, `${reached.size} of ${members.size} frames are reached in list ${list}`),
    );
  }
  return found;
}

/** The bytes that slots may lie in. */
export function slotRange({ slots }: FrameTable): readonly [number, number] {
  const start = slots.parts.slots * 4;
  return [start, start + slots.frames * META_SLOT_SIZE];
}
