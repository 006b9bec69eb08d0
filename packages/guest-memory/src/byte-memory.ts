/**
 * Ranges of bytes: scoped views, copies and strings.
 *
 * A view is borrowed for as long as a callback runs; a copy borrows nothing and is refused where a borrow is in its way.
 *
 * Keeps GM-6, GM-7 and GM-8. Invariant GM-10: a scoped borrow ends when its callback returns or throws.
 *
 * @module
 */

import { demandKind, demandOption } from "./demand.js";
import { type BorrowKind, GuestError } from "./error.js";
import { silence } from "./promise.js";
import { ScalarMemory } from "./scalar-memory.js";
import { lengthOf } from "./transparent.js";
import { decodeUtf8, encodeUtf8, utf8Error } from "./utf8.js";

/** The part of `GuestMemory` that hands out, copies and decodes bytes. */
export class ByteMemory extends ScalarMemory {
  /**
   * Runs `use` on a view of `len` bytes at `ptr`, share-borrowed until `use` returns.
   *
   * Caller must: only read the view, and only inside the callback. A memory that grows meanwhile detaches it (its length
   * becomes 0); take a {@link GuestSlice} where that can happen.
   *
   * @throws {@link GuestError} as {@link validate}, then `invalid-option` if `use` is no function, `shared-memory`,
   * `ptr-borrowed`; `async-callback` if `use` returns a promise, or an iterator, which would read the view later
   *
   * @example
   * ```ts
   * import { GuestMemory } from "@memkit/guest-memory";
   *
   * const mem = new GuestMemory({ buffer: new Uint8Array([1, 2, 3, 4]).buffer });
   * mem.withSlice(1, 2, (bytes) => bytes[0]! + bytes[1]!); // => 5
   * mem.hasOutstandingBorrows(); // => false
   * ```
   */
  withSlice<R>(ptr: number, len: number, use: (bytes: Uint8Array) => R): R {
    const start = this.place(ptr, len, 1, 1);
    return this.#scoped("shared", start, this.normalise(len), use);
  }

  /**
   * Runs `use` on a view of `len` bytes at `ptr`, borrowed for writing until `use` returns. As {@link withSlice}.
   *
   * @throws {@link GuestError} as {@link withSlice}
   */
  withSliceMut<R>(ptr: number, len: number, use: (bytes: Uint8Array) => R): R {
    const start = this.place(ptr, len, 1, 1);
    return this.#scoped("mut", start, this.normalise(len), use);
  }

  /**
   * Copies `src` into the guest at `ptr`.
   *
   * @throws {@link GuestError} `try-from-int-error` if `src` is no Uint8Array, whose bytes would be rounded to fit; as
   * {@link validate}, then `ptr-borrowed`
   */
  copyIn(ptr: number, src: Uint8Array): void {
    demandKind(isBytes(src), "Uint8Array", src);
    const length = lengthOf.call(src); // what `set` goes by, whatever a class derived from it says
    const start = this.locate(ptr, length, 1, 1, "write");
    if (length !== 0) this.views.liveU8.set(src, start); // an empty one may be detached, which `set` refuses
  }

  /**
   * A copy of `len` bytes of the guest at `ptr`.
   *
   * @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` if a mut borrow overlaps the range
   */
  copyOut(ptr: number, len: number): Uint8Array<ArrayBuffer> {
    const start = this.locate(ptr, len, 1, 1, "read");
    // `slice` of a view makes an unshared, fixed-length buffer, whatever this one is.
    return this.views.liveU8.slice(start, start + this.normalise(len));
  }

