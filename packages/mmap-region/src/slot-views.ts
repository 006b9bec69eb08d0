/**
 * The buffers through which the host looks at the parts of one native slot.
 *
 * Made when first asked for, one for each part, and detached before access to the part is taken away (MR-9). A holder of a
 * buffer can call `transfer()` on it, and then the bytes are in a buffer that we do not know: such a part is out of
 * reach for good.
 *
 * @module
 */

import type { Driver } from "./driver/driver.js";
import type { Extent, SlotPart } from "./slot-layout.js";

/** See the head of this module. */
export class SlotViews {
  readonly #driver: Driver;
  readonly #start: number;
  readonly #buffers: Map<SlotPart, ArrayBuffer> = new Map();
  #lost: Set<SlotPart> | undefined;

  constructor(driver: Driver, start: number) {
    this.#driver = driver;
    this.#start = start;
  }

  /** Parts of which somebody has a view that cannot be ended. */
  get lost(): ReadonlySet<SlotPart> {
    return this.#lost ?? NONE;
  }

  /** The buffer over a part. */
  buffer(part: SlotPart, { offset, length }: Extent): ArrayBuffer {
    if (length === 0) return new ArrayBuffer(0);
    const present = this.#buffers.get(part);
    if (present !== undefined) {
      if (present.byteLength !== 0) return present;
      this.#lose(part); // nobody here has detached it
    }
    const buffer = this.#driver.view(this.#start + offset, length);
    this.#buffers.set(part, buffer);
    return buffer;
  }

  /** The buffer over a part, if there is one and it is ours still. */
  present(part: SlotPart): ArrayBuffer | undefined {
    const buffer = this.#buffers.get(part);
    return buffer === undefined || buffer.byteLength === 0 ? undefined : buffer;
  }

  /**
   * Ends the views of a part.
   *
   * @returns whether none is left: false once one is out of reach
   */
  detach(part: SlotPart): boolean {
    const buffer = this.#buffers.get(part);
    if (buffer !== undefined) {
      if (!this.#driver.detach(buffer)) this.#lose(part);
      this.#buffers.delete(part);
    }
    return !this.lost.has(part);
  }

  /** {@link SlotViews.detach} of all parts. */
  detachAll(): boolean {
    for (const part of this.#buffers.keys()) this.detach(part);
    return this.lost.size === 0;
  }

  #lose(part: SlotPart): void {
    this.#lost ??= new Set();
    this.#lost.add(part);
  }
}

const NONE: ReadonlySet<SlotPart> = new Set();
