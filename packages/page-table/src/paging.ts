/**
 * The constants of a paging format: how many levels, which bits of an address each resolves, which addresses exist.
 *
 * Every format here has 512 entries of 8 bytes in a node of 4 KiB, so level `l` (1 is the leaf level, `levels` the root)
 * is resolved by bits `12 + 9 (l - 1)` and the eight above:
 *
 *      63                47       38       29       20       11        0
 *     | canonical        | level 4 | level 3 | level 2 | level 1 | offset |      x86-64, four levels
 *
 * | format       | levels | VA bits | largest leaf | upper bits                                   |
 * |--------------|--------|---------|--------------|----------------------------------------------|
 * | x86-64       | 4      | 48      | 1 GiB, 3     | 63..48 copies of 47                          |
 * | x86-64 LA57  | 5      | 57      | 1 GiB, 3     | 63..57 copies of 56                          |
 * | Sv39         | 3      | 39      | 1 GiB, 3     | 63..39 copies of 38                          |
 * | Sv48         | 4      | 48      | 512 GiB, 4   | 63..48 copies of 47                          |
 * | Sv57         | 5      | 57      | 256 TiB, 5   | 63..57 copies of 56                          |
 * | AArch64 4K   | 4      | 48      | 1 GiB, 3     | 63..48 all 0 (TTBR0) or all 1 (TTBR1), whatever 47 is |
 *
 * The last rule differs: an AArch64 address has 48 bits of table in *each* half, so bit 47 is free and the upper bits
 * choose the table. (Its own levels count the other way: its level `n` is our `4 - n`.)
 *
 * PT-1: `pteIndex` is bits `12 + 9 (l - 1)` to `20 + 9 (l - 1)` of the address, for every form that an address may have.
 * PT-2: an address is canonical in a format exactly if its upper bits are what the table above says. No other address
 * can be mapped, so whoever takes an address in asks here first.
 * Both are pure functions of frozen constants: nobody can break them from outside.
 *
 * `highestTranslationLevel` is what the hardware can do; OSTD allows itself one level less on x86-64 and Sv39.
 *
 * @see Intel SDM vol. 3A, "4-level paging and 5-level paging"; RISC-V privileged ISA, "Sv39", "Sv48", "Sv57";
 * Arm ARM DDI 0487, "VMSAv8-64 translation using the 4KB granule"; OSTD `PagingConstsTrait`
 * @module
 */

import { LEVEL_BITS, NR_ENTRIES, PAGE_SHIFT, PAGE_SIZE } from "@memkit/core/paging";
import { refuseArgument } from "./argument.js";
import { hex, pageTableError } from "./page-table-error.js";
import { hiOf, joinVa, loOf, type VirtualAddress } from "./virtual-address.js";

export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";

const PageTableError = /* @__PURE__ */ pageTableError<"non-canonical">({
  "non-canonical": (d) => `${hex(d.va)} is not canonical in ${d.paging}`,
});

/** What the bits above the translated ones must be. */
export type CanonicalRule =
  /** Copies of the highest translated bit. */
  | "sign-extended"
  /** All 0 or all 1: the highest translated bit is free. */
  | "two-halves";

/** A paging format's constants. OSTD `PagingConstsTrait`. */
export interface PagingConsts {
  /** For messages. */
  readonly name: string;
  /** Bytes of a base page and of a node. OSTD `BASE_PAGE_SIZE`. */
  readonly basePageSize: number;
  /** Levels of tables; the root's. OSTD `NR_LEVELS`. */
  readonly levels: number;
  /** The highest level with leaves: the largest page. OSTD `HIGHEST_TRANSLATION_LEVEL`. */
  readonly highestTranslationLevel: number;
  /** Entries of a node. OSTD `nr_subpage_per_huge`. */
  readonly entries: number;
  /** Bytes of an entry. OSTD `PTE_SIZE`. */
  readonly pteSize: number;
  /** Bits of a virtual address that the levels and the page offset resolve. OSTD `ADDRESS_WIDTH`. */
  readonly vaBits: number;
  /** OSTD has one bit, `VA_SIGN_EXT`, and no AArch64. */
  readonly canonical: CanonicalRule;
}

function consts(
  name: string,
  levels: number,
  highestTranslationLevel: number,
  canonical: CanonicalRule = "sign-extended",
): PagingConsts {
  return Object.freeze({
    name,
    basePageSize: PAGE_SIZE,
    levels,
    highestTranslationLevel,
    entries: NR_ENTRIES,
    pteSize: PAGE_SIZE / NR_ENTRIES,
    vaBits: PAGE_SHIFT + LEVEL_BITS * levels,
    canonical,
  });
}

