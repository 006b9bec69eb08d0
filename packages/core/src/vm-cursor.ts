/**
 * A position in a range of memory: what readers and writers have in common.
 *
 * CORE-8: a cursor has moved by exactly what was transferred, also when a call throws. It never leaves its range.
 * CORE-9: a value that does not lie in one run of fixed-length memory is put together in a buffer of its own, so no
 * codec ever sees a view of a resizable buffer (CORE-3), and a value that would fault half-way is not written at all.
 *
 * @see OSTD `ostd/src/mm/io/mod.rs`, `VmReader` and `VmWriter`
 * @module
 */

import { CoreError } from "./vm-error.js";
import { checkCount, type FallibleMemory, type VmRange } from "./vm-memory.js";

/** A type whose values have a fixed size in bytes: every layout, or an object with these four members. */
export interface Pod<T> {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Caller must have checked that `size` bytes from `offset` lie in `dv`. */
  read(dv: DataView, offset: number): T;
  /** Throws before the first byte, or writes all of the value. */
  write(dv: DataView, offset: number, value: T): void;
}

/** Times that two sides which can fault may push each other out before it is a fault. */
const TRIES = 4;

/** The base of readers and writers. Not made directly. */
export abstract class VmCursor {
  protected readonly memory: FallibleMemory;
  readonly #access: "read" | "write";
  /** Whether running into inaccessible memory is expected, and answered, or a broken promise of the memory's owner. */
  protected readonly fallible: boolean;
  #at: number;
  #end: number;

  protected constructor(
    { memory, start, end }: VmRange,
    access: "read" | "write",
    fallible: boolean,
  ) {
    this.memory = memory;
    this.#access = access;
    this.fallible = fallible;
    this.#at = start;
    this.#end = end;
  }

  /** The address of the next byte: an offset in the source, or in the buffer of the bytes given. */
  get cursor(): number {
    return this.#at;
  }

  /** Bytes between the cursor and the end of the range. */
  protected get left(): number {
    return this.#end - this.#at;
  }

  /**
   * Lets the range end `max` bytes from the cursor. It only shrinks: a `max` beyond its end changes nothing.
   *
   * @throws {@link CoreError} `address-out-of-range` unless `max` is an integer of at least 0
   */
  limit(max: number): this {
    checkCount("length", max);
    this.#end = Math.min(this.#end, this.#at + max);
    return this;
  }

  /**
   * Moves the cursor by `count` bytes.
   *
   * @throws {@link CoreError} `too-short` past the end of the range; `address-out-of-range` unless `count` is an integer
   * of at least 0
   */
  skip(count: number): this {
    checkCount("length", count);
    this.require(count);
    this.#at += count;
    return this;
  }

  /** @throws {@link CoreError} `too-short` unless `size` bytes are left */
  protected require(size: number): void {
    if (size > this.left)
      throw new CoreError({ code: "too-short", needed: size, remain: this.left });
  }

  /** Moves the cursor on, over bytes that {@link require} has found. */
  protected advance(count: number): void {
    this.#at += count;
  }

  /**
   * Seeks `len` bytes, `ahead` of the cursor.
   *
   * @returns how many there are in one run; fewer than `len` only if fallible
   */
  protected seek(ahead: number, len: number): number {
    const at = this.#at + ahead;
    const run = this.memory.seek(at, len, this.#access);
    if (run < len && !this.fallible) {
      const { byteLength } = this.memory.views;
      throw new CoreError({ code: "out-of-bounds", start: at, len, byteLength });
    }
    return run;
  }

  /** Whether `size` bytes from the cursor are one run of fixed-length memory: the fast path of values. */
  protected seekValue(size: number): boolean {
    return this.seek(0, size) === size && !this.memory.views.resizable;
  }

  /**
   * Copies the next `into.length` bytes out, run by run; the cursor stays.
   *
   * @throws {@link CoreError} `page-fault`
   */
  protected gather(into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const run = this.seek(done, into.length - done);
      if (run === 0) throw new CoreError({ code: "page-fault", at: this.#at + done });
      const { views, offset } = this.memory;
      into.set(views.liveU8.subarray(offset, offset + run), done);
      done += run;
    }
  }

  /** Copies bytes over the next ones, run by run; the cursor stays. Caller must have proved the runs by `gather`. */
  protected scatter(from: Uint8Array): void {
    for (let done = 0; done < from.length; ) {
      const run = this.seek(done, from.length - done);
      if (run === 0) throw new CoreError({ code: "page-fault", at: this.#at + done });
      const { views, offset } = this.memory;
      views.liveU8.set(from.subarray(done, done + run), offset);
      done += run;
    }
  }

  /** The buffer and offset found by the last seek. */
  protected static placeOf({ memory }: VmCursor): { buffer: ArrayBufferLike; offset: number } {
    return { buffer: memory.views.liveU8.buffer, offset: memory.offset };
  }

  /**
   * Copies as much as both have, or until one of them faults, and moves both by it.
   *
   * @returns the bytes copied
   */
  protected static transfer(from: VmCursor, to: VmCursor): number {
    const wanted = Math.min(from.left, to.left);
    let done = 0;
    let tries = 0;
    while (done < wanted && tries < TRIES) {
      const readable = from.seek(0, wanted - done);
      if (readable === 0) break;
      const { views, offset } = from.memory; // kept: both sides may stand on the same memory object
      const run = to.seek(0, readable);
      if (run === 0) break;
      const { views: into, offset: start } = to.memory;
      // Where both sides can fault, what made room for the one may have taken the other's place: then both begin anew.
      const moved =
        from.fallible &&
        to.fallible &&
        (from.seek(0, run) < run || from.memory.views !== views || from.memory.offset !== offset);
      tries = moved ? tries + 1 : 0;
      if (moved) continue;
      // Both runs are proved by now, so where a side throws nothing of this run has happened.
      into.liveU8.set(views.liveU8.subarray(offset, offset + run), start);
      from.#at += run;
      to.#at += run;
      done += run;
    }
    return done;
  }
}
