/**
 * A range whose bounds and alignment were checked, but which is not borrowed yet.
 *
 * Hosts collect these for a whole scatter list first and borrow afterwards, so that a bad entry is found before any
 * borrow is taken. In wiggle it hands out raw pointers and is unsafe; here every use is checked again.
 *
 * @see wiggle `src/lib.rs`, `UnsafeGuestSlice`
 * @module
 */

import type { ValueOf } from "@memkit/core";
import type { GuestArrayPtr } from "./guest-array-ptr.js";
import type { GuestSliceMut } from "./guest-slice.js";
import { printsAs } from "./inspect.js";
import type { Transparent } from "./transparent.js";

/** Made by {@link GuestArrayPtr.asUnsafeSliceMut}. */
export class UnsafeGuestSlice<T extends Transparent = Transparent> {
  readonly #ptr: GuestArrayPtr<T>;

  constructor(ptr: GuestArrayPtr<T>) {
    this.#ptr = ptr;
  }

  /** Number of elements. */
  get len(): number {
    return this.#ptr.len;
  }

  /** Whether other threads may change the memory at any time. */
  isSharedMemory(): boolean {
    return this.#ptr.isSharedMemory();
  }

  /** Borrows the range for writing. As {@link GuestArrayPtr.asSliceMut}. */
  asSliceMut(): GuestSliceMut<T> | null {
    return this.#ptr.asSliceMut();
  }

  /** Copies `values` into the range. As {@link GuestArrayPtr.copyFromSlice}. */
  copyFromSlice(values: ArrayLike<ValueOf<T>>): void {
    this.#ptr.copyFromSlice(values);
  }

  /** `UnsafeGuestSlice { *guest 0x10/4 }`: address, and length in elements. */
  toString(): string {
    return `UnsafeGuestSlice { ${this.#ptr} }`;
  }

  /** What a structured log wants: plain numbers. */
  toJSON(): object {
    return this.#ptr.toJSON();
  }
}
printsAs(UnsafeGuestSlice, String);
