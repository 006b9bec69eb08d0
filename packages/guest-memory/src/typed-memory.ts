/**
 * Values of core's layouts, read and written at checked places.
 *
 * A value is checked as a whole, its place (bounds, alignment, borrows) and its contents, before the first byte of it is
 * written, so a refused write leaves no half record behind (GM-9); wiggle, which writes member by member, does. The value is
 * read first and the place checked after its last getter ran, because a getter may grow the memory or borrow the bytes
 * (GM-6, GM-7); what is wrong is still reported in order (GM-8).
 *
 * `u32` goes straight to scalar-memory.ts: it is what hosts read most. It is told by its identity, which costs one load; any
 * other type, a `u32` of another name or of another copy of core included, goes the way of all types, at about 20 ns.
 *
 * @see wiggle `src/guest_type.rs`
 * @module
 */

import {
  CoreError,
  isU32,
  Kind,
  type Layout,
  NO_WORDS,
  type PointerEnv,
  pointerSize,
  u32,
  type ValueOf,
  type WriteSite,
} from "@memkit/core";
import { ByteMemory } from "./byte-memory.js";
import type { Result } from "./checked-memory.js";
import { GuestError, type GuestErrorDetail } from "./error.js";
import { inOurWords, layoutFault } from "./layout-faults.js";
import { printed } from "./printed.js";

/** From here on the second word of an `arrayPtr` may lie beyond a 32-bit address space, and `#fault` is asked first. */
const LAST_PAIR = 2 ** 32 - 8;

/** The part of `GuestMemory` that reads and writes whole values. */
export class TypedMemory extends ByteMemory implements WriteSite {
  /** @internal The words of the bytes that {@link open} opens. */
  declare u64: BigUint64Array;
  /** @internal */
  declare i64: BigInt64Array;

  /**
   * Reads a value of `type` at `ptr`. Pointers in it come as numbers; {@link GuestPtr.read} makes them `GuestPtr`s.
   *
   * @param env - makes something else of pointers
   * @throws {@link GuestError} as {@link validate}, then `ptr-borrowed`, `invalid-enum-value`, `invalid-flag-value`,
   * `try-from-int-error`; `ptr-overflow` if the second word of an `arrayPtr` or `strPtr` lies beyond the address space
   */
  read<L extends Layout>(type: L, ptr: number, env?: PointerEnv): ValueOf<L> {
    if ((type as Layout) === u32) return this.readU32(ptr) as ValueOf<L>;
    const own = type?.target === this.target ? type : this.own(type); // calling `own` for each costs 12 ns
    try {
      if (this.mayRead(ptr, own.size, own.align)) {
        return own.read(this.views.dv, ptr, env, this) as ValueOf<L>;
      }
      const fault = this.#fault(own, ptr, "read");
      if (fault !== undefined) throw new GuestError(fault);
      return this.decodeAt(own, this.normalise(ptr), env) as ValueOf<L>;
    } catch (error) {
      throw inOurWords(error);
    }
  }

  /**
   * Writes a value of `type` at `ptr`, all of it or nothing. Padding bytes stay as they are.
   *
   * @param env - makes addresses of what stands for pointers in `value`
   * @throws {@link GuestError} as {@link read}
   */
  write<L extends Layout>(type: L, ptr: number, value: ValueOf<L>, env?: PointerEnv): void {
    if ((type as Layout) === u32 && isU32(value)) {
      this.writeU32(ptr, value);
      return;
    }
    const own = type?.target === this.target ? type : this.own(type);
    try {
      // Straight on with what nearly every pointer is. (Normalising it costs 10 ns: V8 boxes the result for the call.)
      const plain = typeof ptr === "number" && ptr >>> 0 === ptr && ptr < LAST_PAIR;
      if (plain && !this.views.resizable) own.writeTo(this, ptr, value, env);
      else this.#storeSlowly(own, this.normalise(ptr), value, env);
    } catch (error) {
      throw inOurWords(error);
    }
  }

  /** Reads like {@link read}, but returns what is wrong instead of throwing it. */
  tryRead<L extends Layout>(type: L, ptr: number): Result<ValueOf<L>> {
    const fault = this.#fault(this.own(type), ptr, "read");
    if (fault !== undefined) return { ok: false, error: fault };
    try {
      return { ok: true, value: this.decodeAt(type, this.normalise(ptr), undefined) as ValueOf<L> };
    } catch (error) {
      return { ok: false, error: valueFault(error) };
    }
  }

