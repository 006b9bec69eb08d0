/**
 * The words of a table that one agent alone touches: plain loads and stores.
 *
 * @module
 */

import { REF_COUNT_MAX, tryDecSingle, tryIncSingle } from "../ref-count.js";
import { SlotTable } from "./slot-table.js";

export class SingleSlotTable extends SlotTable {
  override readonly mode = "single";

  override load(index: number): number {
    return this.words[index]!;
  }

  override store(index: number, value: number): void {
    this.words[index] = value;
  }

  override swap(index: number, from: number, to: number): number {
    const found = this.words[index]!;
    if (found === from) this.words[index] = to;
    return found;
  }

  override addAt(index: number, step: number): number {
    const sum = this.words[index]! + step;
    this.words[index] = sum;
    return sum;
  }

  // The throwing steps again in one piece: each answer of a twin that is looked at costs a third of the whole step.
  override inc(pfn: number): number {
    const { words } = this;
    const index = this.countIndexOf(pfn);
    const word = words[index]!; // `undefined` where there is no such frame: every comparison with it is false
    if (word > 0 && word < REF_COUNT_MAX) {
      words[index] = word + 1;
      return word + 1;
    }
    return super.inc(pfn);
  }

  override dec(pfn: number): number {
    const { words } = this;
    const index = this.countIndexOf(pfn);
    const word = words[index]!;
    if (word > 0) {
      words[index] = word - 1;
      return word - 1;
    }
    return super.dec(pfn);
  }

  override incAt(index: number): number {
    return tryIncSingle(this.words, index);
  }

  override decAt(index: number): number {
    return tryDecSingle(this.words, index);
  }
}
