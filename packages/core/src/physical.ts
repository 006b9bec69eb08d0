/**
 * Physical memory: which frame lies where in whose bytes.
 *
 *     frame   0x0           0x80          0x80000        0x80400
 *             |  bank 0      |   (none)    |  bank 1      |  (none) ...  MMIO ranges
 *     bytes   source a, from byteOffset    source b, from byteOffset
 *
 * Machines do not start at 0 (RISC-V's memory starts at 0x80000000, AArch64's often at 0x40000000) and have holes, so a
 * physical memory is a list of banks, each a run of frames over a run of bytes of some {@link MemorySource}. A plain
 * source is one bank at frame 0.
 *
 * CORE-6: banks and MMIO ranges are sorted and disjoint, and no two banks share a byte: a frame is in one place or none,
 * and a byte belongs to one frame or none.
 * CORE-7: when a bank is taken in, all of its bytes lie in its source. Only the owner of the source can break that
 * afterwards, by shrinking or detaching it; readers meet it as a typed error, for they ask the bank's views each time.
 *
 * @see Linux `include/linux/memblock.h` for the same shape; vostd `is_mmio_paddr` in `meta_owners.rs`
 * @module
 */

import { PAGE_SIZE, type Pfn } from "./address.js";
import { type CoreErrorDetail, coreError } from "./core-error.js";
import type { ErrorClass } from "./error.js";
import { FrameRanges, refuseOverlap, sorted } from "./frame-ranges.js";
import { hex } from "./memory-error.js";
import type { MemorySource } from "./source.js";
import { ViewCache } from "./view-cache.js";

const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<"banks-share-bytes">({
  "banks-share-bytes": (d) => `two banks use the byte at ${hex(d.byteOffset)} of one buffer`,
});

/** Consecutive frames. */
export interface FrameRange {
  /** 0 .. 2^52-1 */
  readonly firstPfn: number;
  /** At least 1. */
  readonly frames: number;
}

/** Frames over the bytes of a source. */
export interface BankInit extends FrameRange {
  readonly source: MemorySource;
  /** Where the first frame starts in the source; a multiple of {@link BANK_ALIGN}. */
  readonly byteOffset: number;
}

/** A bank that has been taken in. */
export interface Bank extends BankInit {
  readonly firstPfn: Pfn;
  /** The views of `source`, shared by everybody who reads this bank. */
  readonly views: ViewCache;
}

/** What is at a frame: memory, a device, or nothing. */
export type FrameKind = "ram" | "mmio" | "none";

/**
 * Banks start on a multiple of 8 bytes in their source: what the widest single access, a 64-bit atomic, needs. More
 * would shut out memory images that have a header in front.
 */
export const BANK_ALIGN = 8;

/**
 * The banks and MMIO ranges of one machine.
 *
 * @example
 * ```ts
 * import { PhysicalMemory, pfn } from "@memkit/core";
 *
 * const ram = { buffer: new ArrayBuffer(16 * 4096) };
 * const memory = new PhysicalMemory(
 *   [
 *     { firstPfn: 0, frames: 4, source: ram, byteOffset: 0 },
 *     { firstPfn: 0x80000, frames: 12, source: ram, byteOffset: 4 * 4096 },
 *   ],
 *   { mmio: [{ firstPfn: 0x10000, frames: 1 }] },
 * );
 * memory.kindOf(pfn(0x80001)); // => "ram"
 * memory.kindOf(pfn(0x10000)); // => "mmio"
 * memory.kindOf(pfn(4)); // => "none"
 * memory.byteOffsetOf(pfn(0x80001)); // => 5 * 4096
 * ```
 */
export class PhysicalMemory {
  /** By `firstPfn`. */
  readonly banks: readonly Bank[];
  /** By `firstPfn`. */
  readonly mmio: readonly FrameRange[];
  /** Frames of all banks together. */
  readonly totalFrames: number;
  readonly #ram: FrameRanges;
  readonly #devices: FrameRanges;