  /** Writes like {@link write}, but returns what is wrong instead of throwing it. */
  tryWrite<L extends Layout>(type: L, ptr: number, value: ValueOf<L>): Result<undefined> {
    const own = this.own(type);
    const fault = this.#fault(own, ptr, "write");
    if (fault !== undefined) return { ok: false, error: fault };
    try {
      this.#storeSlowly(own, this.normalise(ptr), value, undefined);
      return { ok: true, value: undefined };
    } catch (error) {
      // A getter of the value may have closed the place that was open before.
      return { ok: false, error: this.#fault(own, ptr, "write") ?? valueFault(error) };
    }
  }

  /** @internal {@link read} of whatever the compiler knows no value of. */
  readWith(type: Layout, ptr: number, env: PointerEnv | undefined): unknown {
    return this.read(type, ptr, env);
  }

  /** @internal {@link write} of whatever the compiler knows no value of. */
  writeWith(type: Layout, ptr: number, value: unknown, env: PointerEnv | undefined): void {
    this.write(type, ptr, value, env);
  }

  /** @internal Where a value whose parts have all been read may go; of memories whose length is fixed. */
  open(at: number, size: number, align: number): DataView {
    if (this.mayWrite(at, size, align)) return this.views.dv;
    this.locate(at, 1, size, align, "write");
    return this.views.liveDv;
  }

  /** @internal The value at an address whose bounds are known to hold. */
  decodeAt(type: Layout, at: number, env: PointerEnv | undefined): unknown {
    const own = this.own(type);
    const { resizable, dv, liveU8 } = this.views;
    if (!resizable) return own.read(dv, at, env, this);
    // Core's read sites must never see a view of a resizable buffer (CORE-3): decode a copy.
    return own.read(new DataView(liveU8.slice(at, at + own.size).buffer), 0, env);
  }

  /** `type` as this guest lays it out. @throws `CoreError` `not-a-layout` */
  protected own<L extends Layout>(type: L): L {
    if ((type as L | undefined)?.target === this.target) return type;
    if (typeof (type as Partial<L> | undefined)?.for === "function") return type.for(this.target);
    throw new CoreError({ code: "not-a-layout", wanted: "a type", got: printed(type) });
  }

  #storeSlowly(own: Layout, at: number, value: unknown, env: PointerEnv | undefined): void {
    const { kind } = own;
    if (kind === Kind.arrayPtr || kind === Kind.strPtr) {
      const fault = this.#fault(own, at, "write");
      if (fault !== undefined) throw new GuestError(fault);
    }
    if (!this.views.resizable) {
      own.writeTo(this, at, value, env);
      return;
    }
    // As in decodeAt: into a copy, which is made when the last getter has run.
    let copy = new Uint8Array(0);
    const open = (_: number, size: number, align: number): DataView => {
      this.locate(at, 1, size, align, "write");
      copy = this.views.liveU8.slice(at, at + size);
      return new DataView(copy.buffer);
    };
    own.writeTo({ ...NO_WORDS, open }, 0, value, env);
    this.views.liveU8.set(copy, at);
  }

  /** The first thing wrong with the place of an `own`, in order. */
  #fault(own: Layout, ptr: number, access: "read" | "write"): GuestErrorDetail | undefined {
    const { kind, size, align } = own;
    if (kind === Kind.arrayPtr || kind === Kind.strPtr) {
      // wiggle adds 1 to the pointer before it writes, and between the words when it reads.
      const word = pointerSize(this.target);
      const start = this.addressOf(ptr);
      if (start >= 0 && start + word > this.maxAddress) {
        const first = access === "read" ? this.fault(ptr, 1, word, align, access) : undefined;
        return first ?? { code: "ptr-overflow", ptr: start, count: 1, size: word };
      }
    }
    return this.fault(ptr, 1, size, align, access);
  }
}

/** The detail of a value's fault; anything else goes on as it is. */
function valueFault(error: unknown): GuestErrorDetail {
  const detail = layoutFault(error);
  if (detail === undefined) throw error;
  return detail;
}
