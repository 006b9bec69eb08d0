/**
 * The slot table: one 64-byte slot for each frame, and every step that a slot can take.
 *
 * This is the raw storey: frame numbers in, numbers out, nothing allocated. A result below 0 is a {@link Refusal}, and
 * then nothing has changed. Handles that cannot be used twice are in `frame/`.
 *
 *                 claim              publish                inc
 *      UNUSED ----------->  BUSY  ----------->  SHARED n  <----->  SHARED n+1
 *         ^                 | ^ ^                1 | ^       dec
 *         |      release    | | +------------------+ |
 *         +-----------------+ |     dec              | toShared / toUnique
 *                             |                      v
 *                             +-----------------  UNIQUE
 *                       seize, publishUnique
 *
 * FM-5: these are all transitions there are. Each is one compare-and-swap from exactly the state that permits it, so a step
 * that comes too late finds that out before it has written anything.
 * FM-6: the type word is 0 wherever the count is UNUSED: it is cleared before UNUSED is stored, and set before BUSY is left.
 * Who could break them: code that writes the words by other means, such as a guest whose memory is the table's buffer.
 *
 * The modes differ in how a word is read and swapped, and in nothing else: a class for each supplies that, chosen once,
 * when the table is opened.
 *
 * @see OSTD `ostd/src/mm/frame/meta.rs`, `MetaSlot::get_from_unused` and its neighbours
 * @module
 */

import { PAGE_SIZE, type PhysicalMemory } from "@memkit/core";
import {
  REF_COUNT_BUSY,
  REF_COUNT_UNIQUE,
  REF_COUNT_UNUSED,
  Refusal,
  refusalOf,
} from "../ref-count.js";
import type { SlotGeometry } from "./geometry.js";
import { GENERATIONS, SLOT_WORDS, SlotWord, type TableParts } from "./layout.js";
import { refuseFrame } from "./refuse.js";

/** Whose words are touched: those of one agent, or of many, by `Atomics` or by the kernel of `@memkit/frame-meta/kernel`. */
export type TableMode = "single" | "shared" | "kernel";

/** The memory of a table in mode `kernel`: a `FrameKernel`. */
export interface TableKernel {
  /** @internal */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** @internal */
  open(words: Int32Array, geometry: SlotGeometry, parts: TableParts): SlotTable;
}

/** Why a step that starts from one state alone was refused. */
function refusalOfStep(found: number): number {
  return found > 0 ? Refusal.inUse : refusalOf(found);
}

/** The raw table. Made by `createSlots` or `attachSlots`. */
export abstract class SlotTable {
  abstract readonly mode: TableMode;
  /** Every word of the table. */
  readonly words: Int32Array;
  /** The same bytes, for metadata. */
  readonly dv: DataView;
  readonly geometry: SlotGeometry;
  /** Where the parts of the table are. */
  readonly parts: TableParts;
  // Private to TypeScript: V8 neither knows a `#` field's type nor that it never changes, which costs a third of a step.
  /** The first bank, which a frame is looked for in first: most memories have one. */
  private readonly firstPfn: number;
  private readonly firstFrames: number;
  private readonly counts: number;

  constructor(words: Int32Array, geometry: SlotGeometry, parts: TableParts) {
    const bank = geometry.memory.banks[0];
    this.words = words;
    this.dv = new DataView(words.buffer, words.byteOffset, words.byteLength);
    this.geometry = geometry;
    this.parts = parts;
    this.firstPfn = bank?.firstPfn ?? 0;
    this.firstFrames = bank?.frames ?? 0;
    this.counts = parts.slots + SlotWord.count;
  }

  /** The memory whose frames these slots describe. */
  get memory(): PhysicalMemory {
    return this.geometry.memory;
  }

  /** Frames, and so slots. */
  get frames(): number {
    return this.geometry.frames;
  }

