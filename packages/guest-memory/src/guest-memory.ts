/**
 * `GuestMemory`: the one class through which a host touches a guest's memory.
 *
 * Typed values come from core's layout language. A value is checked as a whole, its bytes (bounds, alignment, borrows)
 * and then its contents, before the first byte of it is written, so a refused write leaves no half record behind
 * (GM-9); wiggle, which writes member by member, does.
 *
 * @see wiggle `src/lib.rs`, trait `GuestMemory`; `src/guest_type.rs`
 * @module
 */

import type { Layout, MemorySource, PointerEnv, ValueOf } from "@memkit/core";
import { ByteMemory } from "./byte-memory.js";
import type { Result } from "./checked-memory.js";
import type { GuestMemoryOptions } from "./claim.js";
import { GuestError, type GuestErrorDetail } from "./error.js";
import { GuestArrayPtr } from "./guest-array-ptr.js";
import { GuestPtr } from "./guest-ptr.js";
import { GuestStrPtr } from "./guest-str-ptr.js";
import { layoutFault } from "./layout-faults.js";
import { LiveScalars } from "./live-scalars.js";

/**
 * A guest's memory, checked: every access is in bounds, aligned, and refused where a borrow forbids it.
 *
 * Final: users implement {@link MemorySource} and, if they must, {@link BorrowPolicy}; not this.
 *
 * @example
 * ```ts
 * import { struct, u32 } from "@memkit/core";
 * import { GuestMemory } from "@memkit/guest-memory";
 *
 * const mem = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
 * const point = struct(["x", u32], ["y", u32]);
 * mem.write(point, 8, { x: 1, y: 2 });
 * mem.readU32(12); // => 2
 * mem.read(point, 8); // => { x: 1, y: 2 }
 * ```
 */
export class GuestMemory extends ByteMemory {
  /** @internal Turns pointer fields into {@link GuestPtr} and back. */
  readonly pointers: PointerEnv;

  /**
   * @throws `CoreError` `invalid-source`, `source-detached`, `source-threw`
   * @throws {@link GuestError} `memory-claimed`, `invalid-option`, `options-differ`
   */
  constructor(source: MemorySource, options: GuestMemoryOptions = {}) {
    super(source, options);
    this.pointers = {
      fromAddress: (type, address) => new GuestPtr(this, type.element, address),
      toAddress: (_, value) => (value instanceof GuestPtr ? value.offset : value) as number,
    };
    if (new.target === GuestMemory && this.views.resizable) {
      // biome-ignore lint/correctness/noConstructorReturn: a caller need not know that there are two kinds
      return new ResizableMemory(source, options);
    }
  }

  /**
   * Reads a value of `type` at `ptr`. Pointers in it come as numbers; {@link GuestPtr.read} makes them `GuestPtr`s.
   *
   * @throws {@link GuestError} as {@link validate}, then `ptr-borrowed`, `invalid-enum-value`, `invalid-flag-value`,
   * `try-from-int-error`
   */
  read<L extends Layout>(type: L, ptr: number): ValueOf<L> {
    return this.readWith(type, ptr, undefined) as ValueOf<L>;
  }

  /**
   * Writes a value of `type` at `ptr`, all of it or nothing. Padding bytes stay as they are.
   *
   * @throws {@link GuestError} as {@link read}
   */
  write<L extends Layout>(type: L, ptr: number, value: ValueOf<L>): void {
    this.writeWith(type, ptr, value, undefined);
  }

  /** Reads like {@link read}, but returns what is wrong instead of throwing it. */
  tryRead<L extends Layout>(type: L, ptr: number): Result<ValueOf<L>> {
    const own = this.#own(type);
    const fault = this.fault(ptr, 1, own.size, own.align, "read");
    if (fault !== undefined) return { ok: false, error: fault };
    try {
      const value = this.decodeAt(own, this.normalise(ptr), undefined) as ValueOf<L>;
      return { ok: true, value };
    } catch (error) {
      return { ok: false, error: faultOf(error) };
    }
  }

