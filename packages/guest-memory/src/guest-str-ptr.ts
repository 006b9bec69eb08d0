/**
 * `GuestStrPtr`: a pointer to bytes that claim to be UTF-8, wiggle's `GuestPtr<str>`.
 *
 * @see wiggle `src/lib.rs`, `impl GuestPtr<str>`
 * @module
 */

import { type Region, type Scalar, u8 } from "@memkit/core";
import { brand } from "./brand.js";
import type { GuestArrayPtr } from "./guest-array-ptr.js";
import type { GuestMemory } from "./guest-memory.js";
import type { GuestPtr } from "./guest-ptr.js";
import { GuestStr, GuestStrCow, GuestStrMut } from "./guest-str.js";
import { printsAs } from "./inspect.js";

/**
 * A pointer to `len` bytes of text. Like {@link GuestPtr}, an immutable value that is checked when it is used.
 *
 * @example
 * ```ts
 * import { GuestMemory } from "@memkit/guest-memory";
 *
 * const mem = new GuestMemory({ buffer: new TextEncoder().encode("so long").buffer });
 * const str = mem.strPtr(3, 4).asStr()!;
 * String(str); // => "long"
 * str.drop();
 * ```
 */
export class GuestStrPtr {
  readonly mem: GuestMemory;
  /** Where it starts: bytes from the start of the memory. */
  readonly offsetBase: number;
  /** Number of bytes. */
  readonly len: number;

  /** Made by {@link GuestMemory.strPtr} and {@link GuestArrayPtr.asStrPtr}. */
  constructor(mem: GuestMemory, offsetBase: number, len: number) {
    this.mem = mem;
    this.offsetBase = offsetBase;
    this.len = len;
  }

  /** The bytes as an array. */
  asBytes(): GuestArrayPtr<Scalar<"u8">> {
    return this.mem.arrayPtr(u8, this.offsetBase, this.len);
  }

  /** A pointer to the first byte, even if there is none. */
  asPtr(): GuestPtr<Scalar<"u8">> {
    return this.mem.ptr(u8, this.offsetBase);
  }

  /**
   * Borrows the text for reading; null if the memory is shared.
   *
   * @throws {@link GuestError} `ptr-overflow`, `ptr-out-of-bounds`, `ptr-borrowed`, `invalid-utf8`
   */
  asStr(): GuestStr | null {
    const region = this.#region();
    return this.mem.isSharedMemory() ? null : new GuestStr(this.mem, region);
  }

  /**
   * Borrows the text for writing; null if the memory is shared.
   *
   * @throws {@link GuestError} as {@link asStr}
   */
  asStrMut(): GuestStrMut | null {
    const region = this.#region();
    return this.mem.isSharedMemory() ? null : new GuestStrMut(this.mem, region);
  }

  /**
   * Borrows the text for reading, or copies it first and checks the copy if the memory is shared.
   *
   * @throws {@link GuestError} as {@link asStr}
   */
  asCow(): GuestStrCow {
    const region = this.#region();
    const copy = this.mem.isSharedMemory() ? this.mem.copyOut(region.start, region.len) : undefined;
    return new GuestStrCow(this.mem, region, copy);
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
    return { type: "str", offset: this.offsetBase, len: this.len };
  }

  #region(): Region {
    return { start: this.mem.validate(this.offsetBase, this.len, 1, 1), len: this.len };
  }
}
printsAs(GuestStrPtr, String);
brand(GuestStrPtr, "GuestStrPtr");
