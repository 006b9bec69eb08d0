/**
 * How much memory each slot of a region may have, after lucet's `Limits`.
 *
 * Invariant MR-1: limits never change once made, and a region is only made with limits that `validate()` accepts.
 *
 * @see lucet `lucet-runtime-internals/src/alloc/mod.rs`, `Limits`
 *
 * @module
 */

import { requireObject } from "./argument.js";
import { HOST_PAGE_SIZE } from "./page-size.js";
import { RegionError, wholeNumberOr } from "./region-error.js";

/** The six sizes, in bytes. */
export interface LimitSizes {
  /** The most of the heap that real memory may back. Default 1 MiB. */
  readonly heapMemorySize: number;
  /** The address space of the heap with its guard. Default 8 GiB: what a 32-bit index and offset reach. */
  readonly heapAddressSpaceSize: number;
  /** The guest's stack. Default 128 KiB. */
  readonly stackSize: number;
  /** How much of the stack is kept for host calls. Default 32 KiB. */
  readonly hostcallReservation: number;
  /** The globals, 8 bytes each. Default 4 KiB. */
  readonly globalsSize: number;
  /** The stack that signal handlers run on. Default 8 KiB, which is Linux's `SIGSTKSZ`. */
  readonly signalStackSize: number;
}

/** lucet's `Limits::default()`, as a release build on Linux has it. */
const DEFAULTS: LimitSizes = {
  heapMemorySize: 16 * 64 * 1024,
  heapAddressSpaceSize: 0x2_0000_0000,
  stackSize: 128 * 1024,
  hostcallReservation: 32 * 1024,
  globalsSize: 4096,
  signalStackSize: 8192,
};

/** lucet's refusals in lucet's order: the first whose test is true is thrown. */
const RULES: readonly (readonly [
  argument: keyof LimitSizes,
  broken: (limits: LimitSizes) => boolean,
  reason: string,
])[] = [
  [
    "heapMemorySize",
    (l) => l.heapMemorySize % HOST_PAGE_SIZE !== 0,
    "memory size must be a multiple of host page size",
  ],
  [
    "heapAddressSpaceSize",
    (l) => l.heapAddressSpaceSize % HOST_PAGE_SIZE !== 0,
    "address space size must be a multiple of host page size",
  ],
  [
    "heapMemorySize",
    (l) => l.heapMemorySize > l.heapAddressSpaceSize,
    "address space size must be at least as large as memory size",
  ],
  [
    "stackSize",
    (l) => l.stackSize % HOST_PAGE_SIZE !== 0,
    "stack size must be a multiple of host page size",
  ],
  [
    "globalsSize",
    (l) => l.globalsSize % HOST_PAGE_SIZE !== 0,
    "globals size must be a multiple of host page size",
  ],
  ["stackSize", (l) => l.stackSize === 0, "stack size must be greater than 0"],
  [
    "hostcallReservation",
    (l) => l.hostcallReservation > l.stackSize,
    "hostcall reserved space must not be greater than stack size",
  ],
  [
    "signalStackSize",
    (l) => l.signalStackSize % HOST_PAGE_SIZE !== 0,
    "signal stack size must be a multiple of host page size",
  ],
];

/**
 * The limits of every slot of one region.
 *
 * @example
 * ```ts
 * import { Limits } from "@memkit/mmap-region/limits";
 *
 * const limits = new Limits({ heapMemorySize: 16 * 2 ** 20 });
 * limits.stackSize; // => 131072
 * limits.with({ stackSize: 4096 }).hostcallReservation; // => 32768
 * limits.heapMemorySize; // => 16777216
 * ```
 */
export class Limits implements LimitSizes {
  readonly heapMemorySize: number;
  readonly heapAddressSpaceSize: number;
  readonly stackSize: number;
  readonly hostcallReservation: number;
  readonly globalsSize: number;
  readonly signalStackSize: number;

  /**
   * @param sizes - The sizes that differ from lucet's defaults, in bytes.
   * @throws {@link RegionError} `invalid-argument` for a size that is not a whole number from 0 to 2^53 - 1, and for a name that
   * none of them has: a limit that is misspelt would not hold. Whether the sizes fit together is asked by
   * {@link Limits.validate}.
   */
  constructor(sizes: Partial<LimitSizes> = {}) {
    requireObject("sizes", sizes);
    for (const name of Object.keys(sizes)) {
      if (Object.hasOwn(DEFAULTS, name)) continue;
      const reason = `must be among ${Object.keys(DEFAULTS).join(", ")}`;
      throw new RegionError({
        code: "invalid-argument",
        argument: "name of a limit",
        value: name,
        reason,
      });
    }
    const size = (name: keyof LimitSizes): number =>
      wholeNumberOr(name, sizes[name], DEFAULTS[name]);
    this.heapMemorySize = size("heapMemorySize");
    this.heapAddressSpaceSize = size("heapAddressSpaceSize");
    this.stackSize = size("stackSize");
    this.hostcallReservation = size("hostcallReservation");
    this.globalsSize = size("globalsSize");
    this.signalStackSize = size("signalStackSize");
    Object.freeze(this); // MR-1
  }

  /**
   * A copy with some sizes changed.
   *
   * @throws {@link RegionError} `invalid-argument` as the constructor.
   */
  with(sizes: Partial<LimitSizes>): Limits {
    requireObject("sizes", sizes);
    const given = Object.entries(sizes).filter(([, size]) => size !== undefined);
    return new Limits({ ...this, ...Object.fromEntries(given) });
  }

  /**
   * Bytes of address space that one slot of a native region takes: instance page, heap, guard page, stack, globals,
   * guard page, signal stack.
   *
   * @throws {@link RegionError} `limits-exceeded` when the sum is above 2^53 - 1; it never wraps (lucet panics).
   */
  get totalMemorySize(): number {
    const total =
      HOST_PAGE_SIZE +
      this.heapAddressSpaceSize +
      HOST_PAGE_SIZE +
      this.stackSize +
      this.globalsSize +
      HOST_PAGE_SIZE +
      this.signalStackSize;
    if (total <= Number.MAX_SAFE_INTEGER) return total;
    throw new RegionError({
      code: "limits-exceeded",
      what: "total memory size",
      asked: total,
      limit: Number.MAX_SAFE_INTEGER,
    });
  }

  /**
   * Asks lucet's questions in lucet's order. Globals and a signal stack of 0 bytes pass, and so does a host call
   * reservation as large as the stack, as they do in lucet.
   *
   * @throws {@link RegionError} `invalid-argument` with lucet's message as its `reason`.
   *
   * @example
   * ```ts
   * import { Limits, RegionError } from "@memkit/mmap-region";
   *
   * try {
   *   new Limits({ heapMemorySize: 1000 }).validate();
   * } catch (error) {
   *   if (error instanceof RegionError && error.code === "invalid-argument") {
   *     error.reason; // => "memory size must be a multiple of host page size"
   *   }
   * }
   * ```
   */
  validate(): void {
    for (const [argument, broken, reason] of RULES) {
      if (broken(this)) {
        throw new RegionError({
          code: "invalid-argument",
          argument,
          value: this[argument],
          reason,
        });
      }
    }
  }
}