  /**
   * The text of `len` bytes of UTF-8 at `ptr`. A byte order mark is text like any other.
   *
   * @throws {@link GuestError} as {@link copyOut}, then `invalid-utf8`; `try-from-int-error` for more text than a string
   * of this host can hold (V8: 2^29 - 24 characters)
   *
   * @example
   * ```ts
   * import { GuestMemory } from "@memkit/guest-memory";
   *
   * const mem = new GuestMemory({ buffer: new TextEncoder().encode("héllo").buffer });
   * mem.readString(0, 6); // => "héllo"
   * ```
   */
  readString(ptr: number, len: number): string {
    const start = this.locate(ptr, len, 1, 1, "read");
    const count = this.normalise(len);
    const { liveU8, shared, resizable } = this.views;
    // Decoding bytes that another thread may change is undefined behaviour in engines, and TextDecoder in browsers
    // refuses shared and resizable buffers.
    const bytes =
      shared || resizable
        ? liveU8.slice(start, start + count)
        : new Uint8Array(this.buffer, start, count);
    const text = decodeUtf8(bytes);
    if (text === undefined) throw invalidUtf8(bytes, start);
    return text;
  }

  /**
   * Writes `text` as UTF-8 at `ptr`, without a terminator, and returns the number of bytes.
   *
   * @throws {@link GuestError} `try-from-int-error` if `text` is no string; as {@link copyIn}; nothing is written unless
   * all of it fits
   */
  writeString(ptr: number, text: string): number {
    demandKind(typeof text === "string", "string", text);
    const bytes = encodeUtf8(text);
    this.copyIn(ptr, bytes);
    return bytes.length;
  }

  /** @internal What the holder of the borrow `handle` sees of bytes that are there. */
  viewOf(handle: number, start: number, len: number): Uint8Array {
    // Borrowed while it was not: the source has exchanged it since.
    if (this.views.shared) throw new GuestError({ code: "shared-memory", region: { start, len } });
    return this.watch === null
      ? new Uint8Array(this.buffer, start, len)
      : this.watch.lend(handle, this);
  }

  #scoped<R>(kind: BorrowKind, start: number, len: number, use: (bytes: Uint8Array) => R): R {
    demandOption(typeof use === "function", "callback", use);
    const handle = this.take(kind, start, len);
    let result: R;
    try {
      // Bounds again: the policy may be the user's, and have changed the memory.
      if (start + len >= this.views.u8.length) this.place(start, len, 1, 1);
      result = use(this.viewOf(handle, start, len));
    } catch (error) {
      this.#giveAfter(kind, handle, error);
      throw error;
    }
    this.give(kind, handle);
    if (isUnfinished(result)) {
      silence(result);
      throw new GuestError({ code: "async-callback", region: { start, len } });
    }
    return result;
  }

  /** Ends a borrow whose callback threw `cause`, which must not be forgotten if ending fails as well. */
  #giveAfter(kind: BorrowKind, handle: number, cause: unknown): void {
    try {
      this.give(kind, handle);
    } catch (error) {
      if (error instanceof Error && error.cause === undefined) {
        Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true });
      }
      throw error;
    }
  }
}

/** Of any realm; a Proxy is none. */
function isBytes(value: unknown): boolean {
  return ArrayBuffer.isView(value) && Reflect.get(value, Symbol.toStringTag) === "Uint8Array";
}

/** The error for `bytes`, which lie at `start` and could not be decoded: they are not UTF-8, or too many. */
export function invalidUtf8(bytes: Uint8Array, start: number): GuestError {
  const where = utf8Error(bytes);
  const len = bytes.length;
  return where === undefined
    ? new GuestError({ code: "try-from-int-error", type: "a string's length", got: `${len}` })
    : new GuestError({ code: "invalid-utf8", region: { start, len }, ...where });
}

/** Whether a callback's result is work still to be done: something to await, or a generator, which has not begun. */
function isUnfinished(value: unknown): boolean {
  if (!((typeof value === "object" && value !== null) || typeof value === "function")) return false;
  if (typeof (value as { then?: unknown }).then === "function") return true;
  const iterable = Symbol.iterator in value || Symbol.asyncIterator in value;
  return iterable && typeof (value as { next?: unknown }).next === "function";
}
