/**
 * Makes slot tables, and opens those that another agent has made.
 *
 * FM-7: a table that was opened is one that this program and this memory agree with in every word that has a meaning:
 * version, mode, place of the words of a slot, banks, MMIO ranges, size. Anything else is refused before a slot is looked at.
 * Its maker stores the magic last, so a table that is still being made is refused too.
 *
 * @module
 */

import {
  type BankInit,
  bufferOf,
  bufferTraits,
  type FrameRange,
  type MemorySource,
  PhysicalMemory,
} from "@memkit/core";
import { objectOf, refuseOption } from "../argument.js";
import { REF_COUNT_UNUSED } from "../ref-count.js";
import type { HeaderPart } from "../table-error.js";
import { SlotGeometry } from "./geometry.js";
import {
  HeaderWord,
  MAGIC,
  MAX_TABLE_WORDS,
  MODE_NUMBER,
  partsOf,
  RANGE_WORDS,
  SLOT_WORDS,
  SlotWord,
  type TableParts,
  type TableRoom,
  VERSION,
  WORD_LAYOUT,
} from "./layout.js";
import { FrameError } from "./open-error.js";
import { SharedSlotTable } from "./shared.js";
import { SingleSlotTable } from "./single.js";
import type { SlotTable, TableKernel, TableMode } from "./slot-table.js";

/** What a new table is made for. */
export interface SlotTableOptions {
  /** The memory whose frames are counted; a plain source is one bank at frame 0. */
  readonly memory: PhysicalMemory | MemorySource | readonly BankInit[];
  /**
   * `single`: one agent, plain accesses, the default. `shared`: many agents, a SharedArrayBuffer, Atomics. `kernel`: the default
   * where a kernel is given, and not without one.
   */
  readonly mode?: TableMode;
  /** How many types of metadata the table has room for, 1..65,535. 64 if not given: 8 KiB. */
  readonly types?: number;
  /** How many handles can be on their way from one agent to another, 1..65,535. 64 if not given: 2 KiB. */
  readonly transits?: number;
  /** How many agents the table has records for, 1..1,024: those that can be reaped. 16 if not given: 1 KiB. */
  readonly agents?: number;
  /**
   * Where to put the table, instead of a buffer of its own: exactly as many bytes as {@link slotTableBytes} says, shared in
   * mode `shared`. Whoever can write them can forge any frame: they must be out of reach of guests.
   */
  readonly buffer?: ArrayBuffer | SharedArrayBuffer;
  /** A `FrameKernel` of at least as many bytes, in whose memory the table is then. Many agents, less than half of the time. */
  readonly kernel?: TableKernel;
}

/** Where a table is that another agent has made: in a buffer, or in the memory of a kernel. */
export interface SlotTableAttachment {
  readonly buffer?: ArrayBuffer | SharedArrayBuffer;
  readonly kernel?: TableKernel;
  /** This agent's view of the memory: the same banks over the same bytes. */
  readonly memory: PhysicalMemory | MemorySource | readonly BankInit[];
  /** As it was made; `shared` if not given, `kernel` with one. */
  readonly mode?: TableMode;
}

const DEFAULT_TYPES = 64;
const MAX_TYPES = 0xffff;
const DEFAULT_AGENTS = 16;
const MAX_AGENTS = 1024;
const DEFAULT_TRANSITS = 64;
const MAX_TRANSITS = 0xffff;

/** Slots of the pattern that new ones are copied from: 4 KiB, an eighth of a first-level cache of 32 KiB. Of 64 to 512 all are as fast. */
const PATTERN_SLOTS = 64;

/** Values of a word. */
const WORD = 2 ** 32;

/** What a table has room for, of those that its maker chooses. */
type Room = Pick<TableRoom, "types" | "agents" | "transits">;

const roomOf = ({
  types = DEFAULT_TYPES,
  agents = DEFAULT_AGENTS,
  transits = DEFAULT_TRANSITS,
}: SlotTableOptions): Room => ({ types, agents, transits });

function memoryOf(memory: SlotTableOptions["memory"]): PhysicalMemory {
  // By shape, not by class: it may come from another copy of the package that made it.
  const ready = "bankIndexOf" in Object(memory);
  return ready ? (memory as PhysicalMemory) : new PhysicalMemory(memory as MemorySource);
}

