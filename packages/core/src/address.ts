/**
 * Addresses and page numbers, told apart by the type checker.
 *
 * | type  | counts               | range as a number | wider values                              |
 * |-------|----------------------|-------------------|-------------------------------------------|
 * | Paddr | bytes of physical    | 0 .. 2^53-1       | as a {@link Pfn}, or a bigint             |
 * | Vaddr | bytes of virtual     | 0 .. 2^53-1       | as two words (hi, lo), or a bigint        |
 * | Pfn   | 4 KiB frames         | 0 .. 2^52-1       | none: 2^52 frames are the whole of 2^64   |
 * | Vpn   | 4 KiB virtual pages  | 0 .. 2^52-1       | none                                      |
 *
 * Numbers are exact up to 2^53-1 and cost nothing; bigints are allocated, so they appear at the edge only. Inside, a
 * 64-bit address travels as two u32 words: {@link hiWord} and {@link loWord} take one apart, {@link joinWords} and
 * {@link joinWordsBig} put it together.
 *
 * CORE-5: a branded value is an integer in its range: only the functions here make one, and they check. A cast in the
 * caller's code can break it, so whoever turns a branded value into an offset still checks the bound.
 *
 * @module
 */

import { CoreError } from "./core-error.js";
import type { AddressKind } from "./memory-error.js";

/** log2 of {@link PAGE_SIZE}. */
export const PAGE_SHIFT = 12;
/** Bytes of a base page on x86-64, RISC-V and, with the 4 KiB granule, AArch64. OSTD `PAGE_SIZE`. */
export const PAGE_SIZE = 4096;

declare const kind: unique symbol;
type Branded<K extends AddressKind> = number & { readonly [kind]: K };

/** A physical byte address, 0 .. 2^53-1. OSTD `Paddr`. */
export type Paddr = Branded<"paddr">;
/** A virtual byte address, 0 .. 2^53-1. OSTD `Vaddr`. */
export type Vaddr = Branded<"vaddr">;
/** A page frame number: a physical address divided by 4096. */
export type Pfn = Branded<"pfn">;
/** A virtual page number: a virtual address divided by 4096. */
export type Vpn = Branded<"vpn">;

/** The largest address that a number holds exactly. */
export const MAX_NUMERIC_ADDRESS: number = Number.MAX_SAFE_INTEGER;
/** The largest frame or page number: 2^52-1, the last page of a 64-bit address space. */
export const MAX_PAGE_NUMBER: number = 2 ** 52 - 1;

const WORD = 2 ** 32;
const MAX_U64 = 2n ** 64n - 1n;

/** The one check behind every constructor: an integer (or bigint) in 0..max becomes a number. */
function checked(what: AddressKind, value: number | bigint, max: number): number {
  const inRange =
    typeof value === "bigint"
      ? value >= 0n && value <= max
      : Number.isInteger(value) && value >= 0 && value <= max;
  if (!inRange) throw new CoreError({ code: "address-out-of-range", kind: what, got: value, max });
  return Number(value) + 0; // -0 becomes 0
}

/**
 * Proves that `value` is a physical address.
 *
 * @throws {@link CoreError} `address-out-of-range` unless it is an integer in 0 .. 2^53-1
 *
 * @example
 * ```ts
 * import { paddr, paddrOf, pfnOf } from "@memkit/core/address";
 *
 * pfnOf(paddr(0x8000_0fff)); // => 0x80000
 * paddrOf(pfnOf(0x8000_0fff)); // => 0x8000_0000
 * ```
 */
export function paddr(value: number | bigint): Paddr {
  return checked("paddr", value, MAX_NUMERIC_ADDRESS) as Paddr;
}

/**
 * Proves that `value` is a virtual address that a number holds exactly.
 *
 * @throws {@link CoreError} `address-out-of-range` unless it is an integer in 0 .. 2^53-1. Addresses of the upper half
 * (0xffff8000_00000000 and the like) are passed as bigint or as two words to the functions that take them.
 */
export function vaddr(value: number | bigint): Vaddr {
  return checked("vaddr", value, MAX_NUMERIC_ADDRESS) as Vaddr;
}

/** Proves that `value` is a frame number. @throws {@link CoreError} `address-out-of-range` unless in 0 .. 2^52-1 */
export function pfn(value: number | bigint): Pfn {
  return checked("pfn", value, MAX_PAGE_NUMBER) as Pfn;
}

/** Proves that `value` is a page number. @throws {@link CoreError} `address-out-of-range` unless in 0 .. 2^52-1 */
export function vpn(value: number | bigint): Vpn {
  return checked("vpn", value, MAX_PAGE_NUMBER) as Vpn;
}

