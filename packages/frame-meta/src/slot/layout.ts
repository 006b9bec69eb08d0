/**
 * The bytes of a slot table: a header, the ranges of frames, the directory of types, and one slot for each frame.
 *
 *     byte 0      64 B header | 32 B for each bank and MMIO range | 64 B for each agent | 32 B for each
 *                 handle on its way | 128 B for each type | 64 B for each frame
 *
 *     a slot      0 .. 39   metadata of the frame's type            (words 0 .. 9)
 *                 40        reference count, a count and a state    (word 10)
 *                 44        usage                                   (word 11)
 *                 48        type, 0 while there is none             (word 12)
 *                 52        generation, for raw handles             (word 13)
 *                 56        list that the frame is in, 0 for none   (word 14)
 *                 60        next parked frame + 1, 0 for none       (word 15)
 *
 * Sizes and places are OSTD's: 64 bytes, 40 of them storage, count at 40, vtable at 48, list at 56. OSTD's fields have 64
 * bits; ours have 32, and the halves that become free hold what OSTD has no room for.
 *
 * @see OSTD `ostd/src/mm/frame/meta.rs`, `MetaSlot`
 * @module
 */

/** Bytes of a slot. OSTD `META_SLOT_SIZE`. */
export const META_SLOT_SIZE = 64;
/** Bytes of metadata that a slot has room for. OSTD `FRAME_METADATA_MAX_SIZE`. */
export const FRAME_METADATA_MAX_SIZE = 40;
/** The strictest alignment of metadata. A slot starts with its storage, so it is the slot's. OSTD `FRAME_METADATA_MAX_ALIGN`. */
export const FRAME_METADATA_MAX_ALIGN = 64;

/** Bytes of them that the link of a list leaves for the metadata inside. vostd `MetaSlotSmall`. */
export const META_SLOT_SMALL_SIZE = 32;

/** 32-bit words of a slot. */
export const SLOT_WORDS = 16;

/** Where each word of a slot is, in words from its start. */
export const SlotWord = {
  storage: 0,
  count: 10,
  usage: 11,
  type: 12,
  generation: 13,
  list: 14,
  nextParked: 15,
} as const;

/** Where each word of the header is. */
export const HeaderWord = {
  /** Written last: a table without it is not ready. */
  magic: 0,
  version: 1,
  mode: 2,
  /** {@link WORD_LAYOUT} of whoever made the table. */
  wordLayout: 3,
  frames: 4,
  banks: 5,
  mmio: 6,
  /** Types that the directory has room for. */
  types: 7,
  /** The list id given out last. */
  lastList: 8,
  /** The slot + 1 of the frame parked last, 0 for none. */
  parked: 9,
  /** Agents that there are records for. */
  agents: 10,
  /** The agent + 1 that has stopped the table to reap others, 0 for none. */
  reaper: 11,
  /** Counts up so that what was unlinked can be freed when all who may see it are gone: see `agent/agent.ts`. */
  epoch: 12,
  /** Handles on their way to another agent that there is room for. */
  transits: 13,
  /** Bits of an access to an entry of page tables in these frames, of whoever was first; 0 while there are none. For `page-table`. */
  entryWidth: 14,
  /** The allocator's number where the frames belong to one, else 0: agents without it neither claim nor free any. */
  allocator: 15,
} as const;

/** Words of the header: one slot's worth, so that what follows stays aligned. */
export const HEADER_WORDS = 16;
/** Words for a bank or MMIO range: its first frame and its frames, 64 bits each, and as much again that is 0. */
export const RANGE_WORDS = 8;
/** Words for a type in the directory. */
export const TYPE_WORDS = 32;
/** Words for an agent's record: a cache line, for agents pin themselves all the time. */
export const AGENT_WORDS = 16;
/** Words for a handle on its way to another agent. */
export const TRANSIT_WORDS = 8;

/** "MKFM" as a little-endian word. */
export const MAGIC = 0x4d46_4b4d;
/** Counts up when the bytes of a table change their meaning. */
export const VERSION = 2;
/** What the header says of an allocator without a number of its own. */
export const ANY_ALLOCATOR = 1;
/** "M" in the highest byte of an allocator's number, so that another word in its place is found out. */
const ALLOCATOR_TAG = 0x4d;

/** The number of an allocator, of 24 bits of the caller's choice. */
export const allocatorNumber = (bits: number): number => (ALLOCATOR_TAG << 24) | (bits & 0xff_ffff);

/** Whether a header can say so of its allocator. */
export const isAllocatorWord = (word: number): boolean =>
  word === 0 || word === ANY_ALLOCATOR || word >>> 24 === ALLOCATOR_TAG;

/** What the header says of the mode. */
export const MODE_NUMBER = { single: 1, shared: 2, kernel: 3 } as const;
/** Where the words of a slot are, as one number: a table made by code that puts them elsewhere is refused. */
export const WORD_LAYOUT: number = Object.values(SlotWord).reduce(
  (sum, word) => (sum * 31 + word) | 0,
  SLOT_WORDS,
);

/** The most generations there are: raw handles carry 20 bits of it, beside 27 of slot within a 53-bit number. */
export const GENERATIONS: number = 2 ** 20;

/** The most words of a table: the index of each must be an int32, which V8 keeps without allocating. */
export const MAX_TABLE_WORDS: number = 2 ** 31 - 1;

/** Where the parts of a table start, in words. */
export interface TableParts {
  readonly ranges: number;
  readonly agents: number;
  readonly transits: number;
  readonly types: number;
  readonly slots: number;
  /** Words of the whole table. */
  readonly words: number;
}

/** How many of each a table has room for. */
export interface TableRoom {
  /** Banks and MMIO ranges. */
  readonly ranges: number;
  readonly agents: number;
  readonly transits: number;
  readonly types: number;
  readonly frames: number;
}

/** Where the parts of a table are that has room for so many. */
export function partsOf({ ranges, agents, transits, types, frames }: TableRoom): TableParts {
  const agentsAt = HEADER_WORDS + alignUp(ranges * RANGE_WORDS);
  const transitsAt = agentsAt + agents * AGENT_WORDS;
  const typesAt = transitsAt + alignUp(transits * TRANSIT_WORDS);
  const slots = typesAt + types * TYPE_WORDS;
  const words = slots + frames * SLOT_WORDS;
  return {
    ranges: HEADER_WORDS,
    agents: agentsAt,
    transits: transitsAt,
    types: typesAt,
    slots,
    words,
  };
}

function alignUp(words: number): number {
  return Math.ceil(words / SLOT_WORDS) * SLOT_WORDS;
}