/** The mode asked for, or the one that the kernel, or its absence, means. */
function modeOf(
  options: Pick<SlotTableOptions, "mode" | "kernel" | "buffer">,
  usual: TableMode,
): TableMode {
  const { mode, kernel, buffer } = objectOf("options", options);
  const asked = mode ?? (kernel === undefined ? usual : "kernel");
  if (!Object.hasOwn(MODE_NUMBER, asked)) refuseOption("mode", mode);
  if ((asked === "kernel") !== (kernel !== undefined)) {
    refuseOption(
      "kernel",
      kernel === undefined ? "absent in mode kernel" : `given in mode ${asked}`,
    );
  }
  if (kernel !== undefined) {
    objectOf("kernel", kernel, "open");
    if (buffer !== undefined) refuseOption("buffer", "given with a kernel");
  }
  return asked;
}

function checkRoom(option: string, got: number, max: number): void {
  if (!(Number.isInteger(got) && got >= 1 && got <= max)) refuseOption(option, got);
}

function partsFor({ banks, mmio, totalFrames: frames }: PhysicalMemory, room: Room): TableParts {
  checkRoom("types", room.types, MAX_TYPES);
  checkRoom("agents", room.agents, MAX_AGENTS);
  checkRoom("transits", room.transits, MAX_TRANSITS);
  const parts = partsOf({ ...room, ranges: banks.length + mmio.length, frames });
  if (parts.words > MAX_TABLE_WORDS) {
    const max = MAX_TABLE_WORDS * 4;
    throw new FrameError({ code: "table-too-large", needed: parts.words * 4, max });
  }
  return parts;
}

/**
 * Bytes of the table that `createSlots` would make.
 *
 * @throws {@link FrameError} `invalid-option`, `table-too-large`; what `PhysicalMemory` throws
 */
export function slotTableBytes(options: SlotTableOptions): number {
  const { memory } = objectOf("options", options);
  return partsFor(memoryOf(memory), roomOf(options)).words * 4;
}

/**
 * A new table: every frame is unused.
 *
 * @throws {@link FrameError} `invalid-option`, `table-too-large` also where the host has no memory for it; what
 * `PhysicalMemory` throws
 *
 * @example
 * ```ts
 * import { createSlots } from "@memkit/frame-meta";
 *
 * const slots = createSlots({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
 * slots.tryClaim(2); // => 0
 * slots.tryPublish(2, 1, 2); // => 1
 * slots.tryInc(2); // => 2
 * slots.tryClaim(2); // => -7
 * ```
 */
export function createSlots(options: SlotTableOptions): SlotTable {
  const mode = modeOf(options, "single");
  const { kernel } = options;
  const memory = memoryOf(options.memory);
  const room = roomOf(options);
  const parts = partsFor(memory, room);
  const given = kernel?.buffer ?? options.buffer;
  const all = wordsIn(given ?? allocate(parts.words * 4, mode), mode);
  if (!fits(all, parts, mode)) {
    refuseOption("buffer", `${all.length * 4} bytes, ${parts.words * 4} are needed`);
  }
  const words = all.subarray(0, parts.words);
  if (given !== undefined) {
    Atomics.store(words, HeaderWord.magic, 0); // who attaches looks at it, and at nothing else before it is MAGIC
    words.fill(0, 1, parts.slots);
  }
  const header = headerOf(memory, mode, room);
  words.set(header.slice(1), 1);
  words.set(rangeWords(memory), parts.ranges);
  writeUnused(words, parts);
  Atomics.store(words, HeaderWord.magic, MAGIC); // FM-7: what was written above is seen by who finds it
  return open(words, memory, parts, mode, kernel);
}

/**
 * The table in `buffer`, or in the memory of `kernel`, which another agent, or this one, has made.
 *
 * @throws {@link FrameError} `header-mismatch`, `invalid-option`; what `PhysicalMemory` throws
 */
export function attachSlots(attachment: SlotTableAttachment): SlotTable {
  const mode = modeOf(attachment, "shared");
  const { kernel } = attachment;
  const words = wordsIn(kernel?.buffer ?? attachment.buffer, mode);
  const memory = memoryOf(attachment.memory);
  expectWord("magic", words.length === 0 ? 0 : Atomics.load(words, HeaderWord.magic), MAGIC);
  const recorded = (word: number): number => words[word] ?? 0;
  const room: Room = {
    types: recorded(HeaderWord.types),
    agents: recorded(HeaderWord.agents),
    transits: recorded(HeaderWord.transits),
  };
  const header = headerOf(memory, mode, room);
  expectWord("version", words[HeaderWord.version], header[HeaderWord.version]);
  expectWord("word layout", words[HeaderWord.wordLayout], header[HeaderWord.wordLayout]);
  expectWord("mode", words[HeaderWord.mode], header[HeaderWord.mode]);
  expectWord("banks", words[HeaderWord.banks], header[HeaderWord.banks]);
  expectWord("mmio", words[HeaderWord.mmio], header[HeaderWord.mmio]);
  const parts = partsFor(memory, room);
  rangeWords(memory).forEach((word, i) => {
    const part = i < memory.banks.length * RANGE_WORDS ? "banks" : "mmio";
    expectWord(part, words[parts.ranges + i], word);
  });
  if (!fits(words, parts, mode)) expectWord("size", words.length, parts.words);
  return open(words.subarray(0, parts.words), memory, parts, mode, kernel);
}