  /** Reads a word. */
  abstract load(index: number): number;
  /** Writes a word that is this agent's to write. */
  abstract store(index: number, value: number): void;
  /** Replaces `from` by `to`, and returns what was there: `from` if it did. */
  abstract swap(index: number, from: number, to: number): number;
  /** Adds without a look, and returns the sum: see `unchecked.ts` for what the caller must know. @internal */
  abstract addAt(index: number, step: number): number;
  /** One more handle on the frame with this count word. */
  abstract incAt(index: number): number;
  /** One handle less. */
  abstract decAt(index: number): number;

  /** The index of the count word of frame `pfn`, or `Refusal.outOfBound` or `Refusal.mmio`. */
  countIndexOf(pfn: number): number {
    const slot = pfn - this.firstPfn;
    if (slot >>> 0 === slot && slot < this.firstFrames) return this.counts + slot * SLOT_WORDS;
    const found = this.geometry.slotOf(pfn);
    return found < 0 ? found : this.counts + found * SLOT_WORDS;
  }

  /** {@link SlotTable.countIndexOf} of what the caller knows to be a frame of the memory. @internal */
  knownCountIndexOf(pfn: number): number {
    const slot = pfn - this.firstPfn; // not below 0: banks are sorted
    return slot < this.firstFrames ? this.counts + slot * SLOT_WORDS : this.countIndexOf(pfn);
  }

  /** The slot of the frame that starts at `paddr`, or `Refusal.notAligned`, `outOfBound` or `mmio`, judged in this order. */
  slotAt(paddr: number): number {
    if (paddr % PAGE_SIZE !== 0) return Refusal.notAligned; // NaN too
    return this.geometry.slotOf(paddr / PAGE_SIZE);
  }

  /** The index of a word of `slot`. */
  wordOf(slot: number, word: number): number {
    return this.parts.slots + slot * SLOT_WORDS + word;
  }

