/**
 * What readers and writers stand on: memory that says, byte by byte if need be, how far it can be accessed.
 *
 * @module
 */

import type { MemorySource } from "./source.js";
import { ViewCache } from "./view-cache.js";
import { CoreError } from "./vm-error.js";

/**
 * Memory in which an access can fault: user memory behind a translation, or a source that may be shorter than the range
 * one was told to read.
 *
 * An address is a number whose meaning is the memory's own. Wherever `seek` succeeds, `offset` is congruent to the
 * address modulo 8, so that alignment can be judged from the address.
 */
export interface FallibleMemory {
  /**
   * Finds the byte at `at`: how many of the `len` bytes from there can be accessed in one run, 1..`len`, or 0 for a fault.
   * Unless 0, {@link views} and {@link offset} then say where the run is, until the next `seek`.
   *
   * @throws {@link CoreError} `source-detached`, `source-threw`
   */
  seek(at: number, len: number, access: "read" | "write"): number;
  /** The memory that holds the run found last. */
  readonly views: ViewCache;
  /** Where the run starts in {@link views}. */
  readonly offset: number;
}

const has = (value: unknown, key: string): boolean =>
  typeof value === "object" && value !== null && key in value;

/** By shape, not by class: the cache may come from another copy of this package. */
const isViews = (value: MemorySource | ViewCache): value is ViewCache => has(value, "liveU8");
const isFallible = (value: MemorySource | ViewCache | FallibleMemory): value is FallibleMemory =>
  has(value, "seek");

/** A {@link MemorySource} as memory that ends, for now, where the source does. */
class SourceMemory implements FallibleMemory {
  readonly views: ViewCache;
  offset = 0;

  /** @throws {@link CoreError} `invalid-source`, `source-detached`, `source-threw` */
  constructor(source: MemorySource | ViewCache) {
    this.views = isViews(source) ? source : new ViewCache(source);
  }

  seek(at: number, len: number): number {
    let { length } = this.views.u8;
    if (at + len > length) length = this.views.refresh();
    this.offset = at;
    return Math.max(0, Math.min(len, length - at));
  }
}

/** @throws {@link CoreError} `address-out-of-range` unless `got` is an integer in 0 .. 2^53-1 */
export function checkCount(kind: "address" | "length", got: number): void {
  if (!Number.isSafeInteger(got) || got < 0) {
    const max = Number.MAX_SAFE_INTEGER;
    throw new CoreError({ code: "address-out-of-range", kind, got, max });
  }
}

/** A range of a memory. */
export interface VmRange {
  readonly memory: FallibleMemory;
  readonly start: number;
  readonly end: number;
}

/**
 * The range of `len` bytes from `start` in some bytes or a source; to the end if `len` is not given.
 *
 * A Uint8Array becomes its buffer and the range that it shows, so that there is one kind of memory only.
 *
 * @throws {@link CoreError} `out-of-bounds` if the range is not all inside; `invalid-source`, `source-detached`, `source-threw`
 */
export function solidRange(
  given: MemorySource | ViewCache | Uint8Array,
  start: number,
  len: number | undefined,
): VmRange {
  const bytes = given instanceof Uint8Array ? given : undefined;
  const memory = new SourceMemory(bytes ? { buffer: bytes.buffer } : (given as MemorySource));
  const byteLength = bytes ? bytes.length : memory.views.refresh();
  const count =
    len === undefined && Number.isInteger(start) ? byteLength - start : (len ?? Number.NaN);
  const inside = Number.isInteger(start) && Number.isInteger(count) && start >= 0 && count >= 0;
  if (!inside || start + count > byteLength) {
    throw new CoreError({ code: "out-of-bounds", start, len: count, byteLength });
  }
  const base = bytes ? bytes.byteOffset : 0;
  return { memory, start: base + start, end: base + start + count };
}

/**
 * The range of `len` bytes from `start`, accessible or not.
 *
 * @throws {@link CoreError} `address-out-of-range`, `address-overflow`, `invalid-source`, `source-detached`, `source-threw`
 */
export function fallibleRange(
  given: MemorySource | ViewCache | FallibleMemory,
  start: number,
  len: number,
): VmRange {
  const memory = isFallible(given) ? given : new SourceMemory(given);
  checkCount("address", start);
  checkCount("length", len);
  if (start + len > Number.MAX_SAFE_INTEGER) {
    throw new CoreError({ code: "address-overflow", start, len });
  }
  return { memory, start, end: start + len };
}
