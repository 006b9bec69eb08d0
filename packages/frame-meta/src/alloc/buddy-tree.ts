/**
 * The free frames of one bank: a bit for each frame, and a tree over the words of bits that knows the largest block below.
 *
 *     node 1                      largest free block of the bank
 *     nodes 2, 3                  ... of each half
 *     nodes n/2 .. n-1            ... of two words
 *     words 0 .. n-1              bits: 1 is free; in the place of nodes n .. 2n-1
 *
 * A node is a byte: the order of the block plus 1, 0 for none. What a word would say as a node is found by looking at it. Two halves that are entirely free are one block of the next
 * order, so blocks need not be split or joined: whoever changes a bit looks at the nodes above it, and stops where one stays
 * as it was. To find the lowest block, go left wherever the left half has one.
 *
 * FM-24: a node says what the bits below it say. Who holds the allocator's lock may find it broken, nobody else: all accesses
 * are plain, and the lock orders them.
 *
 * Frames are counted from `base`, a multiple of the largest block that can be: a block is aligned in the bank where it is
 * aligned in memory. What lies in front of the bank and behind it is never free, and so never part of a block.
 *
 * @see Knuth, TAOCP vol. 1, 2.5 "Buddy system"
 * @module
 */

import { blocksIn, longestIn, lowestBit, maskIn, WORD_FRAMES, WORD_ORDER } from "./bits.js";

/** Where the parts of a bank's tree are. */
export interface TreeShape {
  readonly firstPfn: number;
  readonly frames: number;
  /** The frame of the first bit. */
  readonly base: number;
  /** Words of bits, a power of two. */
  readonly leafWords: number;
  /** The bit of `base` among those of all banks: a multiple of 32. */
  readonly firstLeaf: number;
  /** Where node 0, which is not used, would be among the bytes of all banks. */
  readonly nodes: number;
}

/** How the frames of a bank are counted. The rest of the shape is where its parts go. */
export function shapeOf(
  { firstPfn, frames }: { readonly firstPfn: number; readonly frames: number },
  firstLeaf: number,
  nodes: number,
): TreeShape {
  const block = 2 ** Math.max(WORD_ORDER, Math.ceil(Math.log2(frames)));
  const base = firstPfn - (firstPfn % block);
  // A bank that straddles a multiple of `block` needs two of them; then it has no block of 2 * block.
  const span = firstPfn + frames <= base + block ? block : 2 * block;
  // As int32: what V8 has computed as a double it keeps as one, and then every step on it is slow.
  return { firstPfn, frames, base, leafWords: (span / WORD_FRAMES) | 0, firstLeaf, nodes };
}

export class BuddyTree implements TreeShape {
  readonly firstPfn: number;
  readonly frames: number;
  readonly base: number;
  readonly leafWords: number;
  readonly firstLeaf: number;
  readonly nodes: number;
  private readonly words: Int32Array;
  /** The index of the first word of bits. */
  private readonly bits: number;
  private readonly bytes: Uint8Array;
  /** The order of all frames from `base` on: of the root. */
  private readonly topOrder: number;

  /** @param nodes - the bytes of the nodes of all banks @param bits - where the bits of all banks start in `words` */
  constructor(shape: TreeShape, words: Int32Array, bits: number, nodes: Uint8Array) {
    this.firstPfn = shape.firstPfn;
    this.frames = shape.frames;
    this.base = shape.base;
    this.leafWords = shape.leafWords;
    this.firstLeaf = shape.firstLeaf;
    this.nodes = shape.nodes;
    this.words = words;
    this.bits = bits + (shape.firstLeaf >>> WORD_ORDER);
    this.bytes = nodes;
    this.topOrder = WORD_ORDER + 31 - Math.clz32(shape.leafWords);
  }

  /** The order of the largest free block, or -1. */
  get longest(): number {
    return this.most(1) - 1;
  }

  /** The bits of 32 frames. */
  wordAt(word: number): number {
    return this.words[this.bits + word]!;
  }

  /** Whether the frame `leaf` after `base` is free. */
  isFree(leaf: number): boolean {
    return ((this.wordAt(leaf >>> WORD_ORDER) >>> (leaf & (WORD_FRAMES - 1))) & 1) === 1;
  }

