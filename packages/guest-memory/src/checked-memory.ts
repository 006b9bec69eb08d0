/**
 * The checks: where an access may go, in which order it is refused, and who holds a borrow.
 *
 * Every access asks the same questions in wiggle's order: overflow, bounds, alignment, borrow, and last the value. The
 * fast path answers the first four with one comparison against the live length of a cached view, one mask and one
 * comparison of a counter with 0; whatever fails there is asked again, slowly and in order, by `fault`.
 *
 * Invariant GM-6: no byte outside `[0, byteLength)` of the memory as it is now is read or written.
 * Invariant GM-7: a read overlaps no mut borrow and a write overlaps no borrow at all.
 * Invariant GM-8: failures are reported in the order overflow, bounds, alignment, borrow, value.
 * Who could break them: holders of `base()` and of views kept after their borrow ended.
 *
 * @see wiggle `src/lib.rs`, `validate_size_align`
 * @module
 */

import { isRecord, type Region } from "@memkit/core";
import { OUT_OF_HANDLES, sayCounts } from "./borrow-policy.js";
import { ClaimedMemory } from "./claimed-memory.js";
import { demandKind, demandOption } from "./demand.js";
import {
  type Borrow,
  type BorrowKind,
  type GuestAccess,
  GuestError,
  type GuestErrorDetail,
} from "./error.js";
import { printsAs } from "./inspect.js";

/** How {@link CheckedMemory.tryBorrow} and the other `try` methods answer. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  /** `new GuestError(error)` makes the exception, should one be wanted. */
  | { readonly ok: false; readonly error: GuestErrorDetail };

/** The part of `GuestMemory` that knows no types: bounds, alignment and borrows. */
export class CheckedMemory extends ClaimedMemory {
  /** Whether any borrow is live. If so, the guest must not run. */
  hasOutstandingBorrows(): boolean {
    return this.borrows.mutCount !== 0 || this.borrows.sharedCount !== 0;
  }

  /** Every live borrow. */
  outstandingBorrows(): Borrow[] {
    return this.borrows.outstanding();
  }

  /** Whether a mut borrow overlaps `region`. An empty region overlaps nothing. */
  isMutBorrowed(region: Region): boolean {
    const { start, len } = this.#whole(region);
    return this.borrows.isMutBorrowed(start, len);
  }

  /** Whether a shared borrow overlaps `region`. An empty region overlaps nothing. */
  isSharedBorrowed(region: Region): boolean {
    const { start, len } = this.#whole(region);
    return this.borrows.isSharedBorrowed(start, len);
  }

  /**
   * Borrows `region` for writing and returns the handle that ends the borrow. As in wiggle, bounds are not checked.
   *
   * @throws {@link GuestError} `shared-memory`, `ptr-borrowed`, `borrow-checker-out-of-handles`
   */
  mutBorrow(region: Region): number {
    const { start, len } = this.#whole(region);
    return this.take("mut", start, len);
  }

  /**
   * Borrows `region` for reading and returns the handle that ends the borrow. As in wiggle, bounds are not checked.
   *
   * @throws {@link GuestError} `shared-memory`, `ptr-borrowed`, `borrow-checker-out-of-handles`
   */
  sharedBorrow(region: Region): number {
    const { start, len } = this.#whole(region);
    return this.take("shared", start, len);
  }

