/**
 * The typed arrays through which `Atomics` reaches a memory.
 *
 * An array over the whole memory is made for each type that is asked for, and made anew when the memory has another
 * buffer or has grown past it. Its own length is the last bound of every access (GM-6): it stays short after a shared memory
 * grew, and follows a buffer that shrank. That the buffer is detached only the memory's own views are sure to say, because
 * the arrays here may be of any kind of buffer (core's CORE-3).
 *
 * @module
 */

import { isI8, isI16, isI32, isI64, isU8, isU16, isU32, isU64, type Layout } from "@memkit/core";
import { demandKind } from "./demand.js";
import { GuestError } from "./error.js";
import type { GuestMemory } from "./guest-memory.js";
import { printed } from "./printed.js";

/**
 * Any array of integers. Which one it is only the engine asks: `Atomics` takes all of them, but TypeScript wants to know
 * the kind of the value, which whoever holds the type knows.
 */
export type IntegerArray = Int32Array<ArrayBufferLike>;

interface IntegerKind {
  /** Whether a value is one of this kind. */
  readonly fits: (value: unknown) => boolean;
  readonly bytes: number;
  readonly make: (buffer: ArrayBufferLike, length: number) => object;
}

/** By kind; core keeps the integers together, and first (CORE-10). */
const KINDS: readonly IntegerKind[] = [
  { fits: isU8, bytes: 1, make: (buffer, length) => new Uint8Array(buffer, 0, length) },
  { fits: isI8, bytes: 1, make: (buffer, length) => new Int8Array(buffer, 0, length) },
  { fits: isU16, bytes: 2, make: (buffer, length) => new Uint16Array(buffer, 0, length) },
  { fits: isI16, bytes: 2, make: (buffer, length) => new Int16Array(buffer, 0, length) },
  { fits: isU32, bytes: 4, make: (buffer, length) => new Uint32Array(buffer, 0, length) },
  { fits: isI32, bytes: 4, make: (buffer, length) => new Int32Array(buffer, 0, length) },
  { fits: isU64, bytes: 8, make: (buffer, length) => new BigUint64Array(buffer, 0, length) },
  { fits: isI64, bytes: 8, make: (buffer, length) => new BigInt64Array(buffer, 0, length) },
];

/**
 * Bytes of a type that has atomic accesses.
 *
 * @param least - types with fewer bytes are refused
 * @throws {@link GuestError} `try-from-int-error` for any other type, and for one whose alignment was raised
 */
export function atomicSize(type: Layout, least: number): number {
  const bytes = KINDS[type?.kind]?.bytes;
  if (bytes !== undefined && bytes === type.size && bytes >= least) return bytes;
  const wanted = `an integer type of ${least * 8} to 64 bits`;
  throw new GuestError({ code: "try-from-int-error", type: wanted, got: printed(type?.name) });
}

/** `value`, if it is one of the type. @throws {@link GuestError} `try-from-int-error` */
export function fit(type: Layout, value: unknown): number | bigint {
  demandKind(KINDS[type.kind]!.fits(value), type.name, value);
  return value as number | bigint;
}

/** Finds the array for an address. */
export class AtomicWords {
  readonly #mem: GuestMemory;
  readonly #arrays: (IntegerArray | undefined)[];
  /** What the arrays show. Kept, because asking an array for its buffer costs as much as making one. */
  #buffer: ArrayBufferLike | undefined;

  constructor(mem: GuestMemory) {
    this.#mem = mem;
    this.#arrays = KINDS.map(() => undefined);
    this.#buffer = undefined;
  }

  /**
   * The array of integers of `kind`, with the one at `at`, a checked address, inside.
   *
   * @throws {@link GuestError} `ptr-out-of-bounds` if the memory shrank since `at` was checked
   */
  reach(kind: number, at: number): IntegerArray {
    const { bytes, make } = KINDS[kind]!;
    const known = this.#buffer === this.#mem.buffer ? this.#arrays[kind] : undefined;
    if (known !== undefined && at < this.#mem.views.byteLength && at / bytes < known.length) {
      return known;
    }
    // A policy may be the user's, and have changed the memory while it was asked.
    this.#mem.validate(at, 1, bytes, bytes);
    const { buffer, views } = this.#mem;
    if (buffer !== this.#buffer) this.#arrays.fill(undefined);
    this.#buffer = buffer;
    const words = make(buffer, Math.floor(views.byteLength / bytes)) as IntegerArray;
    this.#arrays[kind] = words;
    return words;
  }
}
