/**
 * The words of a table that many agents touch at the same time: `Atomics`.
 *
 * Every access is sequentially consistent. That covers the pairs that OSTD orders by hand: what was written before a count
 * left BUSY is seen by whoever finds it above 0, and what a holder did before its drop is seen by who drops last. It also
 * covers a pair that OSTD leaves open: who turns 1 into UNIQUE sees what former holders did.
 *
 * @module
 */

import { tryDecShared, tryIncShared } from "../ref-count.js";
import { SlotTable } from "./slot-table.js";

export class SharedSlotTable extends SlotTable {
  override readonly mode = "shared";

  override load(index: number): number {
    return Atomics.load(this.words, index);
  }

  override store(index: number, value: number): void {
    Atomics.store(this.words, index, value);
  }

  override swap(index: number, from: number, to: number): number {
    return Atomics.compareExchange(this.words, index, from, to);
  }

  override addAt(index: number, step: number): number {
    return Atomics.add(this.words, index, step) + step;
  }

  override incAt(index: number): number {
    return tryIncShared(this.words, index);
  }

  override decAt(index: number): number {
    return tryDecShared(this.words, index);
  }
}
