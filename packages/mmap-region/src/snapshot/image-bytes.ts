/**
 * What one memory of an image holds: stored bytes, and for an increment the pages that differ from them.
 *
 * The stored bytes are what is mapped; the pages of its own an increment writes over them, so that they cost a reset as much as
 * pages that the guest has written.
 *
 * @module
 */

import { HOST_PAGE_SIZE } from "../page-size.js";
import type { StoredBytes } from "./stored-bytes.js";

/** See the head of this module. */
export class ImageBytes {
  /** Whole pages of 64 KiB, no fewer than are stored. */
  readonly length: number;
  readonly #stored: StoredBytes;
  /** The bytes of pages that differ from what is stored, by number. */
  readonly #own: ReadonlyMap<number, Uint8Array>;
  #open = true;

  private constructor(stored: StoredBytes, length: number, own: ReadonlyMap<number, Uint8Array>) {
    this.length = length;
    this.#stored = stored;
    this.#own = own;
  }

  /** All of what is stored. `close()` lets the stored bytes go. */
  static of(stored: StoredBytes): ImageBytes {
    return new ImageBytes(stored, stored.length, new Map());
  }

  /** What a memory holds now, given the pages of it that differ from this. */
  increment(now: Uint8Array, pages: Uint32Array): ImageBytes {
    const own = new Map(this.#own);
    for (const page of pages) {
      own.set(page, now.slice(page * HOST_PAGE_SIZE, (page + 1) * HOST_PAGE_SIZE));
    }
    this.#stored.retain();
    return new ImageBytes(this.#stored, now.length, own);
  }

  get mappable(): StoredBytes["mappable"] {
    return this.#stored.mappable;
  }

  /** Bytes that are mapped: behind them are zeros, and pages of its own. */
  get storedLength(): number {
    return this.#stored.length;
  }

  /** Pages of its own, each of which costs a reset as much as one that was written. */
  get ownPages(): number {
    return this.#own.size;
  }

  /** Writes whole pages, zeros beyond the end. */
  write(now: Uint8Array, from: number, to: number): void {
    const { bytes } = this.#stored;
    const end = bytes.length;
    if (from < end) now.set(bytes.subarray(from, Math.min(to, end)), from);
    if (to > end) now.fill(0, Math.max(from, end), to);
    if (this.#own.size === 0) return;
    for (let at = from; at < to; at += HOST_PAGE_SIZE) {
      const own = this.#own.get(at / HOST_PAGE_SIZE);
      if (own !== undefined) now.set(own, at);
    }
  }

  /** Writes its own pages over what is mapped. */
  writeOwn(now: Uint8Array): void {
    for (const [page, bytes] of this.#own) now.set(bytes, page * HOST_PAGE_SIZE);
  }

  /** Whether a page is not what is here; beyond the end, not zero. */
  differs(now: Uint8Array, page: number): boolean {
    const from = page * HOST_PAGE_SIZE;
    const own = this.#own.get(page);
    const bytes = own ?? this.#stored.bytes;
    const shift = own === undefined ? 0 : from;
    for (let at = from; at < from + HOST_PAGE_SIZE; at++) {
      const expected = at - shift < bytes.length ? bytes[at - shift] : 0;
      if (now[at] !== expected) return true;
    }
    return false;
  }

  /** Everything as one array, not to be written to. */
  whole(): Uint8Array {
    if (this.#own.size === 0) return this.#stored.bytes;
    const whole = new Uint8Array(this.length);
    this.write(whole, 0, this.length);
    return whole;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stored.close();
  }
}
