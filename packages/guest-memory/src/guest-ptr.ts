/**
 * `GuestPtr<T>`: a typed address in a guest's memory.
 *
 * A pointer is a value, never a view: it may be null, dangling, misaligned or borrowed, and says so only when used. It is
 * immutable, so a copy of it is itself.
 *
 * @see wiggle `src/lib.rs`, `GuestPtr`
 * @module
 */

import type { Layout } from "@memkit/core";
import { brand } from "./brand.js";
import { demandKind } from "./demand.js";
import { GuestError } from "./error.js";
import type { GuestArrayPtr } from "./guest-array-ptr.js";
import type { GuestMemory } from "./guest-memory.js";
import type { GuestStrPtr } from "./guest-str-ptr.js";
import type { GuestInput, GuestValue } from "./guest-value.js";
import { printsAs } from "./inspect.js";

/**
 * A pointer to one `T`.
 *
 * @example
 * ```ts
 * import { ptr, struct, u8, u32 } from "@memkit/core";
 * import { GuestMemory } from "@memkit/guest-memory";
 *
 * const iovec = struct(["buf", ptr(u8)], ["len", u32]);
 * const mem = new GuestMemory({ buffer: new ArrayBuffer(64) });
 * const first = mem.ptr(iovec, 8);
 * first.write({ buf: 32, len: 4 });
 * const { buf, len } = first.read();
 * String(buf.asArray(len)); // => "*guest 0x20/4"
 * first.add(1).offset; // => 16
 * ```
 */
export class GuestPtr<T extends Layout = Layout> {
  /** The memory it points into. */
  readonly mem: GuestMemory;
  /** What it points to. */
  readonly type: T;
  /** Where it points: bytes from the start of the memory. */
  readonly offset: number;

  /** Made by {@link GuestMemory.ptr}, which checks that `offset` is an address. */
  constructor(mem: GuestMemory, type: T, offset: number) {
    this.mem = mem;
    this.type = type;
    this.offset = offset;
  }

  /**
   * Reads the value.
   *
   * @throws {@link GuestError} as {@link GuestMemory.read}
   */
  read(): GuestValue<T> {
    const type: Layout = this.type;
    return this.mem.read(type, this.offset, this.mem.pointers) as GuestValue<T>;
  }

  /**
   * Writes the value, all of it or nothing.
   *
   * @throws {@link GuestError} as {@link GuestMemory.write}
   */
  write(value: GuestInput<T>): void {
    const type: Layout = this.type;
    this.mem.write(type, this.offset, value, this.mem.pointers);
  }

  /**
   * The pointer `count` elements further on. Only the end of the address space is checked.
   *
   * @param count - not negative; to go back, make a pointer of an `offset`
   * @throws {@link GuestError} `ptr-overflow`, `try-from-int-error`
   */
  add(count: number): GuestPtr<T> {
    demandKind(count >= 0, "a count of elements", count);
    const elements = this.mem.toAddress(count);
    const { size } = this.type;
    const bytes = elements * size;
    const offset = this.offset + bytes;
    if (bytes > this.mem.maxAddress || offset > this.mem.maxAddress) {
      throw new GuestError({ code: "ptr-overflow", ptr: this.offset, count: elements, size });
    }
    return new GuestPtr(this.mem, this.type, offset);
  }

  /** The same address, seen as another type. */
  cast<U extends Layout>(type: U): GuestPtr<U> {
    return this.mem.ptr(type, this.offset);
  }

  /** A pointer to `len` elements from here on. Nothing is checked. */
  asArray(len: number): GuestArrayPtr<T> {
    return this.mem.arrayPtr(this.type, this.offset, len);
  }

  /**
   * The C string that starts here: everything before the first NUL among the first `max` bytes.
   *
   * The memory's end bounds the search too, but a host should know how much it is willing to read.
   *
   * @throws {@link GuestError} as {@link GuestMemory.validate} for one byte, then `ptr-borrowed`, `unterminated-string`
   */
  asCStr(max: number): GuestStrPtr {
    const { mem, offset } = this;
    mem.validate(offset, 1, 1, 1);
    const limit = Math.min(mem.toAddress(max), mem.views.byteLength - offset);
    const window = new Uint8Array(mem.buffer, offset, limit);
    const len = window.indexOf(0);
    // Before saying that there is no end: that too is something read.
    mem.demandUnborrowed(offset, len < 0 ? limit : len + 1, "read");
    if (len < 0) {
      throw new GuestError({
        code: "unterminated-string",
        region: { start: offset, len: limit },
      });
    }
    return mem.strPtr(offset, len);
  }

  /** Whether other threads may change the memory at any time. */
  isSharedMemory(): boolean {
    return this.mem.isSharedMemory();
  }

  /** `*guest 0x10`, as wiggle prints it. */
  toString(): string {
    return `*guest 0x${this.offset.toString(16)}`;
  }

  /** What a structured log wants: plain numbers. */
  toJSON(): object {
    return { type: this.type.name, offset: this.offset };
  }
}
printsAs(GuestPtr, String);
brand(GuestPtr, "GuestPtr");