/**
 * Makes every slot an unused one, whatever was there. A few at a time are copied from a pattern that stays in the nearest cache, so that the
 * table goes through the caches once; to clear it and to write the counts afterwards takes twice as long.
 */
function writeUnused(words: Int32Array, { slots, words: end }: TableParts): void {
  const pattern = new Int32Array(Math.min(PATTERN_SLOTS * SLOT_WORDS, end - slots));
  for (let i = SlotWord.count; i < pattern.length; i += SLOT_WORDS) pattern[i] = REF_COUNT_UNUSED;
  for (let at = slots; at < end; at += pattern.length) {
    words.set(at + pattern.length <= end ? pattern : pattern.subarray(0, end - at), at);
  }
}

/** Whether so many words are a table's: all of them, but for the memory of a kernel, which has whole pages. */
function fits({ length }: Int32Array, { words }: TableParts, mode: TableMode): boolean {
  return mode === "kernel" ? length >= words : length === words;
}

function open(
  words: Int32Array,
  memory: PhysicalMemory,
  parts: TableParts,
  mode: TableMode,
  kernel: TableKernel | undefined,
): SlotTable {
  const geometry = new SlotGeometry(memory);
  if (kernel !== undefined) return kernel.open(words, geometry, parts);
  const Table = mode === "single" ? SingleSlotTable : SharedSlotTable;
  return new Table(words, geometry, parts);
}

function expectWord(part: HeaderPart, got: number | undefined, expected: number | undefined): void {
  if (got === expected) return;
  throw new FrameError({ code: "header-mismatch", part, expected: expected ?? 0, got: got ?? 0 });
}

function allocate(bytes: number, mode: TableMode): ArrayBuffer | SharedArrayBuffer {
  const Buffer = mode === "single" ? ArrayBuffer : SharedArrayBuffer;
  try {
    return new Buffer(bytes);
  } catch (cause) {
    // A RangeError: what is the most differs between hosts, and from moment to moment.
    throw new FrameError({ code: "table-too-large", needed: bytes, max: 0 }, { cause });
  }
}

/**
 * Views of resizable buffers are slow everywhere once there is one, and their words can go away.
 *
 * @throws {@link FrameError} `invalid-option`
 */
export function wordsIn(
  given: ArrayBuffer | SharedArrayBuffer | undefined,
  mode: TableMode,
): Int32Array {
  const buffer = provenBuffer(given);
  const { shared, resizable } = bufferTraits(buffer);
  if (resizable || (mode !== "single" && !shared)) {
    refuseOption("buffer", resizable ? "resizable" : `unshared in mode ${mode}`);
  }
  return new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
}

function provenBuffer(
  buffer: ArrayBuffer | SharedArrayBuffer | undefined,
): ArrayBuffer | SharedArrayBuffer {
  try {
    return bufferOf({ buffer } as MemorySource);
  } catch {
    return refuseOption("buffer", buffer); // an option is what it is here
  }
}

/** The header of such a table, with its magic. */
function headerOf(
  { banks, mmio, totalFrames }: PhysicalMemory,
  mode: TableMode,
  { types, agents, transits }: Room,
): Int32Array {
  const header = new Int32Array(SLOT_WORDS);
  header[HeaderWord.magic] = MAGIC;
  header[HeaderWord.version] = VERSION;
  header[HeaderWord.mode] = MODE_NUMBER[mode];
  header[HeaderWord.wordLayout] = WORD_LAYOUT;
  header[HeaderWord.frames] = totalFrames;
  header[HeaderWord.banks] = banks.length;
  header[HeaderWord.mmio] = mmio.length;
  header[HeaderWord.types] = types;
  header[HeaderWord.agents] = agents;
  header[HeaderWord.transits] = transits;
  return header;
}

/** Banks, then MMIO ranges, as the table records them. */
export function rangeWords({ banks, mmio }: PhysicalMemory): Int32Array {
  const ranges: readonly FrameRange[] = [...banks, ...mmio];
  const words = new Int32Array(ranges.length * RANGE_WORDS);
  ranges.forEach(({ firstPfn, frames }, i) => {
    // What does not fit a word of these arrays they cut off: above bit 31, and behind the point.
    words.set([firstPfn, firstPfn / WORD, frames, frames / WORD], i * RANGE_WORDS);
  });
  return words;
}
