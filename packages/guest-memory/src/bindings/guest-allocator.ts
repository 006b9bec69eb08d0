/**
 * Memory from a guest's own allocator, and values written into it.
 *
 * The allocator is guest code. Each call of it is an entry (wrap-instance.ts), may grow the memory, and may answer anything:
 * an address is checked for bounds and alignment before it is used, and 0 means that there is no memory left.
 *
 * @module
 */

import { Kind, type Layout } from "@memkit/core";
import { GuestError } from "../error.js";
import type { GuestArrayPtr } from "../guest-array-ptr.js";
import type { GuestMemory } from "../guest-memory.js";
import type { GuestPtr } from "../guest-ptr.js";
import type { GuestStrPtr } from "../guest-str-ptr.js";
import type { GuestInput } from "../guest-value.js";
import type { Transparent } from "../transparent.js";
import { encodeUtf8 } from "../utf8.js";
import { lowerAddress } from "./lower.js";

/**
 * The names of a guest's allocator among its exports.
 *
 * `malloc(size, align)` and `free(address, size, align)`: C's take the first argument and ignore the rest, wasm-bindgen's
 * take all. Or `realloc(address, size, align, newSize)`, the canonical ABI's `cabi_realloc`; it cannot free, so without a
 * `free` beside it what is allocated belongs to the function that it is passed to.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
 */
export type AllocatorNames =
  | { readonly malloc: string; readonly free: string }
  | { readonly realloc: string; readonly free?: string };

type Export = (...args: (number | bigint)[]) => unknown;

/** A block of a guest's memory. */
interface Block {
  readonly address: number;
  readonly size: number;
  readonly align: number;
}

/**
 * Allocates in a guest. Made by {@link exportsOf}.
 *
 * Everything stays allocated until {@link freeAll}; who wants it to live longer uses an allocator of their own.
 */
export class GuestAllocator {
  readonly #mem: GuestMemory;
  readonly #entry: string;
  readonly #allocate: (size: number, align: number) => unknown;
  readonly #free: Export | undefined;
  readonly #wide: boolean;
  #blocks: Block[] = [];

  /**
   * @param exports - wrapped, see {@link wrapInstance}
   * @param demand - one of them, or an error that says that it is no function
   */
  constructor(mem: GuestMemory, names: AllocatorNames, demand: (name: string) => Export) {
    this.#mem = mem;
    this.#wide = mem.target === "wasm64";
    const raw = (n: number): number | bigint => lowerAddress(this.#wide, n);
    if ("malloc" in names) {
      const malloc = demand(names.malloc);
      this.#entry = names.malloc;
      this.#allocate = (size, align) => malloc(raw(size), raw(align));
    } else {
      const realloc = demand(names.realloc);
      this.#entry = names.realloc;
      this.#allocate = (size, align) => realloc(raw(0), raw(0), raw(align), raw(size));
    }
    this.#free = names.free === undefined ? undefined : demand(names.free);
  }

  /** Whether blocks can be given back. */
  get frees(): boolean {
    return this.#free !== undefined;
  }

  /**
   * An address of `size` bytes, a multiple of `align`. Nothing is allocated for no bytes: the address is `align` then, as
   * the canonical ABI has it, because 0 would be a null pointer.
   *
   * @throws {@link GuestError} `allocation-failed`; `ptr-out-of-bounds` or `ptr-not-aligned` for what the allocator answers;
   * what entering throws
   */
  alloc(size: number, align: number): number {
    if (size === 0) return align;
    const address = this.#mem.toAddress(this.#allocate(size, align) as number | bigint);
    if (address === 0) {
      const entry = this.#entry;
      const reason = `the guest's ${entry} has no ${size} bytes left`;
      throw new GuestError({ code: "allocation-failed", entry, size, align, reason });
    }
    this.#blocks.push({ address, size, align });
    return this.#mem.validate(address, 1, size, align);
  }

  /** A value of `type` in memory of its own. @throws {@link GuestError} as {@link alloc} and `GuestPtr.write` */
  value<L extends Layout>(type: L, value: GuestInput<L>): GuestPtr<L> {
    const own = type.for(this.#mem.target);
    const ptr = this.#mem.ptr(own, this.alloc(own.size, own.align));
    ptr.write(value);
    return ptr;
  }

  /** Elements of `type` in memory of their own. @throws {@link GuestError} as {@link value} */
  array<L extends Layout>(type: L, values: ArrayLike<GuestInput<L>>): GuestArrayPtr<L> {
    const own = type.for(this.#mem.target);
    const { length } = values;
    const at = this.alloc(length * own.size, own.align);
    const array = this.#mem.arrayPtr(own, at, length);
    // Core's plain numbers come first; they are the ten whose bytes are their values.
    if (own.kind <= Kind.f64) {
      (array as unknown as GuestArrayPtr<Transparent>).copyFromSlice(values as ArrayLike<never>);
      return array;
    }
    for (let i = 0; i < length; i++) {
      this.#mem.ptr(own, at + i * own.size).write(values[i] as GuestInput<L>);
    }
    return array;
  }

  /** The UTF-8 of `text` in memory of its own. @throws {@link GuestError} as {@link alloc} */
  text(text: string): GuestStrPtr {
    const bytes = encodeUtf8(text);
    const at = this.alloc(bytes.length, 1);
    this.#mem.copyIn(at, bytes);
    return this.#mem.strPtr(at, bytes.length);
  }

  /**
   * Gives back everything, the last block first. If the guest's `free` throws, the blocks that are left stay: a guest that
   * fails there cannot be helped.
   */
  freeAll(): void {
    const blocks = this.#blocks;
    this.#blocks = [];
    const free = this.#free;
    if (free === undefined) return;
    for (const { address, size, align } of blocks.reverse()) {
      free(
        lowerAddress(this.#wide, address),
        lowerAddress(this.#wide, size),
        lowerAddress(this.#wide, align),
      );
    }
  }
}
