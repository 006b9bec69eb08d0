/**
 * One atomic number in a buffer.
 *
 * @module
 */

import { type CoreErrorDetail, coreError } from "../core-error.js";
import type { ErrorClass } from "../error.js";
import { isU8, isU16, isU32 } from "./fits.js";
import { CoreError as LayoutError } from "./layout-error.js";
import { outOfRange } from "./misfit.js";
import type { KindCode, LayoutNode } from "./node.js";
import { walk } from "./walk.js";

const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<"atomic-misaligned">({
  "atomic-misaligned": (d) =>
    `${d.type} at 0x${d.address.toString(16)} of its buffer is not aligned to ${d.align} bytes: atomics need it`,
});

type Words = Uint8Array | Uint16Array | Uint32Array;

/** All whole words of `size` bytes in `buffer`. */
function wordsOf(buffer: ArrayBufferLike, size: number): Words {
  const length = Math.floor(buffer.byteLength / size);
  if (size === 1) return new Uint8Array(buffer, 0, length);
  return size === 2 ? new Uint16Array(buffer, 0, length) : new Uint32Array(buffer, 0, length);
}

/**
 * An unsigned number of 8, 16 or 32 bits that other threads may access at the same time. Every access is sequentially
 * consistent; arithmetic wraps. On a buffer that is not shared it works too, and costs as much.
 *
 * Made by the view of an `atomic(...)` type.
 */
export class AtomicCell {
  readonly #type: Pick<LayoutNode, "name" | "width">;
  #dv: DataView | undefined;
  /** The words of the whole buffer: for code that calls `Atomics` itself. */
  words: Uint8Array | Uint16Array | Uint32Array;
  /** Where the number is in {@link AtomicCell.words}. */
  index: number;

  /** @param type - what its view is of, or for a view that is written by hand as much as it must say @internal */
  constructor(
    type: { readonly name: string; readonly width: number },
    dv: DataView,
    offset: number,
  ) {
    this.#type = type;
    this.#dv = undefined;
    this.words = NONE;
    this.index = 0;
    this.seat(dv, offset);
  }

  /**
   * Moves this cell to other bytes; allocates only when `dv` is another one than before.
   *
   * @throws {@link CoreError} `atomic-misaligned`; the cell then stays where it was.
   */
  seat(dv: DataView, offset: number): void {
    const { width: size, name } = this.#type;
    const address = dv.byteOffset + offset;
    if (address % size !== 0) {
      throw new CoreError({ code: "atomic-misaligned", type: name, address, align: size });
    }
    if (dv !== this.#dv) {
      this.words = wordsOf(dv.buffer, size);
      this.#dv = dv;
    }
    this.index = address / size;
  }

  /** The number now. */
  load(): number {
    return Atomics.load(this.words, this.index);
  }

  /** @throws {@link CoreError} `value-out-of-range` */
  store(value: number): void {
    Atomics.store(this.words, this.index, this.#fit(value));
  }

  /** Adds, wrapping, and returns what was there before. */
  add(value: number): number {
    return Atomics.add(this.words, this.index, this.#fit(value));
  }

  /** Subtracts, wrapping, and returns what was there before. */
  sub(value: number): number {
    return Atomics.sub(this.words, this.index, this.#fit(value));
  }

  /** Keeps the bits that `value` has too, and returns what was there before. */
  and(value: number): number {
    return Atomics.and(this.words, this.index, this.#fit(value));
  }

  /** Sets the bits of `value`, and returns what was there before. */
  or(value: number): number {
    return Atomics.or(this.words, this.index, this.#fit(value));
  }

  /** Flips the bits of `value`, and returns what was there before. */
  xor(value: number): number {
    return Atomics.xor(this.words, this.index, this.#fit(value));
  }

  /** Stores `value`, and returns what was there before. */
  exchange(value: number): number {
    return Atomics.exchange(this.words, this.index, this.#fit(value));
  }

  /** Stores `replacement` if `expected` is there, and returns what was there before. */
  compareExchange(expected: number, replacement: number): number {
    const { words, index } = this;
    return Atomics.compareExchange(words, index, this.#fit(expected), this.#fit(replacement));
  }

  /** Atomics would coerce: 256 becomes 0 in a byte, NaN becomes 0. */
  #fit(value: number): number {
    const { width: size, name } = this.#type;
    if (size === 1 ? isU8(value) : size === 2 ? isU16(value) : isU32(value)) return value;
    throw new LayoutError(outOfRange(name, value));
  }
}

const NONE = /* @__PURE__ */ new Uint8Array(0);

/** The code of atomic numbers. */
export const CELLS: KindCode = {
  codecOf: walk,
  viewOf: (node, dv, at) => new AtomicCell(node, dv, at),
};
