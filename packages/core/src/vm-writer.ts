/**
 * Writers: a cursor that puts bytes and values into a range of memory.
 *
 * {@link VmWriter} stands on memory proved accessible when the writer was made; it writes what was asked or throws.
 * {@link FallibleVmWriter} stands on memory that may fault at any byte; it says how far it came.
 *
 * Keeps CORE-8 and CORE-9 with `vm-cursor.ts`, also where a value's own code, as a getter's, runs while it is encoded.
 *
 * @see OSTD `ostd/src/mm/io/mod.rs`, `VmWriter<'_, Infallible>` and `VmWriter<'_, Fallible>`
 * @module
 */

import type { MemorySource } from "./source.js";
import type { ViewCache } from "./view-cache.js";
import { type Pod, VmCursor } from "./vm-cursor.js";
import { CoreError } from "./vm-error.js";
import {
  checkCount,
  type FallibleMemory,
  fallibleRange,
  solidRange,
  type VmRange,
} from "./vm-memory.js";
import { checkOnce, type Exchange, exchangeOnce, storeOnce } from "./vm-once.js";
import type { BaseReader } from "./vm-reader.js";

/** The value without any code of its own: encoded and read again. */
function plainOf<T>(type: Pod<T>, value: T): T {
  const dv = new DataView(new ArrayBuffer(type.size));
  type.write(dv, 0, value);
  return type.read(dv, 0);
}

/** What both writers do. Not made directly. */
export abstract class BaseWriter extends VmCursor {
  protected constructor(range: VmRange, fallible: boolean) {
    super(range, "write", fallible);
  }

  /** Bytes of space that are left. */
  get avail(): number {
    return this.left;
  }

  /** Whether any space is left. */
  hasAvail(): boolean {
    return this.left > 0;
  }

  /** Copies min(`avail`, `reader.remain`) bytes: {@link BaseReader.read} from the other side. */
  write(reader: BaseReader): number {
    return reader.read(this);
  }

  /**
   * Writes one value, at any alignment: all of it or nothing.
   *
   * @throws {@link CoreError} `too-short`; `page-fault` if fallible; what the type throws for a value that is none of its own;
   * `out-of-bounds`, `source-detached`, `source-threw` if the memory has gone. Cursor and memory then stay as they are.
   */
  writeVal<T>(type: Pod<T>, value: T): void {
    const { size } = type;
    // An object's own code may run where it is encoded, and take away memory that can fault: so it runs before that is sought.
    const plain = this.fallible && Object(value) === value ? plainOf(type, value) : value;
    this.require(size);
    if (this.seekValue(size)) {
      type.write(this.memory.views.dv, this.memory.offset, plain);
    } else {
      const bytes = new Uint8Array(size);
      this.gather(bytes); // proves every run before the first write, and keeps the bytes that are padding
      type.write(new DataView(bytes.buffer), 0, plain);
      this.scatter(bytes);
    }
    this.advance(size);
  }

  /**
   * Writes min(`len`, `avail`) zero bytes, or up to the first that faults.
   *
   * @returns the bytes written
   * @throws {@link CoreError} `address-out-of-range` unless `len` is an integer of at least 0; `out-of-bounds`,
   * `source-detached`, `source-threw` if the memory of an infallible writer has gone
   */
  fillZeros(len: number): number {
    checkCount("length", len);
    const wanted = Math.min(len, this.left);
    let done = 0;
    while (done < wanted) {
      const run = this.seek(0, wanted - done);
      if (run === 0) break;
      const { views, offset } = this.memory;
      views.liveU8.fill(0, offset, offset + run);
      this.advance(run);
      done += run;
    }
    return done;
  }