/** x86-64 with four levels. */
export const X86_64: PagingConsts = /* @__PURE__ */ consts("x86-64", 4, 3);
/** x86-64 with five levels (CR4.LA57). */
export const X86_64_LA57: PagingConsts = /* @__PURE__ */ consts("x86-64 LA57", 5, 3);
/** RISC-V with three levels. */
export const SV39: PagingConsts = /* @__PURE__ */ consts("Sv39", 3, 3);
/** RISC-V with four levels. */
export const SV48: PagingConsts = /* @__PURE__ */ consts("Sv48", 4, 4);
/** RISC-V with five levels. */
export const SV57: PagingConsts = /* @__PURE__ */ consts("Sv57", 5, 5);
/** AArch64 with the 4 KiB granule and 48-bit addresses in both halves (T0SZ = T1SZ = 16). */
export const AARCH64_4K: PagingConsts = /* @__PURE__ */ consts("AArch64 4K", 4, 3, "two-halves");

/** @throws {@link PageTableError} `invalid-argument` */
function checkPaging(paging: PagingConsts): void {
  if (typeof paging?.vaBits !== "number")
    refuseArgument("paging format", paging, "X86_64 or another");
}

/**
 * The index of the entry that `va` selects in a node of `level`: 0..511. Bits above the format's are not looked at.
 *
 * @throws {@link PageTableError} `invalid-level`, `invalid-vaddr`, `invalid-argument`
 *
 * @example
 * ```ts
 * import { pteIndex, SV39, X86_64 } from "@memkit/page-table";
 *
 * pteIndex(X86_64, 0xffff_8000_0020_3000n, 4); // => 256
 * pteIndex(X86_64, 0xffff_8000_0020_3000n, 2); // => 1
 * pteIndex(SV39, 0x3000, 1); // => 3
 * ```
 */
export function pteIndex(paging: PagingConsts, va: VirtualAddress, level: number): number {
  checkPaging(paging);
  if (!Number.isInteger(level) || level < 1 || level > paging.levels) {
    const { levels, name } = paging;
    throw new PageTableError({ code: "invalid-level", level, levels, paging: name });
  }
  return pteIndexOfWords(hiOf(va), loOf(va), level);
}

/**
 * {@link pteIndex} on the two halves of an address: for hot loops. Checks nothing.
 *
 * Caller must give words of 32 bits, signed or unsigned, and a level of 1..5.
 *
 * @param hi - Bits 63..32
 * @param lo - Bits 31..0
 *
 * @example
 * ```ts
 * import { pteIndexOfWords } from "@memkit/page-table";
 *
 * pteIndexOfWords(0xffff_8000, 0x0020_3000, 4); // => 256
 * ```
 */
export function pteIndexOfWords(hi: number, lo: number, level: number): number {
  // Level 3 (bits 38..30) is the only one that has bits in both words.
  switch (level) {
    case 1:
      return (lo >>> 12) & 511;
    case 2:
      return (lo >>> 21) & 511;
    case 3:
      return ((hi << 2) | (lo >>> 30)) & 511;
    case 4:
      return (hi >>> 7) & 511;
    default:
      return (hi >>> 16) & 511;
  }
}

/**
 * {@link isCanonical} on the upper half of an address, which decides alone: for hot loops. Checks nothing.
 *
 * @param hi - Bits 63..32. Caller must give a word of 32 bits, signed or unsigned.
 */
export function isCanonicalHi(paging: PagingConsts, hi: number): boolean {
  // Every format translates more than 32 bits. From `vaBits` on all bits must agree; under sign extension so must the
  // highest translated bit, the one below.
  const free = paging.canonical === "sign-extended" ? paging.vaBits - 33 : paging.vaBits - 32;
  const upper = (hi | 0) >> free;
  return upper === 0 || upper === -1;
}

/**
 * Whether `va` is an address that the format translates (PT-2).
 *
 * @throws {@link PageTableError} `invalid-vaddr`, `invalid-argument`
 *
 * @example
 * ```ts
 * import { AARCH64_4K, isCanonical, X86_64, X86_64_LA57 } from "@memkit/page-table";
 *
 * isCanonical(X86_64, 0x0000_8000_0000_0000n); // => false
 * isCanonical(X86_64_LA57, 0x0000_8000_0000_0000n); // => true
 * isCanonical(AARCH64_4K, 0x0000_8000_0000_0000n); // => true
 * ```
 */
export function isCanonical(paging: PagingConsts, va: VirtualAddress): boolean {
  checkPaging(paging);
  return isCanonicalHi(paging, hiOf(va));
}

/**
 * Proves that `va` is an address that the format translates.
 *
 * @throws {@link PageTableError} `non-canonical`, `invalid-vaddr`, `invalid-argument`
 */
export function checkCanonical(paging: PagingConsts, va: VirtualAddress): void {
  if (!isCanonical(paging, va)) {
    throw new PageTableError({
      code: "non-canonical",
      va: joinVa(hiOf(va), loOf(va)),
      paging: paging.name,
    });
  }
}