  /** The lowest free block of an order, in frames after `base`, or -1. */
  find(order: number): number {
    if (this.most(1) <= order) return -1;
    const stop = Math.max(order, WORD_ORDER);
    let node = 1;
    let first = 1;
    for (let size = this.topOrder; size > stop; size -= 1) {
      node *= 2;
      first *= 2;
      if (this.most(node) <= order) node += 1;
    }
    const block = node - first;
    if (order >= WORD_ORDER) return block << stop;
    return block * WORD_FRAMES + lowestBit(blocksIn(this.wordAt(block), order));
  }

  /** Makes `count` frames from `leaf` on free, or not free. */
  mark(leaf: number, count: number, free: boolean): void {
    const first = leaf >>> WORD_ORDER;
    const last = (leaf + count - 1) >>> WORD_ORDER;
    const low = maskIn(first, leaf, count);
    const high = maskIn(last, leaf, count);
    if (low !== -1) this.setBits(first, low, free);
    if (high !== -1 && last !== first) this.setBits(last, high, free);
    const { words, bits } = this;
    const whole = free ? -1 : 0;
    const end = bits + (high === -1 ? last + 1 : last);
    for (let at = bits + (low === -1 ? first : first + 1); at < end; at += 1) words[at] = whole;
    this.refresh(leaf, count, free);
  }

  /** Makes the frames of a word whose bits are in `mask` free, or not free. */
  markBits(word: number, mask: number, free: boolean): void {
    this.setBits(word, mask, free);
    this.refresh(word << WORD_ORDER, 1, free); // one, or more of the same word: no node is of less than two
  }

  /** Makes every node anew, of whatever bits there are. */
  rebuild(): void {
    for (let node = this.leafWords - 1; node > 0; node -= 1) {
      this.join(node, this.topOrder - (31 - Math.clz32(node)));
    }
  }

  private setBits(word: number, mask: number, free: boolean): void {
    const { words } = this;
    const index = this.bits + word;
    words[index] = free ? words[index]! | mask : words[index]! & ~mask;
  }

  /** 1 more than the order of the largest free block below a node, or in the word in its place; 0 where there is none. */
  private most(node: number): number {
    const word = node - this.leafWords;
    return word < 0 ? this.bytes[this.nodes + node]! : longestIn(this.wordAt(word));
  }

  /**
   * Brings the nodes above `count` frames from `leaf` on up to date, which have all become free, or not free: so have those of
   * the nodes that have no other frames, on every level, and need not be looked at.
   */
  private refresh(leaf: number, count: number, free: boolean): void {
    const { bytes, nodes, leafWords } = this;
    const end = leaf + count;
    // The nodes of an order: the first and the last with such a frame, and those without another from `from` up to `to`.
    let low = (leafWords + (leaf >>> WORD_ORDER)) >>> 1;
    let high = (leafWords + ((end - 1) >>> WORD_ORDER)) >>> 1;
    let from = (leafWords * WORD_FRAMES + leaf + 2 * WORD_FRAMES - 1) >>> (WORD_ORDER + 1);
    let to = (leafWords * WORD_FRAMES + end) >>> (WORD_ORDER + 1);
    for (let order = WORD_ORDER + 1; low > 0; order += 1) {
      const whole = free ? order + 1 : 0;
      for (let at = nodes + from; at < nodes + to; at += 1) bytes[at] = whole;
      let changed = from < to;
      if ((low < from || low >= to) && this.join(low, order)) changed = true;
      if (high !== low && high >= to && this.join(high, order)) changed = true;
      if (!changed) return;
      low >>>= 1;
      high >>>= 1;
      from = (from + 1) >>> 1;
      to >>>= 1;
    }
  }

  /** Brings a node of an order up to date with the two below it. @returns whether it was not */
  private join(node: number, order: number): boolean {
    const { bytes, nodes } = this;
    const left = this.most(2 * node);
    const right = this.most(2 * node + 1);
    const longest = left === order && right === order ? order + 1 : Math.max(left, right);
    if (bytes[nodes + node] === longest) return false;
    bytes[nodes + node] = longest;
    return true;
  }
}