  /**
   * Replaces the value here if it is `expected`, bit for bit, in a single access. No cursor moves.
   *
   * @param reader - Stands on the same byte of the same memory: proof that it may be read as well as written
   * @throws {@link CoreError} as {@link BaseWriter.writeVal}, and `not-a-single-access`, `not-aligned`, `not-the-same-place`
   *
   * @example
   * ```ts
   * import { u32, VmReader, VmWriter } from "@memkit/core";
   *
   * const memory = { buffer: new SharedArrayBuffer(8) };
   * const writer = new VmWriter(memory);
   * writer.cmpxchg(new VmReader(memory), u32, 0, 7); // => { previous: 0, exchanged: true }
   * writer.cmpxchg(new VmReader(memory), u32, 0, 8); // => { previous: 7, exchanged: false }
   * ```
   */
  cmpxchg<T>(reader: BaseReader, type: Pod<T>, expected: T, replacement: T): Exchange<T> {
    const seek = (): void => {
      reader.atomicLoad(type); // faults, or throws, where the reader may not read
      const theirs = VmCursor.placeOf(reader);
      this.seekOnce(type);
      const ours = VmCursor.placeOf(this);
      if (ours.buffer !== theirs.buffer || ours.offset !== theirs.offset) {
        throw new CoreError({ code: "not-the-same-place" });
      }
    };
    seek();
    return exchangeOnce(this.memory, type, expected, replacement, seek);
  }

  /** Proves that `type` can be written here in a single access, and leaves the memory pointing there. */
  protected seekOnce<T>(type: Pod<T>): void {
    this.require(type.size);
    checkOnce(type, this.cursor);
    if (this.seek(0, type.size) < type.size) {
      throw new CoreError({ code: "page-fault", at: this.cursor });
    }
  }
}

/**
 * Writes memory that is there.
 *
 * @example
 * ```ts
 * import { u16, u32, VmWriter } from "@memkit/core";
 *
 * const bytes = new Uint8Array(8);
 * const writer = new VmWriter(bytes);
 * writer.writeVal(u32, 0x04030201);
 * writer.fill(u16, 0xffee); // => 2
 * bytes; // => Uint8Array.of(1, 2, 3, 4, 0xee, 0xff, 0xee, 0xff)
 * ```
 */
export class VmWriter extends BaseWriter {
  /**
   * @param memory - A source, its views, or some bytes
   * @param start - First byte of the range
   * @param len - Bytes in the range; to the end of the memory if not given
   * @throws {@link CoreError} `out-of-bounds` if the range is not all inside; `invalid-source`, `source-detached`, `source-threw`
   */
  constructor(memory: MemorySource | ViewCache | Uint8Array, start = 0, len?: number) {
    super(solidRange(memory, start, len), false);
  }

  /**
   * Writes one value at its own alignment in a single access that cannot tear.
   *
   * @throws {@link CoreError} as {@link BaseWriter.writeVal}, and `not-a-single-access`, `not-aligned`
   */
  writeOnce<T>(type: Pod<T>, value: T): void {
    this.seekOnce(type);
    storeOnce(this.memory, type, value, () => this.seekOnce(type));
    this.advance(type.size);
  }

  /**
   * Fills all of the space that is left with copies of a value.
   *
   * @returns how many
   * @throws {@link CoreError} `not-aligned` if the space is no multiple of the value's size; what the type throws for a value
   * that is none of its own; `out-of-bounds`, `source-detached`, `source-threw` if the memory has gone. Nothing is written then.
   */
  fill<T>(type: Pod<T>, value: T): number {
    const { left } = this;
    if (left % type.size !== 0) {
      throw new CoreError({
        code: "not-aligned",
        what: "space to fill",
        got: left,
        align: type.size,
      });
    }
    if (left === 0) return 0;
    const pattern = new Uint8Array(type.size);
    type.write(new DataView(pattern.buffer), 0, value);
    this.seek(0, left);
    const { views, offset } = this.memory;
    const space = views.liveU8.subarray(offset, offset + left);
    space.set(pattern);
    // Doubling: what has been filled is the source of the next copy.
    for (let filled = pattern.length; filled < left; filled *= 2)
      space.copyWithin(filled, 0, filled);
    this.advance(left);
    return left / type.size;
  }
}

/** Writes memory that may fault. */
export class FallibleVmWriter extends BaseWriter {
  /**
   * @param memory - A source, which faults beyond its end, or memory that answers for itself
   * @param start - First byte of the range
   * @param len - Bytes in the range, accessible or not
   * @throws {@link CoreError} `address-out-of-range`, `address-overflow`, `invalid-source`, `source-detached`, `source-threw`
   */
  constructor(memory: MemorySource | ViewCache | FallibleMemory, start: number, len: number) {
    super(fallibleRange(memory, start, len), true);
  }
}
