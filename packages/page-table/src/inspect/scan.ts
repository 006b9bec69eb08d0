/**
 * Going through an address space: every walk tells how far its answer reaches, and the next one starts there.
 *
 * PT-9: a scan ends. A slot of a level is passed in one step, and steps are counted: tables that form a cycle look like very
 * many mappings, and end in `walk-budget`.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { checkObject, refuseArgument } from "../argument.js";
import { hex, pageTableError } from "../page-table-error.js";
import { joinVa, type VirtualAddress, vpnOf } from "../virtual-address.js";
import type { Half } from "../walk/dialect.js";
import { NOT_PRESENT, OUTSIDE, PAGE_MISSING, type Reason, reasonName } from "../walk/reason.js";
import type { Walker } from "../walk/walker.js";

const PageTableError = /* @__PURE__ */ pageTableError<"walk-budget">({
  "walk-budget": (d) =>
    `more than ${d.budget} walks to list the tables up to ${hex(d.va)}: are they cyclic? If not, go on from there, or give a larger budget`,
});

/** Pages in 2^32 bytes. */
const HI = 2 ** 20;
const END = 2 ** 52;

/** What part of the address space to look at, and how long. */
export interface ScanOptions {
  /** Default: the lowest address. */
  readonly from?: VirtualAddress;
  /** The last address, inclusive. Default: the highest. */
  readonly to?: VirtualAddress;
  /**
   * Walks at most: one for each entry that is passed, and for each line of a dump eight more, which is what it costs. Default 2^21:
   * 8 GiB of base pages, or about a second over a `PhysicalMemory` (2 in pages that are fetched, 4 in shared memory). The
   * error `walk-budget` has the address where it ended, from which another call goes on.
   */
  readonly budget?: number;
}

/** One leaf, or what stands where tables or leaves should be. */
export interface Found {
  readonly kind: "mapped" | "software" | Exclude<Reason, "not-present">;
  /** First address. */
  readonly va: bigint;
  /** Pages of 4 KiB from there that this is about. */
  readonly pages: number;
  /** Mapped: the first frame. Missing, outside: the table's. */
  readonly pfn: Pfn;
  readonly level: number;
  /** What the tables grant; see `rightsText`. */
  readonly rights: number;
  /** The entry. */
  readonly lo: number;
  readonly hi: number;
  /** What the hook calls a software entry. */
  readonly name: string | undefined;
}

/** Proves that it is a walker. A `KernelWalker` is not, for here. @throws {@link PageTableError} `invalid-argument` */
export function checkWalker(walker: Walker): void {
  checkObject("walker", walker, "a Walker or an Mmu", "walk", "steps");
}

/** The first address of a page. */
export function addressOf(page: number): bigint {
  return joinVa(Math.floor(page / HI), (page % HI) * 4096);
}

/** Walks to a page. @returns the first page beyond what the answer is about */
export function probe(walker: Walker, page: number): number {
  const found = walker.walk(Math.floor(page / HI) | 0, ((page % HI) * 4096) | 0);
  // A table that cannot be read is one level above what it holds.
  const lost = found === PAGE_MISSING || found === OUTSIDE ? 1 : 0;
  const size = 2 ** (9 * (walker.level - 1 + lost));
  return page - (page % size) + size;
}

function bitsOf({ shift, mask, free, loMask }: Half): number {
  return loMask === 0 && free === 0 ? 32 : 64 - shift - Math.clz32(mask);
}

/** The two runs of pages that an address space has: first and last page of each. */
function runsOf(walker: Walker): [number, number][] {
  const { low, high } = walker;
  const half = (side: Half): number => 2 ** (bitsOf(side) - (low === high ? 13 : 12));
  return [
    [0, half(low) - 1],
    [END - half(high), END - 1],
  ];
}

/** The runs of pages within the options' range. @throws {@link PageTableError} `invalid-vaddr`, `invalid-argument` */
export function rangesOf(walker: Walker, options: ScanOptions): [number, number][] {
  checkWalker(walker);
  checkObject("choice of addresses", options, "{ from, to, budget }, or nothing");
  const { from, to } = options;
  const first = from === undefined ? 0 : vpnOf(from);
  const last = to === undefined ? END - 1 : vpnOf(to);
  return runsOf(walker)
    .map(([a, b]): [number, number] => [Math.max(a, first), Math.min(b, last)])
    .filter(([a, b]) => a <= b);
}

/** Counts down, and throws at the end. */
export class Budget {
  private left: number;
  private readonly all: number;
  private readonly text: (() => string) | undefined;

