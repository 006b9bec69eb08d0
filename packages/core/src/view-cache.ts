/**
 * Cached views over a {@link MemorySource} that survive growth, shrinking, detachment and exchange.
 *
 * The trick that makes a checked access cost ~2 ns instead of ~17: `memory.buffer` is never asked on the fast path.
 * The bound of every check is the live `u8.length`. It reads 0 once the buffer is detached and stays short after a
 * shared memory grows, so whatever changed, the check fails towards the slow path, which asks the source again.
 *
 * Invariant CORE-2: `u8.length` is never larger than the memory is at this moment.
 * Invariant CORE-3: `u8` and `dv` are never views of a resizable buffer. One such view makes every read site that it
 * passes through polymorphic for the whole process (4-5 times slower, measured on Node 20 to 26). For a resizable
 * source they stay empty, every access takes the slow path, and that path reads `liveU8` and `liveDv`.
 * It keeps CORE-2, too: where optimized code has met a resizable view, V8 (Node 20 and 22) goes on giving the old `length`
 * of a fixed view whose buffer was detached. So no site asks for the length of both: see {@link ViewCache.byteLength}.
 *
 * @module
 */

import { type CoreErrorDetail, coreError } from "./core-error.js";
import type { ErrorClass } from "./error.js";
import { bufferOf, bufferTraits, type MemorySource } from "./source.js";

const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<"source-detached">({
  "source-detached": () => "the memory's buffer is detached",
});

const EMPTY = new ArrayBuffer(0);

/**
 * The views of one source.
 *
 * @example
 * ```ts
 * import { ViewCache } from "@memkit/core/view-cache";
 *
 * const source = { buffer: new ArrayBuffer(8) };
 * const views = new ViewCache(source);
 * views.u8.length; // => 8
 * source.buffer = new ArrayBuffer(16); // an exchange: the source says so
 * views.refresh(); // => 16
 * views.u8.length; // => 16
 * ```
 */
export class ViewCache {
  readonly source: MemorySource;
  /** All bytes of a fixed-length memory; its `length` is the bound. Empty for a resizable one. */
  u8: Uint8Array;
  /** The same bytes for multi-byte scalars. */
  dv: DataView;
  /** All bytes, resizable or not. For slow paths only (CORE-3). */
  liveU8: Uint8Array;
  /** The same bytes for multi-byte scalars. For slow paths only (CORE-3). */
  liveDv: DataView;
  /** Whether other threads may change the bytes at any moment. */
  shared: boolean;
  /** Whether the memory may change its length in place. */
  resizable: boolean;

  /** @throws {@link CoreError} `invalid-source`, `source-detached`, `source-threw` */
  constructor(source: MemorySource) {
    this.source = source;
    this.u8 = this.liveU8 = new Uint8Array(EMPTY);
    this.dv = this.liveDv = new DataView(EMPTY);
    this.shared = false;
    this.resizable = false;
    this.refresh();
  }

  /** Bytes accessible through the views now, without asking the source. */
  get byteLength(): number {
    return this.resizable ? this.liveU8.length : this.u8.length; // two sites, one for each: CORE-3
  }

  /**
   * Asks the source for its buffer and makes new views if it is another one, or changed its length.
   *
   * @returns the length of the memory in bytes
   * @throws {@link CoreError} `invalid-source`, `source-detached`, `source-threw`; the old views then stay as they are.
   */
  refresh(): number {
    const buffer = bufferOf(this.source, this.liveU8.buffer);
    if (
      buffer === this.liveU8.buffer &&
      buffer.byteLength === this.liveU8.length &&
      buffer.byteLength !== 0
    ) {
      return this.liveU8.length;
    }
    const { shared, resizable } = bufferTraits(buffer);
    let u8: Uint8Array;
    let dv: DataView;
    try {
      u8 = new Uint8Array(buffer);
      dv = new DataView(buffer);
    } catch (cause) {
      throw new CoreError({ code: "source-detached" }, { cause });
    }
    this.liveU8 = u8;
    this.liveDv = dv;
    this.u8 = resizable ? new Uint8Array(EMPTY) : u8;
    this.dv = resizable ? new DataView(EMPTY) : dv;
    this.shared = shared;
    this.resizable = resizable;
    return u8.length;
  }
}