  /** The count word of frame `pfn` now, by the table of `statusOf`; any int32, so not to be taken for a refusal. */
  countOf(pfn: number): number {
    return this.load(this.#checked(pfn));
  }

  /**
   * One more handle: n to n+1. For who holds a handle, and for who does not (OSTD's `get_from_in_use`): the swap succeeds
   * only on a frame that somebody holds.
   *
   * @returns the new count, or `unused`, `unique`, `busy`, `countAtMax`, `outOfBound`, `mmio`, `overflow`
   */
  tryInc(pfn: number): number {
    const index = this.countIndexOf(pfn);
    return index < 0 ? index : this.incAt(index);
  }

  /**
   * One handle less: n to n-1. At 0 the frame is busy, and the caller's to tear down and {@link SlotTable.tryRelease}.
   *
   * @returns the new count, or `unused`, `unique`, `busy`, `outOfBound`, `mmio`, `overflow`
   */
  tryDec(pfn: number): number {
    const index = this.countIndexOf(pfn);
    return index < 0 ? index : this.decAt(index);
  }

  /** {@link SlotTable.tryInc} that throws. @throws {@link FrameError} with the refusal as `code` */
  inc(pfn: number): number {
    const count = this.tryInc(pfn);
    return count >= 0 ? count : refuseFrame(this, pfn, count);
  }

  /** {@link SlotTable.tryDec} that throws. @throws {@link FrameError} with the refusal as `code` */
  dec(pfn: number): number {
    const count = this.tryDec(pfn);
    return count >= 0 ? count : refuseFrame(this, pfn, count);
  }

  /**
   * UNUSED to BUSY. The frame is then the caller's alone, to write its metadata and {@link SlotTable.tryPublish}.
   *
   * @returns 0, or `unique`, `busy`, `inUse`, `outOfBound`, `mmio`, `overflow`
   */
  tryClaim(pfn: number): number {
    const index = this.countIndexOf(pfn);
    return index < 0 ? index : this.claimAt(index);
  }

  /** {@link SlotTable.tryClaim} of the frame with this count word. */
  claimAt(index: number): number {
    const found = this.swap(index, REF_COUNT_UNUSED, REF_COUNT_BUSY);
    return found === REF_COUNT_UNUSED ? 0 : refusalOfStep(found);
  }

  /**
   * BUSY to 1, by who claimed the frame. The metadata must have been written before.
   *
   * @param type - of the directory, not 0
   * @param usage - a number of `PageUsage`
   * @returns 1, or a refusal where the frame was not busy
   */
  tryPublish(pfn: number, type: number, usage: number): number {
    const done = this.#publish(pfn, type, usage, 1);
    return done === 0 ? 1 : done;
  }

  /** BUSY to UNIQUE, as {@link SlotTable.tryPublish}. @returns 0, or a refusal */
  tryPublishUnique(pfn: number, type: number, usage: number): number {
    return this.#publish(pfn, type, usage, REF_COUNT_UNIQUE);
  }

  /** BUSY to UNUSED, by who claimed the frame or was told 0 by a `dec`. @returns 0, or a refusal */
  tryRelease(pfn: number): number {
    const index = this.countIndexOf(pfn);
    return index < 0 ? index : this.releaseAt(index);
  }

  /** {@link SlotTable.tryRelease} of the frame with this count word. */
  releaseAt(index: number): number {
    const word = this.load(index);
    if (word !== REF_COUNT_BUSY) return refusalOfStep(word);
    const { words } = this;
    const slot = index - SlotWord.count;
    const generation = (words[slot + SlotWord.generation]! + 1) % GENERATIONS;
    words[slot + SlotWord.usage] = 0;
    words[slot + SlotWord.type] = 0; // FM-6: before the count says that the frame is anybody's
    this.store(slot + SlotWord.generation, generation); // atomic: holders of stale raw handles look at it
    const found = this.swap(index, REF_COUNT_BUSY, REF_COUNT_UNUSED);
    return found === REF_COUNT_BUSY ? 0 : refusalOfStep(found);
  }

  /** UNIQUE to 1, by the owner. @returns 1, or a refusal */
  tryToShared(pfn: number): number {
    const done = this.#step(pfn, REF_COUNT_UNIQUE, 1);
    return done === 0 ? 1 : done;
  }

  /** 1 to UNIQUE, by the only holder. @returns 0, or `inUse` where others hold it too, or another refusal */
  tryToUnique(pfn: number): number {
    return this.#step(pfn, 1, REF_COUNT_UNIQUE);
  }

  /** UNIQUE to BUSY, by the owner, to tear the frame down. @returns 0, or a refusal */
  trySeize(pfn: number): number {
    return this.#step(pfn, REF_COUNT_UNIQUE, REF_COUNT_BUSY);
  }

  /**
   * From one state to another, of those that the diagram above connects. @returns 0, or why not: `to` is no result, for -2
   * is a state and a refusal.
   * @internal
   */
  stepAt(index: number, from: number, to: number): number {
    const found = this.swap(index, from, to);
    return found === from ? 0 : refusalOfStep(found);
  }

  /** BUSY to `to`, 1 or UNIQUE, of the frame with this count word. @returns 0, or a refusal @internal */
  publishAt(index: number, type: number, usage: number, to: number): number {
    const word = this.load(index);
    if (word !== REF_COUNT_BUSY) return refusalOfStep(word);
    const slot = index - SlotWord.count;
    this.words[slot + SlotWord.usage] = usage;
    this.words[slot + SlotWord.type] = type; // FM-6: before anybody can take the frame
    const found = this.swap(index, REF_COUNT_BUSY, to);
    return found === REF_COUNT_BUSY ? 0 : refusalOfStep(found);
  }

  #step(pfn: number, from: number, to: number): number {
    const index = this.countIndexOf(pfn);
    return index < 0 ? index : this.stepAt(index, from, to);
  }

  #publish(pfn: number, type: number, usage: number, to: number): number {
    const index = this.countIndexOf(pfn);
    return index < 0 ? index : this.publishAt(index, type, usage, to);
  }

  #checked(pfn: number): number {
    const index = this.countIndexOf(pfn);
    return index >= 0 ? index : refuseFrame(this, pfn, index);
  }
}
