/**
 * The words of a table that one agent alone touches: plain loads and stores.
 *
 * @module
 */

import { tryDecSingle, tryIncSingle } from "../ref-count.js";
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

  override incAt(index: number): number {
    return tryIncSingle(this.words, index);
  }

  override decAt(index: number): number {
    return tryDecSingle(this.words, index);
  }
}
