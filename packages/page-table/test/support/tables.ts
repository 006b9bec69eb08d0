/** Tables made by hand: pages of words, and mappings put into them. */

import { PhysicalMemory } from "@memkit/core";
import { encodeLeaf, encodeTable, frameOf, type PteFormat } from "@memkit/page-table/format";

const PAGE = 4096;

/** A machine's memory of `frames` frames from `first` on; the root is frame `first`, tables follow it. */
export class Tables {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  readonly memory: PhysicalMemory;
  readonly root: number;
  readonly format: PteFormat;
  private readonly words: DataView;
  private next: number;

  constructor(
    format: PteFormat,
    {
      frames = 32,
      first = 0,
      buffer = new ArrayBuffer(frames * PAGE) as ArrayBuffer | SharedArrayBuffer,
      mmio = [] as { firstPfn: number; frames: number }[],
    } = {},
  ) {
    this.format = format;
    this.buffer = buffer;
    this.memory = new PhysicalMemory(
      [{ firstPfn: first, frames, source: { buffer }, byteOffset: 0 }],
      { mmio },
    );
    this.words = new DataView(buffer);
    this.root = first;
    this.next = first + 1;
  }

  private at(table: number, index: number): number {
    return (table - this.root) * PAGE + index * 8;
  }

  get(table: number, index: number): bigint {
    return this.words.getBigUint64(this.at(table, index), true);
  }

  set(table: number, index: number, word: bigint): void {
    this.words.setBigUint64(this.at(table, index), word, true);
  }

  /** The entry that translates `va` at `level`; tables on the way are made. */
  slot(va: bigint, level: number, levels = this.format.paging.levels): [number, number] {
    const index = (l: number): number => Number((va >> BigInt(3 + 9 * l)) & 511n);
    let table = this.root;
    for (let l = levels; l > level; l--) {
      const word = this.get(table, index(l));
      if (word === 0n) {
        const { lo, hi } = encodeTable(this.format, this.next);
        this.set(table, index(l), (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0));
        table = this.next++;
      } else table = frameOf(this.format, Number(word & 0xffff_ffffn) | 0, Number(word >> 32n) | 0);
    }
    return [table, index(level)];
  }

  map(va: bigint, pfn: number, prop: number, level = 1): this {
    const { lo, hi } = encodeLeaf(this.format, pfn, level, prop);
    return this.put(va, (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0), level);
  }

  put(va: bigint, word: bigint, level = 1, levels?: number): this {
    this.set(...this.slot(va, level, levels), word);
    return this;
  }
}
