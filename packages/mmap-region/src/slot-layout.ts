/**
 * Where the parts of a native slot are, as lucet draws them:
 *
 *     0x0000  Instance              one page
 *     0x1000  heap                  heapAddressSpaceSize, of which the first heapLength bytes are accessible
 *     0xN000  guard page
 *             stack                 stackSize
 *     0xM000  globals               globalsSize
 *             guard page
 *     0xS000  sigstack              signalStackSize
 *             (guard page)          not lucet's: nothing separates its signal stack from the next slot
 *
 * Bookkeeping only; offsets are bytes from the start of the slot.
 *
 * @see lucet `lucet-runtime-internals/src/region/mmap.rs`, `MmapRegion`; `alloc/mod.rs`, `Alloc::addr_location`
 *
 * @module
 */

import { badArgument } from "./argument.js";
import type { Limits } from "./limits.js";
import { HOST_PAGE_SIZE } from "./page-size.js";
import { RegionError, wholeNumber } from "./region-error.js";

/** The parts of a slot that its tenant uses. */
export type SlotPart = "heap" | "stack" | "globals" | "sigstack";

/** Parts that no guard separates have their access together. The heap's run begins with the Instance page. */
export type SlotRun = "heap" | "stack" | "sigstack";

/** In the order of their addresses. */
export const RUNS: readonly SlotRun[] = ["heap", "stack", "sigstack"];

/** The parts of each run. */
export const PARTS_OF: Readonly<Record<SlotRun, readonly SlotPart[]>> = {
  heap: ["heap"],
  stack: ["stack", "globals"],
  sigstack: ["sigstack"],
};

/** The run of each part. */
export const RUN_OF: Readonly<Record<SlotPart, SlotRun>> = {
  heap: "heap",
  stack: "stack",
  globals: "stack",
  sigstack: "sigstack",
};

/** @throws {@link RegionError} `invalid-argument` for a name that is none: keys of prototypes are not, either */
export function requirePart(part: SlotPart): void {
  if (typeof part === "string" && Object.hasOwn(RUN_OF, part)) return;
  throw badArgument("part", part, `must be one of ${Object.keys(RUN_OF).join(", ")}`);
}

/** What lies at an address, as lucet's `AddrLocation`. */
export type AddrLocation =
  | SlotPart
  | "inaccessible-heap"
  | "stack-guard"
  | "sigstack-guard"
  /** Outside the slot, and its Instance page. */
  | "unknown";

/**
 * Whether lucet ends the process for a fault there: a guest cannot get there by itself, so the host is broken.
 *
 * @example
 * ```ts
 * import { isFaultFatal } from "@memkit/mmap-region/mmap";
 *
 * isFaultFatal("inaccessible-heap"); // => false
 * isFaultFatal("sigstack-guard"); // => true
 * ```
 */
export function isFaultFatal(location: AddrLocation): boolean {
  return location === "sigstack-guard" || location === "unknown";
}

/** A run of bytes of a slot. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** The smallest multiple of `alignment` that is not below `value`. */
export function roundUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** The same for every slot of a region. */
export class SlotLayout {
  readonly heap: number = HOST_PAGE_SIZE;
  readonly stack: number;
  readonly globals: number;
  readonly sigstack: number;
  /** Bytes to the end of the signal stack: `limits.totalMemorySize`. */
  readonly size: number;
  /** From one slot to the next. */
  readonly stride: number;
  /** Every heap's address is a multiple of this. */
  readonly alignment: number;
  readonly limits: Limits;

  /**
   * @param alignment - Of the heaps, a power of two; 0 or up to a page asks for nothing.
   * @param slotGuard - Whether a guard page follows each slot.
   * @throws {@link RegionError} `invalid-argument`, `limits-exceeded`
   */
  constructor(limits: Limits, alignment: number, slotGuard: boolean) {
    wholeNumber("heapAlignment", alignment);
    if (alignment !== 0 && !Number.isInteger(Math.log2(alignment))) {
      throw new RegionError({
        code: "invalid-argument",
        argument: "heapAlignment",
        value: alignment,
        reason: "heap_alignment must be a power of 2",
      });
    }
    this.limits = limits;
    this.alignment = Math.max(alignment, HOST_PAGE_SIZE);
    this.stack = this.heap + limits.heapAddressSpaceSize + HOST_PAGE_SIZE;
    this.globals = this.stack + limits.stackSize;
    this.sigstack = this.globals + limits.globalsSize + HOST_PAGE_SIZE;
    this.size = limits.totalMemorySize;
    this.stride = roundUp(this.size + (slotGuard ? HOST_PAGE_SIZE : 0), this.alignment);
  }

  /** Where a part starts, and how long it is; the heap as long as `heapLength`. */
  extent(part: SlotPart, heapLength: number): Extent {
    return { offset: this[part], length: this.#length(part, heapLength) };
  }

  /** The pages of a run, in a slot whose heap has this length: those between two guards. */
  run(run: SlotRun, heapLength: number): Extent {
    const { stack, sigstack, limits } = this;
    switch (run) {
      case "heap":
        return { offset: 0, length: this.heap + heapLength };
      case "stack":
        return { offset: stack, length: limits.stackSize + limits.globalsSize };
      case "sigstack":
        return { offset: sigstack, length: limits.signalStackSize };
    }
  }

  /** What lies at an offset, the first that matches in lucet's order. */
  locate(offset: number, heapLength: number): AddrLocation {
    const { heap, stack, globals, sigstack, size, limits } = this;
    const within = (start: number, end: number): boolean => offset >= start && offset < end;
    if (within(heap, heap + heapLength)) return "heap";
    if (within(heap, heap + limits.heapAddressSpaceSize)) return "inaccessible-heap";
    if (within(stack - HOST_PAGE_SIZE, stack)) return "stack-guard";
    if (within(stack, globals)) return "stack";
    if (within(globals, globals + limits.globalsSize)) return "globals";
    if (within(sigstack - HOST_PAGE_SIZE, sigstack)) return "sigstack-guard";
    return within(sigstack, size) ? "sigstack" : "unknown";
  }

  #length(part: SlotPart, heapLength: number): number {
    const { stackSize, globalsSize, signalStackSize } = this.limits;
    switch (part) {
      case "heap":
        return heapLength;
      case "stack":
        return stackSize;
      case "globals":
        return globalsSize;
      case "sigstack":
        return signalStackSize;
    }
  }
}
