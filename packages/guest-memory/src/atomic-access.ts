/**
 * `GuestAtomics`: loads, stores and read-modify-writes that other threads see happen at once, and waiting for them.
 *
 * Each is checked like the plain access of the same width: overflow, bounds, alignment, borrow, value. A load is a read;
 * everything that may store, an exchange that fails included, is a write. On a memory that is not shared they work too
 * and obey borrows; on a shared one there are none to obey.
 *
 * Invariant GM-15: an atomic access is one access of the engine's, at a multiple of its size, sequentially consistent
 * with every other atomic access to these bytes, the guest's included. Who could break it: plain accesses (`writeU32`,
 * `copyIn`, the guest's own) to the same bytes, which another thread may see happen byte by byte.
 *
 * Words have the byte order of the host, which on all but a few (s390x is one) is that of the guest.
 *
 * @see WebAssembly threads proposal, "Atomic Memory Accesses"; ECMA-262, "The Atomics Object"
 * @module
 */

import { formatRegion, Kind, type Scalar, type ValueOf } from "@memkit/core";
import { AtomicWords, atomicSize, fit, type IntegerArray } from "./atomic-words.js";
import { demandKind, demandOption } from "./demand.js";
import { GuestError } from "./error.js";
import { GuestMemory } from "./guest-memory.js";

/** A type that has atomic accesses: an integer of 8 to 64 bits. */
export type AtomicType = Scalar<"u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64">;
/** A type that can be waited for: an integer of 32 or 64 bits. */
export type WaitType = Scalar<"u32" | "i32" | "u64" | "i64">;
/** Woken by a notify; the value was another one; nobody notified in time. */
export type WaitResult = "ok" | "not-equal" | "timed-out";

/** One of the functions of `Atomics` that replace a value by one made from it and another, and return the old one. */
type Modify = (words: IntegerArray, index: number, value: number) => number;

/**
 * Atomic accesses to one memory.
 *
 * @example
 * ```ts
 * import { u32 } from "@memkit/core";
 * import { GuestMemory } from "@memkit/guest-memory";
 * import { GuestAtomics } from "@memkit/guest-memory/atomics";
 *
 * const mem = new GuestMemory(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
 * const atomics = new GuestAtomics(mem);
 * atomics.add(u32, 8, 5); // => 0
 * atomics.compareExchange(u32, 8, 5, 6); // => 5
 * atomics.load(u32, 8); // => 6
 * atomics.notify(8); // => 0
 * ```
 */
export class GuestAtomics {
  /** The memory it accesses. */
  readonly mem: GuestMemory;
  readonly #words: AtomicWords;

  /**
   * Keeps nothing but views: make one for as long as it is of use, or for each call.
   *
   * @throws {@link GuestError} `invalid-option` for what is no memory
   */
  constructor(mem: GuestMemory) {
    demandOption(mem instanceof GuestMemory, "memory", mem);
    this.mem = mem;
    this.#words = new AtomicWords(mem);
  }