/** The 4 KiB page number of a byte address: a number in 0 .. 2^53-1 or a bigint in 0 .. 2^64-1. */
function pageNumber(what: "paddr" | "vaddr", address: number | bigint): number {
  if (typeof address === "number") {
    return Math.floor(checked(what, address, MAX_NUMERIC_ADDRESS) / PAGE_SIZE);
  }
  return hiWord(address, what) * (WORD / PAGE_SIZE) + Math.floor(loWord(address, what) / PAGE_SIZE);
}

/**
 * The frame that holds a physical address. A bigint may use all 64 bits.
 *
 * @throws {@link CoreError} `address-out-of-range`
 */
export function pfnOf(address: number | bigint): Pfn {
  return pageNumber("paddr", address) as Pfn;
}

/**
 * The page that holds a virtual address. A bigint may use all 64 bits.
 *
 * @throws {@link CoreError} `address-out-of-range`
 */
export function vpnOf(address: number | bigint): Vpn {
  return pageNumber("vaddr", address) as Vpn;
}

/**
 * The first byte of a frame.
 *
 * @throws {@link CoreError} `address-out-of-range` for a frame at or above 2^53 bytes (`frame` >= 2^41): name such a
 * frame by its number, or multiply as bigints
 */
export function paddrOf(frame: Pfn): Paddr {
  return checked("paddr", pfn(frame) * PAGE_SIZE, MAX_NUMERIC_ADDRESS) as Paddr;
}

/**
 * The first byte of a page.
 *
 * @throws {@link CoreError} `address-out-of-range` for a page at or above 2^53 bytes (`page` >= 2^41)
 */
export function vaddrOf(page: Vpn): Vaddr {
  return checked("vaddr", vpn(page) * PAGE_SIZE, MAX_NUMERIC_ADDRESS) as Vaddr;
}

function checkU64(value: number | bigint, what: AddressKind): void {
  if (typeof value === "bigint" ? value < 0n || value > MAX_U64 : !isWide(value)) {
    const max = typeof value === "bigint" ? MAX_U64 : MAX_NUMERIC_ADDRESS;
    throw new CoreError({ code: "address-out-of-range", kind: what, got: value, max });
  }
}

function isWide(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/**
 * Bits 63..32 of an address, as a u32.
 *
 * @param value - A number in 0 .. 2^53-1 or a bigint in 0 .. 2^64-1
 * @throws {@link CoreError} `address-out-of-range`
 *
 * @example
 * ```ts
 * import { hiWord, joinWords, joinWordsBig, loWord } from "@memkit/core/address";
 *
 * hiWord(0xffff_8000_1234_5678n); // => 0xffff_8000
 * loWord(0xffff_8000_1234_5678n); // => 0x1234_5678
 * joinWords(1, 2); // => 0x1_0000_0002
 * joinWordsBig(0xffff_8000, 0); // => 0xffff_8000_0000_0000n
 * ```
 */
export function hiWord(value: number | bigint, what: AddressKind = "address"): number {
  checkU64(value, what);
  return typeof value === "bigint" ? Number(value >> 32n) : Math.floor(value / WORD) + 0; // -0 becomes 0
}

/**
 * Bits 31..0 of an address, as a u32.
 *
 * @param value - A number in 0 .. 2^53-1 or a bigint in 0 .. 2^64-1
 * @throws {@link CoreError} `address-out-of-range`
 */
export function loWord(value: number | bigint, what: AddressKind = "address"): number {
  checkU64(value, what);
  return typeof value === "bigint" ? Number(value & 0xffff_ffffn) : value >>> 0;
}

function checkWord(word: number): number {
  if (word >>> 0 !== word && (word | 0) !== word) {
    throw new CoreError({ code: "address-out-of-range", kind: "word", got: word, max: WORD - 1 });
  }
  return word >>> 0;
}

/**
 * The number with the given upper and lower 32 bits; each word may be given signed or unsigned.
 *
 * @throws {@link CoreError} `address-out-of-range` if it is above 2^53-1, or a word has more than 32 bits
 */
export function joinWords(hi: number, lo: number): number {
  const value = checkWord(hi) * WORD + checkWord(lo);
  if (value > MAX_NUMERIC_ADDRESS) {
    const got = joinWordsBig(hi, lo);
    throw new CoreError({
      code: "address-out-of-range",
      kind: "address",
      got,
      max: MAX_NUMERIC_ADDRESS,
    });
  }
  return value;
}

/**
 * The bigint with the given upper and lower 32 bits; each word may be given signed or unsigned.
 *
 * @throws {@link CoreError} `address-out-of-range` if a word has more than 32 bits
 */
export function joinWordsBig(hi: number, lo: number): bigint {
  return (BigInt(checkWord(hi)) << 32n) | BigInt(checkWord(lo));
}
