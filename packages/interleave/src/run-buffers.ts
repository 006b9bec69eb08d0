/**
 * The buffers that the code under test holds during one run of it.
 *
 * Their bytes are never used: accesses are done on the explorer's own memory. They are filled with a pattern, so that a read
 * that goes past the explorer finds nonsense, and a write is found (IL-1).
 *
 * @module
 */

import { InterleaveError, unsupported } from "./interleave-error.js";
import { realm } from "./realm.js";

/** A byte that is no plausible count, state or pointer; also what memory debuggers fill freed memory with. */
const UNUSED_BYTE = 0xa5;
/** Four of them. */
const UNUSED_WORD = 0xa5a5a5a5 | 0;

export class RunBuffers {
  /** Few: looking through them is quicker than a map of weak keys is to collect. */
  readonly #own: SharedArrayBuffer[] = [];
  readonly #made: SharedArrayBuffer[] = [];
  /** Whether buffers are shared ones now: those that `setup` makes are, those of a single thread are not. */
  sharing = true;

  /** Byte lengths, by number. */
  get lengths(): readonly number[] {
    return this.#made.map(({ byteLength }) => byteLength);
  }

  make(byteLength: number): SharedArrayBuffer {
    const buffer = new realm.SharedArrayBuffer(byteLength);
    this.adopt(buffer);
    return buffer;
  }

  adopt(buffer: SharedArrayBuffer): void {
    if (!this.sharing) {
      this.#own.push(buffer);
      return;
    }
    bytesOf(buffer).fill(UNUSED_BYTE);
    this.number(buffer);
  }

  /** Gives the next number to a shared buffer. */
  protected number(buffer: SharedArrayBuffer): void {
    this.#made.push(buffer);
  }

  /** @throws {@link InterleaveError} `unsupported` */
  numberOf(buffer: SharedArrayBuffer): number {
    const number = this.#made.indexOf(buffer);
    if (number < 0 && !this.#own.includes(buffer)) {
      unsupported("a SharedArrayBuffer that setup has not made (or a wasm memory that has grown)");
    }
    return number;
  }

  /** @throws {@link InterleaveError} `unseen-access` */
  checkUntouched(): void {
    this.#made.forEach((made, buffer) => {
      if (isUnused(made)) return;
      const byteOffset = bytesOf(made).findIndex((byte) => byte !== UNUSED_BYTE);
      if (byteOffset >= 0) throw new InterleaveError({ code: "unseen-access", buffer, byteOffset });
    });
  }
}

/** The bytes themselves. Runs while no host is set, or by a constructor that was kept: see `realm.ts`. */
const Bytes = Object.getPrototypeOf(new Uint8Array(0)).constructor as Uint8ArrayConstructor;
const Words = Object.getPrototypeOf(new Int32Array(0)).constructor as Int32ArrayConstructor;
const bytesOf = (buffer: SharedArrayBuffer): Uint8Array => new Bytes(buffer);

/** Whether whole words have the pattern and there is nothing else: asked after every run, word by word in a quarter of the time. */
function isUnused(buffer: SharedArrayBuffer): boolean {
  if (buffer.byteLength % 4 !== 0) return false;
  const words = new Words(buffer);
  for (let i = 0; i < words.length; i += 1) {
    if (words[i] !== UNUSED_WORD) return false;
  }
  return true;
}
