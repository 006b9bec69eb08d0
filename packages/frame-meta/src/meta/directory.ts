/**
 * The directory of types: in the table itself, so that agents agree on the number of a type whatever order their modules
 * were loaded in.
 *
 *     an entry     word 0    0 free, 1 being written, -(agent + 1) by an agent with a number, 2 ready
 *                  1, 2      hash of name, layout, untypedness, usage and lock
 *                  3         bytes of the name
 *                  4         where the lock is, 1 + the bytes of metadata in front of it; 0 for none
 *                  5 .. 7    0
 *                  8 .. 31   the name, UTF-8
 *
 * FM-11: one type has one number in every agent, and a number is one type for as long as the table lives. An entry is claimed
 * by a swap of its first word and published by a store to it; entries are never changed or freed.
 *
 * @module
 */

import { frameError } from "../frame-error.js";
import { FRAME_METADATA_MAX_SIZE, HeaderWord, TYPE_WORDS } from "../slot/layout.js";
import { park } from "../slot/park.js";
import type { SlotTable } from "../slot/slot-table.js";
import type { FrameMeta } from "./frame-meta.js";

const FrameError = /* @__PURE__ */ frameError<"directory-full">({
  "directory-full": (d) =>
    `no room for type ${d.type} beside ${d.capacity}: create the table with more types`,
});

const FREE = 0;
const WRITING = 1;
const READY = 2;
const EntryWord = { state: 0, hash: 1, nameBytes: 3, lock: 4, name: 8 } as const;
/** What an entry has room for. */
const MAX_NAME_BYTES = (TYPE_WORDS - EntryWord.name) * 4;

const capacityOf = (slots: SlotTable): number => slots.words[HeaderWord.types]!;
const entryOf = (slots: SlotTable, id: number): number => slots.parts.types + (id - 1) * TYPE_WORDS;
const hashWords = (hash: bigint): readonly [number, number] => [
  Number(BigInt.asIntN(32, hash)),
  Number(BigInt.asIntN(32, hash >> 32n)),
];

function nameBytes({ words }: SlotTable, entry: number, length: number): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset + (entry + EntryWord.name) * 4, length);
}

/**
 * The number of a type in this table, 1 or more: its own from an earlier call of any agent, or a new one.
 *
 * @param agent - the number of who asks, so that an entry can be freed whose writer died; -1 for none
 * @throws {@link FrameError} `directory-full`
 */
export function internType(slots: SlotTable, type: FrameMeta, agent = -1): number {
  const writing = agent < 0 ? WRITING : -(agent + 1);
  const name = new TextEncoder().encode(type.name);
  const capacity = capacityOf(slots);
  const { words } = slots;
  const [lo, hi] = hashWords(type.hash);
  const lock = type.lockOffset + 1;
  for (let id = 1; id <= capacity; ) {
    const entry = entryOf(slots, id);
    const state = slots.load(entry);
    if (state === READY) {
      if (isType(slots, entry, lo, hi, name)) return id;
      id += 1;
    } else if (state !== FREE) park(words, entry, state);
    else if (slots.swap(entry, FREE, writing) === FREE) {
      // Nothing from here to the store can throw, or everybody would wait for this entry for ever: the type is read above.
      words[entry + EntryWord.hash] = lo;
      words[entry + EntryWord.hash + 1] = hi;
      words[entry + EntryWord.nameBytes] = name.length;
      words[entry + EntryWord.lock] = lock;
      nameBytes(slots, entry, name.length).set(name);
      slots.store(entry, READY);
      return id;
    }
  }
  throw new FrameError({ code: "directory-full", type: type.name, capacity });
}

function isType(
  slots: SlotTable,
  entry: number,
  lo: number,
  hi: number,
  name: Uint8Array,
): boolean {
  const { words } = slots;
  if (words[entry + EntryWord.hash] !== lo || words[entry + EntryWord.hash + 1] !== hi)
    return false;
  if (words[entry + EntryWord.nameBytes] !== name.length) return false;
  return nameBytes(slots, entry, name.length).every((byte, i) => byte === name[i]);
}

/** Frees the entries that `agent` was writing when it died. */
export function freeEntriesOf(slots: SlotTable, agent: number): void {
  for (let id = 1; id <= capacityOf(slots); id += 1) {
    slots.swap(entryOf(slots, id), -(agent + 1), FREE);
  }
}

/** Whether `id` is the number of a type that some agent has interned, with a name that can be. */
export function isTypeNumber(slots: SlotTable, id: number): boolean {
  if (!(Number.isInteger(id) && id >= 1 && id <= capacityOf(slots))) return false;
  const entry = entryOf(slots, id);
  const length = slots.words[entry + EntryWord.nameBytes]!;
  return slots.load(entry) === READY && length >= 1 && length <= MAX_NAME_BYTES;
}

/** Where the lock of type `id` is in the metadata, in bytes, or -1: of a type too that this agent has not bound. */
export function lockOffsetOf(slots: SlotTable, id: number): number {
  if (!isTypeNumber(slots, id)) return -1;
  const offset = slots.words[entryOf(slots, id) + EntryWord.lock]! - 1;
  return offset % 4 === 0 && offset < FRAME_METADATA_MAX_SIZE ? offset : -1;
}

/** The name of a type that some agent has interned, or `undefined`. */
export function typeName(slots: SlotTable, id: number): string | undefined {
  if (!isTypeNumber(slots, id)) return undefined;
  const entry = entryOf(slots, id);
  const bytes = nameBytes(slots, entry, slots.words[entry + EntryWord.nameBytes]!);
  return new TextDecoder().decode(bytes.slice()); // a decoder refuses shared bytes
}

/** What is wrong with a directory whose bytes are not to be trusted, or `undefined`: states, names, and no type twice. */
export function directoryFault(slots: SlotTable): string | undefined {
  const { words } = slots;
  const known = new Set<string>();
  for (let id = 1; id <= capacityOf(slots); id += 1) {
    const entry = entryOf(slots, id);
    const state = words[entry];
    if (state === FREE) continue;
    const length = words[entry + EntryWord.nameBytes]!;
    if (state !== READY || !(length >= 1 && length <= MAX_NAME_BYTES))
      return `type ${id} is no entry`;
    const hash = `${words[entry + EntryWord.hash]}.${words[entry + EntryWord.hash + 1]}`;
    const key = `${hash} ${nameBytes(slots, entry, length).join()}`;
    if (known.has(key)) return `type ${id} is in the directory twice`;
    known.add(key);
  }
  return undefined;
}
