/**
 * What `createSlots` and `attachSlots` take as `kernel`: the memory that the table lies in, and its steps.
 *
 * @module
 */

import type { SlotGeometry } from "../slot/geometry.js";
import type { TableParts } from "../slot/layout.js";
import type { TableKernel } from "../slot/slot-table.js";
import { KernelSlotTable } from "./kernel-table.js";
import { type KernelMemory, kernelMemory, type WordKernel, wordKernel } from "./word-kernel.js";

/** A table's memory, and this agent's kernel over it. */
export class FrameKernel implements TableKernel {
  /** Post it to another agent, which gives it to {@link FrameKernel.attach}. */
  readonly memory: KernelMemory;
  readonly words: WordKernel;

  private constructor(memory: KernelMemory, words: WordKernel) {
    this.memory = memory;
    this.words = words;
  }

  /**
   * A memory for a table of `bytes` bytes: see `slotTableBytes`.
   *
   * @throws {@link FrameError} `table-too-large`
   *
   * @example
   * ```ts
   * import { Frame, FrameTable, slotTableBytes, unitMeta } from "@memkit/frame-meta";
   * import { FrameKernel } from "@memkit/frame-meta/kernel";
   *
   * const memory = { buffer: new SharedArrayBuffer(16 * 4096) };
   * const kernel = FrameKernel.create(slotTableBytes({ memory }));
   * const table = FrameTable.create({ memory, kernel });
   * table.mode; // => "kernel"
   * const frame = Frame.fromUnused(table, 0x3000, unitMeta, {});
   * // In another agent, which was sent kernel.memory and memory.buffer:
   * const other = FrameTable.attach({ memory, kernel: FrameKernel.attach(kernel.memory) });
   * Frame.fromInUse(other, 0x3000).referenceCount; // => 2
   * ```
   */
  static create(bytes: number): FrameKernel {
    return FrameKernel.attach(kernelMemory(bytes));
  }

  /**
   * The memory of a table that another agent has made.
   *
   * @throws {@link FrameError} `invalid-option` unless it is a shared `WebAssembly.Memory`
   */
  static attach(memory: KernelMemory): FrameKernel {
    return new FrameKernel(memory, wordKernel(memory));
  }

  /** @internal */
  get buffer(): ArrayBuffer | SharedArrayBuffer {
    return this.memory.buffer;
  }

  /** @internal */
  open(words: Int32Array, geometry: SlotGeometry, parts: TableParts): KernelSlotTable {
    return new KernelSlotTable(words, geometry, parts, this.words);
  }
}
