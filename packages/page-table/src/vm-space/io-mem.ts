/**
 * `IoMem`: frames of a device, which are mapped but never counted.
 *
 * @see OSTD `io/io_mem/mod.rs`, `IoMem`
 * @module
 */

import { PAGE_SIZE } from "@memkit/core/address";
import type { PhysicalMemory } from "@memkit/core/physical";
import { VmSpaceError } from "./vm-space-error.js";

/** A device's registers. */
export class IoMem {
  readonly firstPfn: number;
  readonly frames: number;

  /** @throws {@link PageTableError} `invalid-io-memory` unless all of the frames are in one MMIO range of the memory */
  constructor(memory: PhysicalMemory, firstPfn: number, frames: number) {
    const end = firstPfn + frames;
    const inside = memory.mmio.some((range) => {
      return firstPfn >= range.firstPfn && end <= range.firstPfn + range.frames;
    });
    if (!(Number.isInteger(firstPfn) && Number.isInteger(frames) && frames >= 1 && inside)) {
      throw new VmSpaceError({ code: "invalid-io-memory", pfn: firstPfn, frames });
    }
    this.firstPfn = firstPfn;
    this.frames = frames;
  }

  /** The physical address of the first byte. */
  get paddr(): number {
    return this.firstPfn * PAGE_SIZE;
  }

  /** Bytes. */
  get size(): number {
    return this.frames * PAGE_SIZE;
  }
}
