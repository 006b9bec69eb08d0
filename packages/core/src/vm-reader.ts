/**
 * Readers: a cursor that takes bytes and values out of a range of memory.
 *
 * {@link VmReader} stands on memory proved accessible when the reader was made; it copies what was asked or throws.
 * {@link FallibleVmReader} stands on memory that may fault at any byte; it says how far it came.
 *
 * Keeps CORE-8 and CORE-9 with `vm-cursor.ts`.
 *
 * @see OSTD `ostd/src/mm/io/mod.rs`, `VmReader<'_, Infallible>` and `VmReader<'_, Fallible>`
 * @module
 */

import type { MemorySource } from "./source.js";
import type { ViewCache } from "./view-cache.js";
import { type Pod, VmCursor } from "./vm-cursor.js";
import { CoreError } from "./vm-error.js";
import { type FallibleMemory, fallibleRange, solidRange, type VmRange } from "./vm-memory.js";
import { checkOnce, loadOnce } from "./vm-once.js";
import type { BaseWriter } from "./vm-writer.js";

/** What both readers do. Not made directly. */
export abstract class BaseReader extends VmCursor {
  protected constructor(range: VmRange, fallible: boolean) {
    super(range, "read", fallible);
  }

  /** Bytes that remain to be read. */
  get remain(): number {
    return this.left;
  }

  /** Whether any byte remains. */
  hasRemain(): boolean {
    return this.left > 0;
  }

  /**
   * Copies min(`remain`, `writer.avail`) bytes and moves both cursors by it. Stops early where a fallible side faults:
   * then both have something left.
   *
   * @returns the bytes copied
   * @throws {@link CoreError} `out-of-bounds`, `source-detached`, `source-threw` if an infallible side's memory has gone
   */
  read(writer: BaseWriter): number {
    return VmCursor.transfer(this, writer);
  }

  /**
   * Reads one value, at any alignment.
   *
   * @throws {@link CoreError} `too-short`; `page-fault` if fallible; what the type throws for bytes that are no value of it;
   * `out-of-bounds`, `source-detached`, `source-threw` if the memory has gone. The cursor then stays.
   */
  readVal<T>(type: Pod<T>): T {
    const { size } = type;
    this.require(size);
    let value: T;
    if (this.seekValue(size)) {
      value = type.read(this.memory.views.dv, this.memory.offset);
    } else {
      const bytes = new Uint8Array(size);
      this.gather(bytes);
      value = type.read(new DataView(bytes.buffer), 0);
    }
    this.advance(size);
    return value;
  }

  /**
   * Reads one value at its own alignment in a single access that cannot tear, without moving the cursor.
   *
   * @throws {@link CoreError} as {@link BaseReader.readVal}, and `not-a-single-access`, `not-aligned`
   */
  atomicLoad<T>(type: Pod<T>): T {
    this.require(type.size);
    checkOnce(type, this.cursor);
    if (this.seek(0, type.size) < type.size) {
      throw new CoreError({ code: "page-fault", at: this.cursor });
    }
    return loadOnce(this.memory, type);
  }
}

/**
 * Reads memory that is there.
 *
 * @example
 * ```ts
 * import { u16, u8, VmReader, VmWriter } from "@memkit/core";
 *
 * const reader = new VmReader(Uint8Array.of(1, 2, 3, 4, 5));
 * reader.readVal(u16); // => 0x0201
 * const copy = new Uint8Array(2);
 * reader.read(new VmWriter(copy)); // => 2
 * copy; // => Uint8Array.of(3, 4)
 * reader.remain; // => 1
 * reader.readVal(u8); // => 5
 * ```
 */
export class VmReader extends BaseReader {
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
   * Reads one value at its own alignment in a single access that cannot tear.
   *
   * @throws {@link CoreError} `too-short`, `not-a-single-access`, `not-aligned`; `out-of-bounds`, `source-detached`,
   * `source-threw` if the memory has gone. The cursor then stays.
   */
  readOnce<T>(type: Pod<T>): T {
    const value = this.atomicLoad(type);
    this.advance(type.size);
    return value;
  }
}

/**
 * Reads memory that may fault.
 *
 * @example
 * ```ts
 * import { FallibleVmReader, u32, VmWriter } from "@memkit/core";
 *
 * const reader = new FallibleVmReader({ buffer: new ArrayBuffer(6) }, 0, 100); // 94 bytes of it are not there
 * reader.readVal(u32); // => 0
 * reader.read(new VmWriter(new Uint8Array(50))); // => 2
 * reader.remain; // => 94
 * ```
 */
export class FallibleVmReader extends BaseReader {
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
