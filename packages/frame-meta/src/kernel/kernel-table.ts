/**
 * The words of a table that many agents touch at the same time, through the kernel.
 *
 * @module
 */

import { Refusal } from "../ref-count.js";
import type { SlotGeometry } from "../slot/geometry.js";
import type { TableParts } from "../slot/layout.js";
import { SlotTable } from "../slot/slot-table.js";
import type { WordKernel } from "./word-kernel.js";

export class KernelSlotTable extends SlotTable {
  override readonly mode = "kernel";
  // Each in a field of its own: a call through a field is one load nearer than one through the exports.
  private readonly wordInc: WordKernel["inc"];
  private readonly wordDec: WordKernel["dec"];
  private readonly kernel: WordKernel;

  constructor(words: Int32Array, geometry: SlotGeometry, parts: TableParts, kernel: WordKernel) {
    super(words, geometry, parts);
    this.wordInc = kernel.inc;
    this.wordDec = kernel.dec;
    this.kernel = kernel;
  }

  override load(index: number): number {
    return this.kernel.load(index << 2);
  }

  override store(index: number, value: number): void {
    this.kernel.store(index << 2, value);
  }

  override swap(index: number, from: number, to: number): number {
    return this.kernel.swap(index << 2, from, to);
  }

  override addAt(index: number, step: number): number {
    return this.kernel.add(index << 2, step);
  }

  override incAt(index: number): number {
    // Looked at here: an index past 2^30 would come round to another word, and one past the memory trap.
    if (!(index >>> 0 === index && index < this.words.length)) return Refusal.outOfBound;
    return this.wordInc(index << 2);
  }

  override decAt(index: number): number {
    if (!(index >>> 0 === index && index < this.words.length)) return Refusal.outOfBound;
    return this.wordDec(index << 2);
  }
}
