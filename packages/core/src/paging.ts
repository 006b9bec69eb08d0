/**
 * Page sizes and the arithmetic of pages.
 *
 * A page is 4 KiB at level 1 and 512 times the one below at each further level, on x86-64, RISC-V (Sv39 to Sv57) and
 * AArch64 (4 KiB granule) alike:
 *
 * | level | 1     | 2     | 3     | 4       | 5       |
 * |-------|-------|-------|-------|---------|---------|
 * | size  | 4 KiB | 2 MiB | 1 GiB | 512 GiB | 256 TiB |
 * | shift | 12    | 21    | 30    | 39      | 48      |
 *
 * CORE-4: no result here is rounded. Sizes end at 2^48 and page counts at 2^52; a range of addresses is a first page and
 * a count, so the end of the address space, 2^64, never has to be a number.
 *
 * @see Intel SDM vol. 3A, "Paging"; RISC-V privileged ISA, "Sv39" to "Sv57"; Arm ARM DDI 0487, "Translation granules"
 * @module
 */

import { PAGE_SHIFT, PAGE_SIZE, type Vpn, vpnOf } from "./address.js";
import { type CoreErrorDetail, coreError } from "./core-error.js";
import type { ErrorClass } from "./error.js";
import { overflows, shown } from "./memory-error.js";

export { PAGE_SHIFT, PAGE_SIZE };

const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<
  "invalid-level" | "not-a-power-of-two" | "address-overflow"
>({
  "invalid-level": (d) => `${shown(d.got)} is no paging level: those are 1 (4 KiB pages) to 5`,
  "not-a-power-of-two": (d) =>
    `cannot align to ${shown(d.got)}: a power of two up to 2^52 is needed`,
  "address-overflow": overflows,
});

/** Entries of one page-table node: 4096 bytes of 8-byte entries. OSTD `nr_subpage_per_huge`. */
export const NR_ENTRIES = 512;
/** log2 of {@link NR_ENTRIES}: the bits of an address that one level resolves. */
export const LEVEL_BITS = 9;
/** Five-level paging (LA57, Sv57) is the deepest there is. */
export const MAX_PAGING_LEVEL = 5;

/** A level of a page table: 1 holds base pages; the root is the highest. */
export type PagingLevel = 1 | 2 | 3 | 4 | 5;

/**
 * Proves that `level` is one.
 *
 * @throws {@link CoreError} `invalid-level`
 */
export function pagingLevel(level: number): PagingLevel {
  if (!Number.isInteger(level) || level < 1 || level > MAX_PAGING_LEVEL) {
    throw new CoreError({ code: "invalid-level", got: level });
  }
  return level as PagingLevel;
}

/**
 * log2 of the bytes that one entry of a table at `level` maps.
 *
 * @throws {@link CoreError} `invalid-level`
 *
 * @example
 * ```ts
 * import { pageShift } from "@memkit/core/paging";
 *
 * pageShift(3); // => 30
 * ```
 */
export function pageShift(level: PagingLevel): number {
  return PAGE_SHIFT + LEVEL_BITS * (pagingLevel(level) - 1);
}

/**
 * Bytes that one entry of a table at `level` maps: 4 KiB, 2 MiB, 1 GiB, 512 GiB, 256 TiB.
 *
 * @throws {@link CoreError} `invalid-level`
 */
export function pageSizeAt(level: PagingLevel): number {
  return 2 ** pageShift(level);
}

/** Base pages that one entry of a table at `level` maps: 1, 512, 2^18, 2^27, 2^36. */
export function basePagesAt(level: PagingLevel): number {
  return pageSizeAt(level) / PAGE_SIZE;
}