  /**
   * @param text - What the error is to say of what came before
   * @throws {@link PageTableError} `invalid-argument`
   */
  constructor(budget: number = 2 ** 21, text?: () => string) {
    // Another number would count for ever.
    if (!(Number.isSafeInteger(budget) && budget >= 0)) {
      refuseArgument("budget", budget, "an integer of 0..2^53-1");
    }
    this.left = this.all = budget;
    this.text = text;
  }

  /** Asks for walks for what begins at a page. @throws {@link PageTableError} `walk-budget` */
  spend(page: number, walks = 1): void {
    this.left -= walks;
    if (this.left >= 0) return;
    const { all: budget, text } = this;
    const error = new PageTableError({ code: "walk-budget", budget, va: addressOf(page) });
    // Not enumerable: megabytes, which no log of the error should have.
    if (text !== undefined) Object.defineProperty(error, "text", { value: text() });
    throw error;
  }
}

/**
 * Everything in the tables but what is plainly absent, from the lowest address to the highest: leaves, software entries that
 * the hook knows, malformed entries, tables that are missing or outside of the memory.
 *
 * @throws {@link PageTableError} `invalid-vaddr`, `invalid-argument`; `walk-budget` on the way, behind what was found
 *
 * @example
 * ```ts
 * import { PageTableError } from "@memkit/page-table";
 * import { x86Format } from "@memkit/page-table/format";
 * import { rawImage, scan } from "@memkit/page-table/inspect";
 * import { Walker } from "@memkit/page-table/walk";
 *
 * const bytes = new Uint8Array(8192);
 * const entries = new DataView(bytes.buffer);
 * for (let at = 0; at < 4096; at += 8) entries.setUint32(at, 3, true); // the table is its own, 512 times
 * const walker = new Walker({ format: x86Format(), memory: rawImage(bytes), root: 0 });
 * let [found, next] = [0, 0n];
 * try {
 *   for (const _ of scan(walker, { budget: 1000 })) found += 1;
 * } catch (error) {
 *   if (!(error instanceof PageTableError && error.code === "walk-budget")) throw error;
 *   next = error.va; // { from: next } goes on
 * }
 * [found, next]; // => [1000, 1000n * 4096n]
 * ```
 */
export function scan(walker: Walker, options: ScanOptions = {}): Generator<Found> {
  return scanned(walker, rangesOf(walker, options), new Budget(options.budget));
}

/** {@link scan} of ranges that are proved, with a budget that others spend of, too. */
export function* scanned(
  walker: Walker,
  ranges: readonly (readonly [number, number])[],
  budget: Budget,
): Generator<Found> {
  for (const [first, last] of ranges) {
    let next: number;
    for (let page = first; page <= last; page = next) {
      budget.spend(page);
      next = Math.min(probe(walker, page), last + 1);
      const { reason, software } = walker;
      if (reason === NOT_PRESENT && software === undefined) continue;
      yield found(walker, page, next - page);
    }
  }
}

function found(walker: Walker, page: number, pages: number): Found {
  const { reason, software, level, rights, lo, hi, pfn } = walker;
  const name = reasonName(reason);
  const kind =
    software !== undefined ? "software" : reason === 0 || name === "not-present" ? "mapped" : name;
  return { kind, va: addressOf(page), pages, pfn, level, rights, lo, hi, name: software?.name };
}

/**
 * The mappings, from the lowest address to the highest; a huge page is one.
 *
 * @throws {@link PageTableError} as {@link scan}
 *
 * @example
 * ```ts
 * import { encodeLeaf, encodeTable, pageProperty, READ, riscvFormat } from "@memkit/page-table/format";
 * import { mappings } from "@memkit/page-table/inspect";
 * import { Walker } from "@memkit/page-table/walk";
 *
 * const format = riscvFormat();
 * const root = new Uint8Array(4096);
 * const { lo } = encodeLeaf(format, 0x40000, 3, pageProperty(READ));
 * new DataView(root.buffer).setUint32(8, lo, true);
 * const walker = new Walker({ format, memory: { page: () => root }, root: 0 });
 * const [only] = mappings(walker);
 * [only?.va, only?.pages, only?.pfn]; // => [0x4000_0000n, 2 ** 18, 0x40000]
 * ```
 */
export function mappings(walker: Walker, options: ScanOptions = {}): Generator<Found> {
  return mapped(scan(walker, options));
}

function* mapped(all: Iterable<Found>): Generator<Found> {
  for (const one of all) if (one.kind === "mapped") yield one;
}
