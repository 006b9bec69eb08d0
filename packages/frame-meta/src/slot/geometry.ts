/**
 * Which slot belongs to which frame: slots are numbered densely, bank after bank.
 *
 *     frame    0x0 .. 0x7f      0x80000 .. 0x803ff
 *     slot     0 .. 127         128 .. 1151
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type PhysicalMemory } from "@memkit/core";
import { Refusal } from "../ref-count.js";

/** The slots of one memory. */
export class SlotGeometry {
  readonly memory: PhysicalMemory;
  /** Slots, one for each frame of each bank. */
  readonly frames: number;
  /** The first slot of each bank, in the order of `memory.banks`. */
  readonly #firstSlots: readonly number[];

  constructor(memory: PhysicalMemory) {
    this.memory = memory;
    this.frames = memory.totalFrames;
    let next = 0;
    this.#firstSlots = memory.banks.map(({ frames }) => {
      next += frames;
      return next - frames;
    });
  }

  /** The slot of frame `pfn`, or `Refusal.outOfBound` or `Refusal.mmio`. O(log banks). */
  slotOf(pfn: number): number {
    const { memory } = this;
    const bank = memory.bankIndexOf(pfn as Pfn);
    if (bank >= 0) return this.#firstSlots[bank]! + (pfn - memory.banks[bank]!.firstPfn);
    return memory.kindOf(pfn as Pfn) === "mmio" ? Refusal.mmio : Refusal.outOfBound;
  }

  /** The index of the bank with slot `slot`, which must be one. O(banks). */
  bankOf(slot: number): number {
    const firsts = this.#firstSlots;
    let bank = firsts.length - 1;
    while (firsts[bank]! > slot) bank -= 1;
    return bank;
  }

  /** The frame of slot `slot`, which must be one. */
  pfnOf(slot: number): number {
    const bank = this.bankOf(slot);
    return this.memory.banks[bank]!.firstPfn + (slot - this.#firstSlots[bank]!);
  }

  /** Slots from `slot`, which must be one, to the end of its bank: frames that follow each other. */
  runFrom(slot: number): number {
    const bank = this.bankOf(slot);
    return this.#firstSlots[bank]! + this.memory.banks[bank]!.frames - slot;
  }

  /** Where the bytes of the frame of `slot` start in the source of its bank. */
  byteOffsetOf(slot: number): number {
    const bank = this.bankOf(slot);
    return this.memory.banks[bank]!.byteOffset + (slot - this.#firstSlots[bank]!) * PAGE_SIZE;
  }
}
