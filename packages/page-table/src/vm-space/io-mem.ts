/**
 * `IoMem`: frames of a device, which are mapped but never counted.
 *
 * @see OSTD `io/io_mem/mod.rs`, `IoMem`
 * @module
 */

import { PAGE_SIZE, type Paddr, type Pfn, paddrOf, pfn } from "@memkit/core/address";
import type { FrameRange, PhysicalMemory } from "@memkit/core/physical";
import { checkObject } from "../argument.js";
import { VmSpaceError } from "./vm-space-error.js";

/** Proves that frames are all in one MMIO range of a memory. @throws {@link PageTableError} `invalid-io-memory` */
export function checkFrames(memory: PhysicalMemory, firstPfn: number, frames: number): void {
  const whole = Number.isInteger(firstPfn) && Number.isInteger(frames) && frames >= 1;
  const inside = ({ firstPfn: first, frames: all }: FrameRange): boolean =>
    firstPfn >= first && firstPfn + frames <= first + all;
  if (!(whole && memory.mmio.some(inside))) {
    throw new VmSpaceError({ code: "invalid-io-memory", pfn: firstPfn, frames });
  }
}

/** A device's registers. */
export class IoMem {
  readonly firstPfn: Pfn;
  readonly frames: number;

  /**
   * @throws {@link PageTableError} `invalid-io-memory` unless all of the frames are in one MMIO range of the memory; `invalid-argument`
   */
  constructor(memory: PhysicalMemory, firstPfn: number, frames: number) {
    checkObject("memory", memory, "a PhysicalMemory", "kindOf");
    checkFrames(memory, firstPfn, frames);
    this.firstPfn = pfn(firstPfn);
    this.frames = frames;
  }

  /**
   * The physical address of the first byte.
   *
   * @throws `CoreError` `address-out-of-range` where a number does not hold it: take {@link IoMem.firstPfn}
   */
  get paddr(): Paddr {
    return paddrOf(this.firstPfn);
  }

  /** Bytes. */
  get size(): number {
    return this.frames * PAGE_SIZE;
  }
}