  /**
   * Borrows like {@link mutBorrow} and {@link sharedBorrow}, but returns refusals instead of throwing them.
   *
   * @throws {@link GuestError} `invalid-option` if `kind` is neither, `try-from-int-error` if `region` is none
   */
  tryBorrow(kind: BorrowKind, region: Region): Result<number> {
    demandOption(kind === "mut" || kind === "shared", "kind", kind);
    demandKind(isRecord(region), "a region", region);
    const start = this.addressOf(region.start);
    if (start < 0) return { ok: false, error: this.notAnAddress(region.start) };
    const len = this.addressOf(region.len);
    if (len < 0) return { ok: false, error: this.notAnAddress(region.len) };
    const handle = this.views.shared ? -1 : this.#borrow(kind, start, len);
    if (handle >= 0) return { ok: true, value: handle };
    return { ok: false, error: this.#refusal(kind, start, len, handle) };
  }

  /**
   * Ends a mut borrow.
   *
   * @throws {@link GuestError} `stale-handle`, `wrong-handle-kind`
   */
  mutUnborrow(handle: number): void {
    this.borrows.mutUnborrow(handle);
  }

  /**
   * Ends a shared borrow.
   *
   * @throws {@link GuestError} `stale-handle`, `wrong-handle-kind`
   */
  sharedUnborrow(handle: number): void {
    this.borrows.sharedUnborrow(handle);
  }

  /**
   * Ends every borrow at once, of every GuestMemory over this source: for hosts that give the instance's slot to another
   * guest, whatever its last one left behind, before they reset it. Handles are stale afterwards and guards throw `released`.
   *
   * Caller must: hold no view of a borrow any more, and know that nobody else does.
   *
   * @example
   * ```ts
   * import { u8 } from "@memkit/core";
   * import { GuestMemory } from "@memkit/guest-memory";
   *
   * const mem = new GuestMemory({ buffer: new ArrayBuffer(16) });
   * const forgotten = mem.arrayPtr(u8, 0, 4).asSliceMut()!;
   * mem.releaseAll();
   * forgotten.dropped; // => true
   * mem.hasOutstandingBorrows(); // => false
   * ```
   */
  releaseAll(): void {
    this.borrows.releaseAll();
    this.claim.epoch++;
  }

  /** `GuestMemory { wasm32, 0x10000 bytes, 1 mut and 0 shared borrows }`. Does not ask the source. */
  override toString(): string {
    const kind = this.views.shared ? `${this.target}, shared` : this.target;
    const bytes = `0x${this.views.byteLength.toString(16)} bytes`;
    return `GuestMemory { ${kind}, ${bytes}, ${sayCounts(this.borrows)} }`;
  }

  /** What a structured log wants: plain numbers, and no bytes. */
  toJSON(): object {
    const { byteLength, shared } = this.views;
    return { target: this.target, byteLength, shared, borrows: this.outstandingBorrows() };
  }

  /** @internal Which guards are live: those of this epoch. */
  get epoch(): number {
    return this.claim.epoch;
  }

  /** @internal Whether `handle` names a live borrow. */
  isLive(handle: number): boolean {
    return this.borrows.lookup(handle) !== undefined;
  }

  /**
   * Checks overflow, bounds and alignment of `count` elements at `ptr`, but no borrows; wiggle's one validator.
   *
   * @param size - bytes of an element
   * @param align - a power of two
   * @returns the address
   * @throws {@link GuestError} `try-from-int-error`, `ptr-overflow`, `ptr-out-of-bounds`, `ptr-not-aligned`
   */
  validate(ptr: number, count: number, size: number, align: number): number {
    demandSize(size);
    demandAlign(align);
    return this.place(ptr, count, size, align);
  }

  /** {@link validate} for sizes and alignments that are known to be good. */
  protected place(ptr: number, count: number, size: number, align: number): number {
    if (this.#inBounds(ptr, count, size) && (ptr & (align - 1)) === 0) return ptr >>> 0;
    const fault = this.fault(ptr, count, size, align, undefined);
    if (fault !== undefined) throw new GuestError(fault);
    return this.normalise(ptr);
  }

  /** @internal Checks borrows but not bounds. @throws {@link GuestError} `ptr-borrowed` */
  demandUnborrowed(start: number, len: number, access: "read" | "write"): void {
    const fault = this.#borrowFault(start, len, access);
    if (fault !== undefined) throw new GuestError(fault);
  }

  /**
   * Checks everything that stands between `ptr` and an access of `count` elements.
   *
   * @returns the address
   * @throws {@link GuestError} as {@link validate}, then `ptr-borrowed`
   */
  protected locate(
    ptr: number,
    count: number,
    size: number,
    align: number,
    access: "read" | "write",
  ): number {
    // The policy first: it may be the user's, and whatever it does to the memory, the bounds hold afterwards (GM-6).
    if (
      this.borrows.mutCount === 0 &&
      (access === "read" || this.borrows.sharedCount === 0) &&
      this.#inBounds(ptr, count, size) &&
      (ptr & (align - 1)) === 0
    ) {
      return ptr;
    }
    const fault = this.fault(ptr, count, size, align, access);
    if (fault !== undefined) throw new GuestError(fault);
    return this.normalise(ptr);
  }

  /** The first thing wrong with an access, in order, or undefined. Sees growth, detachment and exchange. */
  protected fault(
    ptr: number,
    count: number,
    size: number,
    align: number,
    access: "read" | "write" | undefined,
  ): GuestErrorDetail | undefined {
    const start = this.addressOf(ptr);
    if (start < 0) return this.notAnAddress(ptr);
    const elements = this.addressOf(count);
    if (elements < 0) return this.notAnAddress(count);
    const len = elements * size;
    if (len > this.maxAddress) return { code: "ptr-overflow", ptr: start, count: elements, size };
    const outside = this.#boundsFault(start, len);
    if (outside !== undefined) return outside;
    if (len !== 0 && start % align !== 0) {
      return { code: "ptr-not-aligned", region: { start, len }, align };
    }
    if (access === undefined) return undefined;
    // Bounds again: the policy may be the user's, and have changed the memory while it answered.
    return this.#borrowFault(start, len, access) ?? this.#boundsFault(start, len);
  }

  /** Whether no borrow forbids reading `size` bytes at `ptr`. Asked before the bounds: the policy may be the user's. */
  protected readable(ptr: number, size: number): boolean {
    return this.borrows.mutCount === 0 || !this.borrows.isMutBorrowed(ptr, size);
  }

  /** Whether no borrow forbids writing `size` bytes at `ptr`. Asked before the bounds. */
  protected writable(ptr: number, size: number): boolean {
    return (
      this.readable(ptr, size) &&
      (this.borrows.sharedCount === 0 || !this.borrows.isSharedBorrowed(ptr, size))
    );
  }

  /** Whether the fast path may read `size` bytes at `ptr`, a multiple of `align`. */
  protected mayRead(ptr: number, size: number, align: number): boolean {
    return (
      typeof ptr === "number" &&
      ptr >>> 0 === ptr &&
      (ptr & (align - 1)) === 0 &&
      this.readable(ptr, size) &&
      size !== 0 && // no bytes of a memory that is gone would look as if they were there
      ptr + size <= this.views.u8.length // last: a user's policy may change the memory while it answers
    );
  }

  /** Whether the fast path may write `size` bytes at `ptr`, a multiple of `align`. */
  protected mayWrite(ptr: number, size: number, align: number): boolean {
    return (
      typeof ptr === "number" &&
      ptr >>> 0 === ptr &&
      (ptr & (align - 1)) === 0 &&
      this.writable(ptr, size) &&
      size !== 0 && // no bytes of a memory that is gone would look as if they were there
      ptr + size <= this.views.u8.length // last: a user's policy may change the memory while it answers
    );
  }

  /** Borrows, or says why not. `start` and `len` are numbers already checked. */
  protected take(kind: BorrowKind, start: number, len: number): number {
    const handle = this.views.shared ? -1 : this.#borrow(kind, start, len);
    if (handle < 0) throw new GuestError(this.#refusal(kind, start, len, handle));
    return handle;
  }

  /** Ends a borrow of either kind. */
  protected give(kind: BorrowKind, handle: number): void {
    if (kind === "mut") this.borrows.mutUnborrow(handle);
    else this.borrows.sharedUnborrow(handle);
  }

  /** Fast half of the bounds check: true only for plain u32 numbers and a view that is alive. */
  #inBounds(ptr: number, count: number, size: number): boolean {
    const { length } = this.views.u8;
    return (
      typeof ptr === "number" &&
      typeof count === "number" &&
      ptr >>> 0 === ptr &&
      count >>> 0 === count &&
      ptr + count * size <= length &&
      count * size <= this.maxAddress && // all 4 GiB of a memory are a length that no u32 holds
      length !== 0
    );
  }

  /** Slow half: asks the source again before it says no. */
  #boundsFault(start: number, len: number): GuestErrorDetail | undefined {
    const end = start + len;
    const known = this.views.byteLength;
    // 0 is what a detached buffer reports: even an empty range needs a view that is alive.
    if ((end <= known && known !== 0) || end <= this.refresh()) return undefined;
    const { byteLength } = this.views;
    return { code: "ptr-out-of-bounds", region: { start, len }, byteLength };
  }

  #borrow(kind: BorrowKind, start: number, len: number): number {
    return kind === "mut"
      ? this.borrows.mutBorrow(start, len)
      : this.borrows.sharedBorrow(start, len);
  }

