/**
 * The memory itself: whose it is, how long it is now, and which numbers are addresses in it.
 *
 * Keeps GM-5 with claim.ts: nothing here is reached before the source has been claimed.
 *
 * @module
 */

import { bufferOf, type MemorySource, ViewCache } from "@memkit/core";
import { type BorrowPolicy, type WatchingPolicy, watching } from "./borrow-policy.js";
import {
  type Claim,
  claimBuffer,
  claimSource,
  type GuestMemoryOptions,
  type GuestTarget,
} from "./claim.js";
import { GuestError, type GuestErrorDetail } from "./error.js";
import { printed } from "./printed.js";
import { ScalarViews } from "./scalar-views.js";

/** Addresses of a 32-bit guest end here; those of a 64-bit guest end where numbers stop being exact. */
const MAX_ADDRESS: Readonly<Record<GuestTarget, number>> = {
  wasm32: 0xffff_ffff,
  wasm64: Number.MAX_SAFE_INTEGER,
};

/** The part of `GuestMemory` that checks no access yet: the source and its views, the guest's addresses. */
export class ClaimedMemory extends ScalarViews {
  /** Pointer width of the guest. */
  readonly target: GuestTarget;
  /** The highest address a pointer can hold: 2^32 - 1, or 2^53 - 1 for a 64-bit guest. */
  readonly maxAddress: number;
  /** @internal The buffer of the views. Kept here because asking a view for it costs as much as making one. */
  buffer: ArrayBufferLike;
  /** @internal The cached views. */
  readonly views: ViewCache;
  protected readonly borrows: BorrowPolicy;
  /** @internal The same policy, if it watches what holders do. */
  readonly watch: WatchingPolicy | null;
  protected readonly claim: Claim;

  constructor(source: MemorySource, options: GuestMemoryOptions = {}) {
    const views = new ViewCache(source);
    super(views.u8);
    this.views = views;
    this.buffer = views.liveU8.buffer;
    const claim = claimSource(source, this.buffer, options);
    this.target = claim.target;
    this.maxAddress = MAX_ADDRESS[claim.target];
    this.borrows = claim.policy;
    this.watch = watching(claim.policy);
    this.claim = claim;
  }

  /** The memory's length in bytes, as the source says it now. */
  get byteLength(): number {
    return this.refresh();
  }

  /** The source this memory was made over. */
  get source(): MemorySource {
    return this.views.source;
  }

  /** @internal Whether `other`, which another copy of this package may have made, is over the same source. */
  isSame(other: ClaimedMemory): boolean {
    return this === other || this.source === other.source;
  }

  /** Whether other threads may change the bytes at any time. No borrow of such a memory is ever recorded. */
  isSharedMemory(): boolean {
    return this.views.shared;
  }

  /**
   * Every byte of the memory, unchecked.
   *
   * Caller must: read and write only ranges that no live borrow forbids; never keep the view, which is detached when the
   * memory grows; not hand it to anyone who does either.
   */
  base(): Uint8Array {
    this.refresh();
    return this.views.liveU8;
  }

  /**
   * Asks the source for its buffer again. Needed only after the source exchanged its buffer without detaching the old one.
   *
   * @returns the memory's length in bytes
   * @throws `CoreError` `invalid-source`, `source-detached`, `source-threw`
   * @throws {@link GuestError} `memory-claimed`
   */
  refresh(): number {
    const buffer = bufferOf(this.views.source);
    if (buffer !== this.buffer) claimBuffer(this.views.source, buffer);
    const length = this.views.refresh();
    this.buffer = this.views.liveU8.buffer;
    if (this.u8 !== this.views.u8) this.retype(this.views.u8);
    return length;
  }

  /**
   * The address that a pointer or length denotes: an i32 or u32 of a 32-bit guest, an i64 or u64 of a 64-bit one.
   *
   * A guest's pointers arrive as signed integers: from 2 GiB on they are negative.
   *
   * @throws {@link GuestError} `try-from-int-error` for what is no such integer, or above 2^53 - 1
   *
   * @example
   * ```ts
   * import { GuestMemory } from "@memkit/guest-memory";
   *
   * const mem = new GuestMemory({ buffer: new ArrayBuffer(16) });
   * mem.toAddress(-1); // => 4294967295
   * ```
   */
  toAddress(value: number | bigint): number {
    const wide = this.target === "wasm64" && typeof value === "bigint";
    const address = this.addressOf(wide ? Number(BigInt.asUintN(64, value)) : value);
    if (address < 0) throw new GuestError(this.notAnAddress(value));
    return address;
  }

  /** The address that a number denotes, or -1 if it is none. */
  protected addressOf(n: unknown): number {
    if (typeof n === "number" && Number.isSafeInteger(n)) {
      if (n >= 0 && n <= this.maxAddress) return n + 0; // -0 becomes 0
      if (this.target === "wasm32" && n < 0 && n >= -0x8000_0000) return n >>> 0;
    }
    return -1;
  }

  /** {@link toAddress} of what is nearly always an unsigned number already. */
  protected normalise(value: number): number {
    if (typeof value === "number" && value >>> 0 === value) return value >>> 0; // -0 becomes 0
    if (typeof value === "bigint") throw new GuestError(this.notAnAddress(value));
    return this.toAddress(value);
  }

  /** What is wrong with a value that is none. */
  protected notAnAddress(value: unknown): GuestErrorDetail {
    const type = this.target === "wasm64" ? "a 53-bit address" : "i32 or u32";
    return { code: "try-from-int-error", type, got: printed(value) };
  }
}