  /** Writes like {@link write}, but returns what is wrong instead of throwing it. */
  tryWrite<L extends Layout>(type: L, ptr: number, value: ValueOf<L>): Result<undefined> {
    const own = this.#own(type);
    const fault = this.fault(ptr, 1, own.size, own.align, "write");
    if (fault !== undefined) return { ok: false, error: fault };
    try {
      this.encodeAt(own, this.normalise(ptr), value, undefined);
      return { ok: true, value: undefined };
    } catch (error) {
      return { ok: false, error: faultOf(error) };
    }
  }

  /**
   * A pointer to a `type` at `offset`. Nothing is checked before it is used.
   *
   * @throws {@link GuestError} `try-from-int-error` if `offset` is no address at all
   */
  ptr<L extends Layout>(type: L, offset: number): GuestPtr<L> {
    return new GuestPtr(this, this.#own(type), this.normalise(offset));
  }

  /**
   * A pointer to `len` elements of `type` at `offset`. Nothing is checked before it is used.
   *
   * @throws {@link GuestError} `try-from-int-error`
   */
  arrayPtr<L extends Layout>(type: L, offset: number, len: number): GuestArrayPtr<L> {
    return new GuestArrayPtr(this, this.#own(type), this.normalise(offset), this.normalise(len));
  }

  /**
   * A pointer to `len` bytes of UTF-8 at `offset`. Nothing is checked before it is used.
   *
   * @throws {@link GuestError} `try-from-int-error`
   */
  strPtr(offset: number, len: number): GuestStrPtr {
    return new GuestStrPtr(this, this.normalise(offset), this.normalise(len));
  }

  /** @internal */
  readWith(type: Layout, ptr: number, env: PointerEnv | undefined): unknown {
    const own = this.#own(type);
    const at = this.mayRead(ptr, own.size, own.align)
      ? ptr
      : this.locate(ptr, 1, own.size, own.align, "read");
    try {
      return this.decodeAt(own, at, env);
    } catch (error) {
      throw new GuestError(faultOf(error));
    }
  }

  /** @internal */
  writeWith(type: Layout, ptr: number, value: unknown, env: PointerEnv | undefined): void {
    const own = this.#own(type);
    const at = this.mayWrite(ptr, own.size, own.align)
      ? ptr
      : this.locate(ptr, 1, own.size, own.align, "write");
    try {
      this.encodeAt(own, at, value, env);
    } catch (error) {
      throw new GuestError(faultOf(error));
    }
  }

  /** @internal The value at an address whose bounds are known to hold. */
  decodeAt(type: Layout, at: number, env: PointerEnv | undefined): unknown {
    const { resizable, dv, liveU8 } = this.views;
    if (!resizable) return type.read(dv, at, env);
    // Core's read sites must never see a view of a resizable buffer (CORE-3): decode a copy.
    return type.read(new DataView(liveU8.slice(at, at + type.size).buffer), 0, env);
  }

  /** @internal Stores a value at an address whose bounds are known to hold. */
  encodeAt(type: Layout, at: number, value: unknown, env: PointerEnv | undefined): void {
    const { resizable, dv, liveU8 } = this.views;
    if (!resizable) {
      type.write(dv, at, value, env);
      return;
    }
    const copy = liveU8.slice(at, at + type.size);
    type.write(new DataView(copy.buffer), 0, value, env);
    liveU8.set(copy, at);
  }

  /** `type` as this guest lays it out. */
  #own<L extends Layout>(type: L): L {
    return type.target === this.target ? type : type.for(this.target);
  }
}

/** A memory over a resizable buffer: its scalar methods are live-scalars.ts's. */
class ResizableMemory extends GuestMemory {}
for (const [name, method] of Object.entries(
  Object.getOwnPropertyDescriptors(LiveScalars.prototype),
)) {
  if (!name.startsWith("live")) continue;
  Object.defineProperty(
    ResizableMemory.prototype,
    `${name[4]!.toLowerCase()}${name.slice(5)}`,
    method,
  );
}

/** The detail of a value's fault; anything else goes on as it is. */
function faultOf(error: unknown): GuestErrorDetail {
  const detail = layoutFault(error);
  if (detail === undefined) throw error;
  return detail;
}
