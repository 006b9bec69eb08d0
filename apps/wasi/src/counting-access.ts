/**
 * Guest memory that counts what a guest makes the host do with it.
 *
 * @module
 */

import type { Layout, Region, ValueOf } from "@memkit/core";
import type { GuestAccess } from "./guest-access.js";

/** What has happened so far. */
export interface AccessCounts {
  /** Values, strings and records read. */
  reads: number;
  /** Values, records and byte ranges written. */
  writes: number;
  /** Borrows granted. */
  granted: number;
  /** Borrows refused: another borrow was in the way. */
  refused: number;
  /** The most borrows that were out at once. */
  peak: number;
  /** Borrows out now. */
  outstanding: number;
}

/** Where counting starts. */
export function noCounts(): AccessCounts {
  return { reads: 0, writes: 0, granted: 0, refused: 0, peak: 0, outstanding: 0 };
}

/** Passes everything on to the memory it was made over, and counts. */
export class CountingAccess implements GuestAccess {
  readonly counts: AccessCounts;
  readonly #memory: GuestAccess;

  constructor(memory: GuestAccess, counts: AccessCounts = noCounts()) {
    this.#memory = memory;
    this.counts = counts;
  }

  base(): Uint8Array {
    return this.#memory.base();
  }

  validate(ptr: number, count: number, size: number, align: number): number {
    return this.#memory.validate(ptr, count, size, align);
  }

  sharedBorrow(region: Region): number {
    return this.#grant(() => this.#memory.sharedBorrow(region));
  }

  sharedUnborrow(handle: number): void {
    this.#memory.sharedUnborrow(handle);
    this.counts.outstanding -= 1;
  }

  mutBorrow(region: Region): number {
    return this.#grant(() => this.#memory.mutBorrow(region));
  }

  mutUnborrow(handle: number): void {
    this.#memory.mutUnborrow(handle);
    this.counts.outstanding -= 1;
  }

  writeU32(ptr: number, value: number): void {
    this.counts.writes += 1;
    this.#memory.writeU32(ptr, value);
  }

  writeU64(ptr: number, value: bigint): void {
    this.counts.writes += 1;
    this.#memory.writeU64(ptr, value);
  }

  read<L extends Layout>(layout: L, ptr: number): ValueOf<L> {
    this.counts.reads += 1;
    return this.#memory.read(layout, ptr);
  }

  write<L extends Layout>(layout: L, ptr: number, value: ValueOf<L>): void {
    this.counts.writes += 1;
    this.#memory.write(layout, ptr, value);
  }

  readString(ptr: number, len: number): string {
    this.counts.reads += 1;
    return this.#memory.readString(ptr, len);
  }

  copyIn(ptr: number, src: Uint8Array): void {
    this.counts.writes += 1;
    this.#memory.copyIn(ptr, src);
  }

  #grant(borrow: () => number): number {
    const { counts } = this;
    let handle: number;
    try {
      handle = borrow();
    } catch (error) {
      counts.refused += 1;
      throw error;
    }
    counts.granted += 1;
    counts.outstanding += 1;
    counts.peak = Math.max(counts.peak, counts.outstanding);
    return handle;
  }
}
