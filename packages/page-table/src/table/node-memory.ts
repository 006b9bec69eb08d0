/**
 * The words of nodes: where a node's entries are, and where its metadata.
 *
 *     a node's frame   512 entries of two words each
 *     its slot         word 0: nrChildren (bits 0..15) | stray (16..23) | level (24..31)
 *                      word 1: lock, the mark of the cursor that has the node, 0 for none, below 0 for a stray one
 *                      word 2: version, odd while an entry of two words changes (shared memory only)
 *                      word 3: of a root, 1 where the table has been forked, or came of a fork
 *
 * The layout of the slot is `storedPageTablePageMeta`'s. Here it is read as words, since a map counts its entry in a few
 * nanoseconds.
 *
 * PT-30: what an entry leads to is looked at only if it is a page-table node of the level that it must have: a forged entry is
 * `corrupt-table`, never a read of somebody's frame.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import type { FrameTable } from "@memkit/frame-meta";
import { PageUsage } from "@memkit/frame-meta";
import { TableError } from "./table-error.js";

/** Where words of the metadata are, from the slot's start. */
const META_WORD = 0;
export const LOCK_WORD = 1;
export const VERSION_WORD = 2;
export const FORKED_WORD = 3;
/** Of the metadata word. */
export const CHILDREN = 0xffff;
export const STRAY = 0x1_0000;
export const LEVEL_SHIFT = 24;
/** The usage word of a slot: `SlotWord.usage` of frame-meta's layout. */
export const USAGE_WORD = 11;
const PAGE_TABLE: number = PageUsage.PageTable;
/** Words of a slot: `META_SLOT_SIZE` / 4. */
const SLOT_WORDS = 16;
/** Words of a node. */
const NODE_WORDS = 1024;
/** Where the quick way of {@link NodeMemory.locate} ends, in words: below it every index is a small integer in all engines. */
const QUICK = 2 ** 30;

/** The nodes of one table of frames. */
export class NodeMemory {
  readonly frames: FrameTable;
  /** The words of the slots. */
  readonly slotWords: Int32Array;
  /** The answer of {@link NodeMemory.locate}: the words of the bank, the node's first, and its metadata in the slots. */
  words: Int32Array;
  base: number;
  meta: number;
  /** By bank. */
  private readonly banks: Int32Array[];
  // The first bank, which a node is looked for in first: most memories have one. Of its frames those that are in reach of it.
  private readonly firstPfn: number;
  private readonly firstFrames: number;
  private readonly firstBase: number;
  private firstWords: Int32Array;
  private readonly firstMeta: number;

  /** @throws {@link PageTableError} `unsupported-memory` */
  constructor(frames: FrameTable) {
    this.frames = frames;
    this.slotWords = frames.slots.words;
    this.words = new Int32Array(0);
    this.base = 0;
    this.meta = 0;
    this.banks = frames.memory.banks.map(() => this.words);
    const bank0 = frames.memory.banks[0];
    this.firstPfn = bank0?.firstPfn ?? 0;
    const base = (bank0?.byteOffset ?? 0) / 4;
    const quick = Math.max(0, Math.floor((QUICK - base) / NODE_WORDS));
    this.firstFrames = Math.min(bank0?.frames ?? 0, quick);
    this.firstBase = base | 0;
    this.firstWords = this.words;
    this.firstMeta = frames.slots.wordOf(0, META_WORD);
    for (let bank = 0; bank < this.banks.length; bank += 1) this.refresh(bank);
  }

  /** A node's metadata word. */
  protected metaAt(index: number): number {
    return this.slotWords[index]!;
  }

  /** The words of a bank whose buffer may have been exchanged. */
  private refresh(bank: number): Int32Array {
    const { views } = this.frames.memory.banks[bank]!;
    const bytes = views.refresh();
    if (views.resizable) {
      const what = "its buffer is resizable, and a view of one slows every other access";
      throw new TableError({ code: "unsupported-memory", what });
    }
    const known = this.banks[bank]!;
    const { buffer } = views.liveU8;
    if (known.buffer === buffer && known.length === bytes >>> 2) return known;
    const words = new Int32Array(buffer, 0, Math.floor(bytes / 4));
    this.banks[bank] = words;
    if (bank === 0) this.firstWords = words;
    return words;
  }

  /** Finds the node of `level` in frame `pfn`. @throws {@link PageTableError} `corrupt-table` */
  locate(pfn: number, level: number): void {
    // Who has divided bytes has a double that looks like an integer. It would stay one in every cursor's fields.
    const slot = (pfn - this.firstPfn) | 0;
    const { firstWords, slotWords } = this;
    const base = (this.firstBase + slot * NODE_WORDS) | 0;
    const meta = (this.firstMeta + slot * SLOT_WORDS) | 0;
    if (
      slot >= 0 &&
      slot < this.firstFrames &&
      slot + this.firstPfn === pfn &&
      this.metaAt(meta) >>> LEVEL_SHIFT === level &&
      slotWords[meta + USAGE_WORD] === PAGE_TABLE &&
      base + NODE_WORDS <= firstWords.length
    ) {
      this.words = firstWords;
      this.base = base;
      this.meta = meta;
      return;
    }
    this.search(pfn, level);
  }

  /** Whether a frame that somebody holds is a node, of whatever table: no item, since who maps it could write to it (PT-38). */
  isNode(pfn: number): boolean {
    const { slots } = this.frames;
    const slot = slots.geometry.slotOf(pfn);
    return this.slotWords[slots.wordOf(slot, META_WORD) + USAGE_WORD] === PAGE_TABLE;
  }

  /** In any bank, and where the buffer may have been exchanged. */
  private search(pfn: number, level: number): void {
    const { slots, memory } = this.frames;
    const bank = memory.bankIndexOf(pfn as Pfn);
    if (bank < 0) throw new TableError({ code: "corrupt-table", pfn, level });
    const meta = slots.wordOf(slots.geometry.slotOf(pfn), META_WORD);
    const { slotWords } = this;
    const isNode =
      this.metaAt(meta) >>> LEVEL_SHIFT === level && slotWords[meta + USAGE_WORD] === PAGE_TABLE;
    if (!isNode) throw new TableError({ code: "corrupt-table", pfn, level });
    const { byteOffset, firstPfn } = memory.banks[bank]!;
    const base = (byteOffset + (pfn - firstPfn) * 4096) / 4;
    let words = this.banks[bank]!;
    if (words.length < base + NODE_WORDS) words = this.refresh(bank);
    this.words = words;
    this.base = base;
    this.meta = meta;
  }
}