  /**
   * The value now.
   *
   * @throws {@link GuestError} `try-from-int-error` if `type` is no integer type; as {@link GuestMemory.validate}, then
   * `ptr-borrowed` if a mut borrow overlaps it
   */
  load<T extends AtomicType>(type: T, ptr: number): ValueOf<T> {
    const size = atomicSize(type, 1);
    const at = this.#place(ptr, size, "read");
    return Atomics.load(this.#words.reach(type.kind, at), at / size) as ValueOf<T>;
  }

  /**
   * Stores `value`.
   *
   * @throws {@link GuestError} as {@link load}; `ptr-borrowed` if any borrow overlaps it; `try-from-int-error` if `value`
   * is none of the type
   */
  store<T extends AtomicType>(type: T, ptr: number, value: ValueOf<T>): void {
    this.#modify(Atomics.store, type, ptr, value);
  }

  /** Adds, wrapping, and returns what was there before. @throws {@link GuestError} as {@link store} */
  add<T extends AtomicType>(type: T, ptr: number, value: ValueOf<T>): ValueOf<T> {
    return this.#modify(Atomics.add, type, ptr, value);
  }

  /** Subtracts, wrapping, and returns what was there before. @throws {@link GuestError} as {@link store} */
  sub<T extends AtomicType>(type: T, ptr: number, value: ValueOf<T>): ValueOf<T> {
    return this.#modify(Atomics.sub, type, ptr, value);
  }

  /** Keeps the bits that `value` has too, and returns what was there before. @throws {@link GuestError} as {@link store} */
  and<T extends AtomicType>(type: T, ptr: number, value: ValueOf<T>): ValueOf<T> {
    return this.#modify(Atomics.and, type, ptr, value);
  }

  /** Sets the bits of `value`, and returns what was there before. @throws {@link GuestError} as {@link store} */
  or<T extends AtomicType>(type: T, ptr: number, value: ValueOf<T>): ValueOf<T> {
    return this.#modify(Atomics.or, type, ptr, value);
  }

  /** Flips the bits of `value`, and returns what was there before. @throws {@link GuestError} as {@link store} */
  xor<T extends AtomicType>(type: T, ptr: number, value: ValueOf<T>): ValueOf<T> {
    return this.#modify(Atomics.xor, type, ptr, value);
  }

  /** Stores `value`, and returns what was there before. @throws {@link GuestError} as {@link store} */
  exchange<T extends AtomicType>(type: T, ptr: number, value: ValueOf<T>): ValueOf<T> {
    return this.#modify(Atomics.exchange, type, ptr, value);
  }

  /**
   * Stores `replacement` if `expected` is there, and returns what was there before. A write, whether it stores or not.
   *
   * @throws {@link GuestError} as {@link store}
   */
  compareExchange<T extends AtomicType>(
    type: T,
    ptr: number,
    expected: ValueOf<T>,
    replacement: ValueOf<T>,
  ): ValueOf<T> {
    const size = atomicSize(type, 1);
    const at = this.#place(ptr, size, "write");
    const from = fit(type, expected) as number;
    const to = fit(type, replacement) as number;
    const words = this.#words.reach(type.kind, at);
    return Atomics.compareExchange(words, at / size, from, to) as ValueOf<T>;
  }

  /**
   * Blocks this thread while `expected` is at `ptr`, until {@link notify} or the guest's `memory.atomic.notify`.
   *
   * @param timeout - milliseconds; for ever if left out
   * @throws {@link GuestError} `try-from-int-error` if `type` is no {@link WaitType}; as {@link GuestMemory.validate}, then
   * `wait-refused` if the memory is not shared; `try-from-int-error` if `expected` is no value of the type, or `timeout` no
   * time; `wait-refused` if this thread may not block, as the main thread of a page
   */
  wait<T extends WaitType>(
    type: T,
    ptr: number,
    expected: ValueOf<T>,
    timeout: number = Number.POSITIVE_INFINITY,
  ): WaitResult {
    const size = atomicSize(type, 4);
    const at = this.mem.validate(ptr, 1, size, size);
    if (!this.mem.isSharedMemory()) throw refusal(at, size, false);
    const value = fit(type, expected);
    demandKind(typeof timeout === "number" && timeout >= 0, "a number of milliseconds", timeout);
    // Atomics.wait takes signed arrays only; the bits are the same.
    const words = this.#words.reach(size === 4 ? Kind.i32 : Kind.i64, at);
    const bits = typeof value === "bigint" ? BigInt.asIntN(64, value) : value | 0;
    try {
      return Atomics.wait(words, at / size, bits as number, timeout);
    } catch (cause) {
      throw refusal(at, size, true, cause); // all else has been checked
    }
  }

  /**
   * Wakes threads that wait at `ptr`, a multiple of 4, and returns how many: 0 if the memory is not shared.
   *
   * Touches no byte, so borrows do not matter.
   *
   * @param count - how many at most; all if left out
   * @throws {@link GuestError} as {@link GuestMemory.validate} for 4 bytes; `try-from-int-error` if `count` is no count
   */
  notify(ptr: number, count: number = Number.POSITIVE_INFINITY): number {
    const at = this.mem.validate(ptr, 1, 4, 4);
    const whole = Number.isInteger(count) || count === Number.POSITIVE_INFINITY;
    demandKind(whole && count >= 0, "a count", count);
    return Atomics.notify(this.#words.reach(Kind.i32, at), at / 4, count);
  }

  /** Checks everything but the value, and returns the address. */
  #place(ptr: number, size: number, access: "read" | "write"): number {
    const at = this.mem.validate(ptr, 1, size, size);
    this.mem.demandUnborrowed(at, size, access);
    return at;
  }

  #modify<T extends AtomicType>(how: Modify, type: T, ptr: number, value: ValueOf<T>): ValueOf<T> {
    const size = atomicSize(type, 1);
    const at = this.#place(ptr, size, "write");
    const given = fit(type, value) as number;
    return how(this.#words.reach(type.kind, at), at / size, given) as ValueOf<T>;
  }
}

function refusal(start: number, len: number, shared: boolean, cause?: unknown): GuestError {
  const region = { start, len };
  const bytes = formatRegion(region);
  const reason = shared
    ? `this thread must not block to wait for ${bytes}; wait in a worker`
    : `no other thread can change ${bytes}, which is not shared; waiting would not end`;
  const detail = { code: "wait-refused", region, shared, reason } as const;
  return new GuestError(detail, cause === undefined ? undefined : { cause });
}