  /**
   * @param memory - Banks in any order, or a plain source: one bank at frame 0 of as many frames as it has bytes for
   * @throws {@link CoreError} `invalid-frame-range`, `frames-overlap`, `banks-share-bytes`; `not-aligned` for a bank's
   * `byteOffset`, or for a plain source that is no whole number of frames; `out-of-bounds` for a bank that ends beyond its
   * source; `invalid-source`, `source-detached`, `source-threw`
   */
  constructor(
    memory: MemorySource | readonly BankInit[],
    { mmio = [] }: { readonly mmio?: readonly FrameRange[] } = {},
  ) {
    // Copies first: what is checked must be what is used, also where getters answer differently the second time.
    const inits = (isBankList(memory) ? memory : [wholeOf(memory)]).map((init) => ({ ...init }));
    const ranges = mmio.map(({ firstPfn, frames }) => ({ firstPfn, frames }));
    refuseOverlap([...inits, ...ranges]);
    const viewsOf = new Map<MemorySource, ViewCache>();
    this.banks = sorted(inits).map((init) => takeIn(init, viewsOf));
    refuseSharedBytes(this.banks);
    this.mmio = sorted(ranges);
    this.#ram = new FrameRanges(this.banks);
    this.#devices = new FrameRanges(this.mmio);
    this.totalFrames = this.banks.reduce((sum, { frames }) => sum + frames, 0);
  }

  /** What is at frame `pfn`. O(log banks), allocates nothing. A number that is no frame is `none`. */
  kindOf(pfn: Pfn): FrameKind {
    if (this.#ram.find(pfn) >= 0) return "ram";
    return this.#devices.find(pfn) >= 0 ? "mmio" : "none";
  }

  /** The index in {@link PhysicalMemory.banks} of the bank with frame `pfn`, or -1. O(log banks), allocates nothing. */
  bankIndexOf(pfn: Pfn): number {
    return this.#ram.find(pfn);
  }

  /**
   * The index in {@link PhysicalMemory.banks} of the bank with the byte at physical `address`, or -1. O(log banks),
   * allocates nothing. A number that is no {@link Paddr} is in no bank.
   */
  bankIndexAt(address: number): number {
    return this.#ram.find(Number.isInteger(address) ? Math.floor(address / PAGE_SIZE) : -1);
  }

  /** Where frame `pfn` starts in the source of its bank, in bytes, or -1. O(log banks), allocates nothing. */
  byteOffsetOf(pfn: Pfn): number {
    const bank = this.banks[this.#ram.find(pfn)];
    return bank === undefined ? -1 : bank.byteOffset + (pfn - bank.firstPfn) * PAGE_SIZE;
  }
}

function isBankList(memory: MemorySource | readonly BankInit[]): memory is readonly BankInit[] {
  return Array.isArray(memory);
}

function wholeOf(source: MemorySource): BankInit {
  const { byteLength } = new ViewCache(source);
  if (byteLength % PAGE_SIZE !== 0) {
    const what = "length of the source";
    throw new CoreError({ code: "not-aligned", what, got: byteLength, align: PAGE_SIZE });
  }
  return { firstPfn: 0, frames: byteLength / PAGE_SIZE, source, byteOffset: 0 };
}

/** Proves CORE-7 for one bank. The frame range has been proved before. */
function takeIn(
  { firstPfn, frames, source, byteOffset }: BankInit,
  viewsOf: Map<MemorySource, ViewCache>,
): Bank {
  const views = viewsOf.get(source) ?? new ViewCache(source);
  viewsOf.set(source, views);
  const start = byteOffset;
  const len = frames * PAGE_SIZE;
  const { byteLength } = views;
  if (!Number.isInteger(start) || start % BANK_ALIGN !== 0) {
    const what = "bank's byteOffset";
    throw new CoreError({ code: "not-aligned", what, got: start, align: BANK_ALIGN });
  }
  if (!(start >= 0 && start <= byteLength - len)) {
    throw new CoreError({ code: "out-of-bounds", start, len, byteLength });
  }
  return { firstPfn: firstPfn as Pfn, frames, source, byteOffset, views };
}

/** Buffers are compared, not sources: two objects may give out the same one. */
function refuseSharedBytes(banks: readonly Bank[]): void {
  const ends = new Map<ArrayBufferLike, number>();
  for (const { views, byteOffset, frames } of [...banks].sort(
    (a, b) => a.byteOffset - b.byteOffset,
  )) {
    const { buffer } = views.liveU8;
    if (byteOffset < (ends.get(buffer) ?? 0)) {
      throw new CoreError({ code: "banks-share-bytes", byteOffset });
    }
    ends.set(buffer, byteOffset + frames * PAGE_SIZE);
  }
}