  #refusal(kind: BorrowKind, start: number, len: number, why: number): GuestErrorDetail {
    if (this.views.shared) return { code: "shared-memory", region: { start, len } };
    if (why === OUT_OF_HANDLES) {
      const limit = this.borrows.mutCount + this.borrows.sharedCount;
      return { code: "borrow-checker-out-of-handles", limit };
    }
    return this.#conflict(start, len, `${kind} borrow`, kind === "mut");
  }

  #borrowFault(start: number, len: number, access: "read" | "write"): GuestErrorDetail | undefined {
    const { borrows } = this;
    const blocked =
      (borrows.mutCount !== 0 && borrows.isMutBorrowed(start, len)) ||
      (access === "write" && borrows.sharedCount !== 0 && borrows.isSharedBorrowed(start, len));
    return blocked ? this.#conflict(start, len, access, access === "write") : undefined;
  }

  #conflict(start: number, len: number, access: GuestAccess, shared: boolean): GuestErrorDetail {
    const region = { start, len };
    // A policy may refuse without being able to name a borrow; then the refusal itself is the conflict.
    const conflict = this.borrows.conflict(start, len, shared) ?? { region, kind: "mut" };
    return { code: "ptr-borrowed", region, access, conflict };
  }

  #whole(region: Region): Region {
    demandKind(isRecord(region), "a region", region);
    return { start: this.normalise(region.start), len: this.normalise(region.len) };
  }
}

printsAs(CheckedMemory, String);

function demandSize(size: number): void {
  demandKind(Number.isSafeInteger(size) && size >= 0, "size", size);
}

function demandAlign(align: number): void {
  const whole = Number.isInteger(align) && align >>> 0 === align && align !== 0;
  demandKind(whole && (align & (align - 1)) === 0, "alignment", align);
}
