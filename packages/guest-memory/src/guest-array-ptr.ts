/**
 * `GuestArrayPtr<T>`: a pointer to a run of elements, wiggle's `GuestPtr<[T]>`.
 *
 * @see wiggle `src/lib.rs`, `impl GuestPtr<[T]>`
 * @module
 */

import type { Layout, Region, Scalar, ValueOf } from "@memkit/core";
import { brand } from "./brand.js";
import { GuestError } from "./error.js";
import type { GuestMemory } from "./guest-memory.js";
import type { GuestPtr } from "./guest-ptr.js";
import { demandLength, elementBytes, GuestCow, GuestSlice, GuestSliceMut } from "./guest-slice.js";
import type { GuestStrPtr } from "./guest-str-ptr.js";
import { printsAs } from "./inspect.js";
import { demandTransparent, type Transparent, type VectorOf, vectorOf } from "./transparent.js";
import { UnsafeGuestSlice } from "./unsafe-guest-slice.js";

/**
 * A pointer to `len` elements of `T`. Like {@link GuestPtr}, an immutable value that is checked when it is used.
 *
 * @example
 * ```ts
 * import { u8 } from "@memkit/core";
 * import { GuestMemory } from "@memkit/guest-memory";
 *
 * const mem = new GuestMemory({ buffer: new ArrayBuffer(64) });
 * const bytes = mem.arrayPtr(u8, 16, 4);
 * bytes.copyFromSlice([1, 2, 3, 4]);
 * bytes.getRange(1, 3)?.toVec(); // => new Uint8Array([2, 3])
 * bytes.get(4); // => undefined
 * ```
 */
export class GuestArrayPtr<T extends Layout = Layout> {
  readonly mem: GuestMemory;
  /** Type of an element. */
  readonly type: T;
  /** Where it starts: bytes from the start of the memory. */
  readonly offsetBase: number;
  /** Number of elements. */
  readonly len: number;

  /** Made by {@link GuestMemory.arrayPtr} and {@link GuestPtr.asArray}. */
  constructor(mem: GuestMemory, type: T, offsetBase: number, len: number) {
    this.mem = mem;
    this.type = type;
    this.offsetBase = offsetBase;
    this.len = len;
  }

  /** A pointer to the first element, even if there is none. */
  asPtr(): GuestPtr<T> {
    return this.mem.ptr(this.type, this.offsetBase);
  }

  /** The same address and length, seen as elements of another type. */
  cast<U extends Layout>(type: U): GuestArrayPtr<U> {
    return this.mem.arrayPtr(type, this.offsetBase, this.len);
  }

  /**
   * Pointers to the elements, in order; `len` of them. Nothing is read, so bounds show when they are used.
   *
   * @throws {@link GuestError} `ptr-overflow` at the first element beyond the address space
   */
  *iter(): Generator<GuestPtr<T>> {
    const base = this.asPtr();
    for (let i = 0; i < this.len; i++) yield base.add(i);
  }

  /** As {@link iter}. */
  [Symbol.iterator](): Generator<GuestPtr<T>> {
    return this.iter();
  }

  /**
   * A pointer to element `index`, or undefined beyond the end.
   *
   * @throws {@link GuestError} `ptr-overflow` (where wiggle panics)
   */
  get(index: number): GuestPtr<T> | undefined {
    return isIndex(index) && index < this.len ? this.asPtr().add(index) : undefined;
  }

  /**
   * The elements from `from` up to, not including, `to`; undefined unless `0 <= from <= to <= len`.
   *
   * @throws {@link GuestError} `ptr-overflow` (where wiggle panics)
   */
  getRange(from: number, to: number): GuestArrayPtr<T> | undefined {
    if (!(isIndex(from) && isIndex(to) && from <= to && to <= this.len)) return undefined;
    return this.asPtr()
      .add(from)
      .asArray(to - from);
  }

  /**
   * Borrows the range for reading; null if the memory is shared.
   *
   * @throws {@link GuestError} `not-transparent`, `ptr-overflow`, `ptr-out-of-bounds`, `ptr-not-aligned`, `ptr-borrowed`
   */
  asSlice<E extends Transparent>(this: GuestArrayPtr<E>): GuestSlice<E> | null {
    const region = this.#region();
    return this.mem.isSharedMemory() ? null : new GuestSlice(this.mem, this.type, region);
  }

  /**
   * Borrows the range for writing; null if the memory is shared.
   *
   * @throws {@link GuestError} as {@link asSlice}
   */
  asSliceMut<E extends Transparent>(this: GuestArrayPtr<E>): GuestSliceMut<E> | null {
    const region = this.#region();
    return this.mem.isSharedMemory() ? null : new GuestSliceMut(this.mem, this.type, region);
  }

  /**
   * Borrows the range for reading, or copies it if the memory is shared.
   *
   * @throws {@link GuestError} as {@link asSlice}
   */
  asCow<E extends Transparent>(this: GuestArrayPtr<E>): GuestCow<E> {
    const region = this.#region();
    const copy = this.mem.isSharedMemory() ? this.mem.copyOut(region.start, region.len) : undefined;
    return new GuestCow(this.mem, this.type, region, copy);
  }

  /**
   * Checks bounds and alignment now and borrows later.
   *
   * @throws {@link GuestError} as {@link asSlice}, without `ptr-borrowed`
   */
  asUnsafeSliceMut<E extends Transparent>(this: GuestArrayPtr<E>): UnsafeGuestSlice<E> {
    this.#region();
    return new UnsafeGuestSlice(this);
  }

  /**
   * A copy of the elements. Unlike wiggle's it is refused while a mut borrow overlaps the range.
   *
   * @throws {@link GuestError} as {@link asSlice}
   */
  toVec<E extends Transparent>(this: GuestArrayPtr<E>): VectorOf<E> {
    const { start, len } = this.#region();
    return vectorOf(this.type, this.mem.copyOut(start, len));
  }

  /**
   * Copies `values`, as many as there are elements, into the guest.
   *
   * @throws {@link GuestError} as {@link asSlice}, with `slice-lengths-differ` before and `try-from-int-error` after
   * `ptr-borrowed`
   */
  copyFromSlice<E extends Transparent>(
    this: GuestArrayPtr<E>,
    values: ArrayLike<ValueOf<E>>,
  ): void {
    const { start, len } = this.#region();
    demandLength(this.len, values);
    this.mem.demandUnborrowed(start, len, "write");
    this.mem.copyIn(start, elementBytes(this.type, values, this.len));
  }

  /** The bytes as a string, not validated yet. */
  asStrPtr(this: GuestArrayPtr<Scalar<"u8">>): GuestStrPtr {
    return this.mem.strPtr(this.offsetBase, this.len);
  }

  /** Whether other threads may change the memory at any time. */
  isSharedMemory(): boolean {
    return this.mem.isSharedMemory();
  }

  /** `*guest 0x10/4`, as wiggle prints it. */
  toString(): string {
    return `*guest 0x${this.offsetBase.toString(16)}/${this.len}`;
  }

  /** What a structured log wants: plain numbers. */
  toJSON(): object {
    return { type: this.type.name, offset: this.offsetBase, len: this.len };
  }

  /** The checked range of bytes. */
  #region(): Region {
    demandTransparent(this.type);
    const { size, align } = this.type;
    const start = this.mem.validate(this.offsetBase, this.len, size, align);
    return { start, len: this.len * size };
  }
}
printsAs(GuestArrayPtr, String);
brand(GuestArrayPtr, "GuestArrayPtr");

const isIndex = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