/** @throws unless `address` is 0..2^53-1 and `align` a power of two of at most 2^52. */
function checkAlign(address: number, align: number): void {
  if (!Number.isSafeInteger(address) || address < 0) {
    const max = Number.MAX_SAFE_INTEGER;
    throw new CoreError({ code: "address-out-of-range", kind: "address", got: address, max });
  }
  // A logarithm alone would not do: that of 2^52 - 1 rounds to 52.
  if (
    !(
      Number.isInteger(align) &&
      align >= 1 &&
      align <= 2 ** 52 &&
      2 ** Math.round(Math.log2(align)) === align
    )
  ) {
    throw new CoreError({ code: "not-a-power-of-two", got: align });
  }
}

/**
 * Whether `address` (0..2^53-1) is a multiple of `align`, a power of two.
 *
 * @throws {@link CoreError} `address-out-of-range`, `not-a-power-of-two`
 */
export function isAligned(address: number, align: number): boolean {
  checkAlign(address, align);
  return address % align === 0;
}

/**
 * The largest multiple of `align`, a power of two, that is at most `address` (0..2^53-1).
 *
 * @throws {@link CoreError} `address-out-of-range`, `not-a-power-of-two`
 *
 * @example
 * ```ts
 * import { alignDown, alignUp, PAGE_SIZE } from "@memkit/core/paging";
 *
 * alignDown(0x1fff, PAGE_SIZE); // => 0x1000
 * alignUp(0x1001, PAGE_SIZE); // => 0x2000
 * alignUp(0x1000, PAGE_SIZE); // => 0x1000
 * ```
 */
export function alignDown(address: number, align: number): number {
  checkAlign(address, align);
  return address - (address % align);
}

/**
 * The smallest multiple of `align`, a power of two, that is at least `address` (0..2^53-1).
 *
 * @throws {@link CoreError} `address-out-of-range`, `not-a-power-of-two`; `address-overflow` if the multiple is above 2^53-1
 */
export function alignUp(address: number, align: number): number {
  checkAlign(address, align);
  const rest = address % align;
  if (rest === 0) return address + 0; // -0 becomes 0
  const up = address - rest + align; // at most 2^53 - 1 + 2^52: rounded perhaps, but never down to a safe integer
  if (!Number.isSafeInteger(up)) {
    throw new CoreError({ code: "address-overflow", start: address, len: align - rest });
  }
  return up;
}

/** A run of base pages: `count` of them from `first`; the last is `first + count - 1`. `count` may be 0. */
export interface PageSpan {
  readonly first: Vpn;
  /** 0 .. 2^52, which is the whole 64-bit address space. */
  readonly count: number;
}

/**
 * The base pages that `len` bytes from `start` touch. Takes bigints for what lies above 2^53-1.
 *
 * @throws {@link CoreError} `address-out-of-range` for a `start` outside 0..2^64-1 (0..2^53-1 as a number) or a `len`
 * outside 0..2^64 (0..2^53-1 as a number); `address-overflow` if the last byte is above 2^64-1
 *
 * @example
 * ```ts
 * import { pagesTouched } from "@memkit/core/paging";
 *
 * pagesTouched(0xfff, 2); // => { first: 0, count: 2 }
 * pagesTouched(0x1000, 0); // => { first: 1, count: 0 }
 * pagesTouched(0n, 2n ** 64n).count; // => 2 ** 52
 * ```
 */
export function pagesTouched(start: number | bigint, len: number | bigint): PageSpan {
  const first = vpnOf(start);
  if (typeof len === "bigint" ? len < 0n || len > SPACE : !Number.isSafeInteger(len) || len < 0) {
    const max = typeof len === "bigint" ? SPACE : Number.MAX_SAFE_INTEGER;
    throw new CoreError({ code: "address-out-of-range", kind: "length", got: len, max });
  }
  if (Number(len) === 0) return { first, count: 0 };
  const last = BigInt(start) + BigInt(len) - 1n;
  if (last >= SPACE) throw new CoreError({ code: "address-overflow", start, len });
  return { first, count: vpnOf(last) - first + 1 };
}

/** Bytes of a 64-bit address space. */
const SPACE = 2n ** 64n;
