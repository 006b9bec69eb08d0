/**
 * Makes allocators, and opens those that another agent has made.
 *
 * @module
 */

import { objectOf, refuseOption, tableOf } from "../argument.js";
import type { Segment } from "../frame/segment.js";
import type { FrameTable } from "../frame/table.js";
import { allocatorNumber, HeaderWord } from "../slot/layout.js";
import { wordsIn } from "../slot/open.js";
import { FrameError } from "../slot/open-error.js";
import type { HeaderPart } from "../table-error.js";
import { AllocWords, SharedAllocWords } from "./alloc-words.js";
import { BuddyAllocator, type BuddyHooks } from "./buddy-allocator.js";
import { Depot } from "./depot.js";
import { ALLOC_MAGIC, ALLOC_VERSION, AllocWord, allocParts } from "./layout.js";
import { claimMap, type MemoryRange } from "./memory-map.js";

/** What a new allocator is made for. */
export interface BuddyOptions extends BuddyHooks {
  /** How many agents have a cache, 1..256; 16 if not given, 1 in mode `single`. Others work without one. */
  readonly agents?: number;
  /**
   * What the machine says of its memory. What is not usable is claimed, with types of its own, and held by
   * {@link BuddyAllocator.claimed}; what the map does not speak of is usable.
   */
  readonly map?: readonly MemoryRange[];
  /** How many frames a cache has room for, 0..256; 32 if not given. */
  readonly cache?: number;
}

/** Where an allocator is that another agent has made. */
export interface BuddyAttachment extends BuddyHooks {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

/** Linux' per-CPU lists hold 2^5 pages and more; half of that at a time goes to and from the trees. */
const DEFAULT_CACHE = 32;
const DEFAULT_AGENTS = 16;
/** What an error would make of it otherwise: nobody has as many cores, and who looks for a frame looks into every cache. */
const MAX_AGENTS = 256;
const MAX_CACHE = 256;

function expect(option: string, got: number, min: number, max: number): number {
  return Number.isInteger(got) && got >= min && got <= max ? got : refuseOption(option, got);
}

/**
 * A new allocator of a table, which has none yet: every frame that is unused is in its free set. From here on the table's frames
 * are claimed and freed through it, by address too. To be called before the table is handed to other agents.
 *
 * @throws {@link FrameError} `invalid-option`, `has-allocator`, `table-too-large`; what claiming the map throws. Nothing has
 * changed then.
 */
export function createBuddy(table: FrameTable, options: BuddyOptions = {}): BuddyAllocator {
  refuseSecond(table);
  const { agents, map = [], cache = DEFAULT_CACHE, onExhausted } = hooked(options);
  const single = table.mode === "single";
  const records = expect("agents", agents ?? (single ? 1 : DEFAULT_AGENTS), 1, MAX_AGENTS);
  const room = expect("cache", cache, 0, MAX_CACHE);
  const parts = allocParts(table.memory, records, room);
  const Buffer = single ? ArrayBuffer : SharedArrayBuffer;
  let words: Int32Array;
  try {
    words = new Int32Array(new Buffer(parts.words * 4));
  } catch (cause) {
    throw new FrameError({ code: "table-too-large", needed: parts.words * 4, max: 0 }, { cause });
  }
  words[AllocWord.version] = ALLOC_VERSION;
  words[AllocWord.frames] = table.slots.frames;
  words[AllocWord.agents] = records;
  words[AllocWord.cache] = room;
  const number = drawnNumber();
  words[AllocWord.number] = number;
  if (table.slots.load(HeaderWord.allocator) !== 0) throw new FrameError({ code: "has-allocator" });
  const claimed = claimMap(table, map);
  const allocator = open(table, words, onExhausted, claimed);
  allocator.rescan();
  table.use(allocator, number);
  Atomics.store(words, AllocWord.magic, ALLOC_MAGIC);
  return allocator;
}

/**
 * The allocator of a table that this agent has attached to, as this agent sees it.
 *
 * @throws {@link FrameError} `header-mismatch`, `invalid-option`, `has-allocator`
 */
export function attachBuddy(table: FrameTable, attachment: BuddyAttachment): BuddyAllocator {
  refuseSecond(table);
  const { buffer, onExhausted } = hooked(attachment);
  const words = wordsIn(buffer, table.mode);
  const header = (word: number): number => words[word] ?? 0;
  expectWord("magic", words.length === 0 ? 0 : Atomics.load(words, AllocWord.magic), ALLOC_MAGIC);
  expectWord("version", header(AllocWord.version), ALLOC_VERSION);
  expectWord("size", header(AllocWord.frames), table.slots.frames);
  const number = header(AllocWord.number);
  expectWord("allocator", number, table.slots.load(HeaderWord.allocator));
  const allocator = open(table, words, onExhausted);
  table.use(allocator, number);
  return allocator;
}

function open(
  table: FrameTable,
  words: Int32Array,
  onExhausted: BuddyHooks["onExhausted"],
  claimed: readonly Segment[] = [],
): BuddyAllocator {
  const agents = expect("agents", words[AllocWord.agents] ?? 0, 1, MAX_AGENTS);
  const room = expect("cache", words[AllocWord.cache] ?? 0, 0, MAX_CACHE);
  const parts = allocParts(table.memory, agents, room);
  expectWord("size", words.length, parts.words);
  const Words = table.mode === "single" ? AllocWords : SharedAllocWords;
  const access = new Words(words, table.agent);
  const depot = new Depot(access, parts, agents, room, table.slots);
  const hook = onExhausted === undefined ? {} : { onExhausted };
  return new BuddyAllocator({ table, words: access, parts, depot, agents, room, claimed, ...hook });
}

/**
 * Tells the allocator of one table from that of another of the same size. There is nothing that all agents could count together,
 * so it is drawn: two are the same once in 2^24 times.
 */
const drawnNumber = (): number => allocatorNumber(Math.random() * 2 ** 24);

/** Options whose hook can be called. */
function hooked<O extends BuddyHooks>(options: O): O {
  const { onExhausted } = objectOf("options", options);
  if (onExhausted !== undefined && typeof onExhausted !== "function") {
    refuseOption("onExhausted", onExhausted);
  }
  return options;
}

/** Before a record is claimed. */
function refuseSecond(table: FrameTable): void {
  tableOf(table);
  if (table.freeSet !== undefined) throw new FrameError({ code: "has-allocator" });
}

function expectWord(part: HeaderPart, got: number, expected: number): void {
  if (got !== expected) throw new FrameError({ code: "header-mismatch", part, expected, got });
}
