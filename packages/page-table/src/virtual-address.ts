/**
 * The forms that a virtual address may have at the public edge: a number up to 2^53-1, a bigint, or two words.
 *
 * Inside it travels as two words of 32 bits, or as a page's number, which is below 2^52. A number would do for user addresses, but a
 * kernel's start at 0xffff8000_00000000. Core takes words apart, too, but brings its errors along, which are larger than the walker.
 *
 * @module
 */

import { PageTableError } from "./page-table-error.js";

/**
 * A number in 0 .. 2^53-1, exact (core's `Vaddr` is one), a bigint in 0 .. 2^64-1, or the two words of 32 bits, signed or unsigned, as
 * hot loops have them.
 */
export type VirtualAddress = number | bigint | readonly [hi: number, lo: number];

const END = 2n ** 64n;

function refuse(va: VirtualAddress): never {
  throw new PageTableError({ code: "invalid-vaddr", va });
}

/** Whether it is 32 bits of an address, signed or unsigned. */
export function isWord(word: unknown): boolean {
  return typeof word === "number" && (word === (word | 0) || word === word >>> 0);
}

/** A word of what is no number: 0 for the upper one. */
function wordOf(va: Exclude<VirtualAddress, number>, at: 0 | 1): number {
  if (typeof va === "bigint") {
    if (va < 0n || va >= END) refuse(va);
    return Number(BigInt.asUintN(32, at === 0 ? va >> 32n : va));
  }
  if (!(Array.isArray(va) && va.length === 2 && isWord(va[0]) && isWord(va[1]))) refuse(va);
  return va[at] >>> 0;
}

function check(va: number): void {
  if (!(Number.isSafeInteger(va) && va >= 0)) refuse(va);
}

/** Bits 63..32. @throws {@link PageTableError} `invalid-vaddr` */
export function hiOf(va: VirtualAddress): number {
  if (typeof va !== "number") return wordOf(va, 0);
  check(va);
  return Math.floor(va / 2 ** 32) + 0; // -0 becomes 0
}

/** Bits 31..0. @throws {@link PageTableError} `invalid-vaddr` */
export function loOf(va: VirtualAddress): number {
  if (typeof va !== "number") return wordOf(va, 1);
  check(va);
  return va >>> 0;
}

/** {@link vpnOf} of two words that are known to be ones. */
export const vpnOfWords = (hi: number, lo: number): number => (hi >>> 0) * 0x10_0000 + (lo >>> 12);

/** The number of the page that has the address, 0..2^52-1. @throws {@link PageTableError} `invalid-vaddr` */
export function vpnOf(va: VirtualAddress): number {
  if (typeof va !== "number") return vpnOfWords(wordOf(va, 0), wordOf(va, 1));
  check(va);
  return Math.floor(va / 4096) + 0;
}

/** Where in that page, 0..4095, of what {@link vpnOf} has taken for an address. */
export function offsetOf(va: VirtualAddress): number {
  return (typeof va === "number" ? va : wordOf(va, 1)) & 4095;
}

/** The address in one piece, as errors and handlers have it: two words as a number, or from 2^53 on as a bigint. */
export function wholeOf(va: VirtualAddress): number | bigint {
  if (typeof va === "number" || !Array.isArray(va)) return va as number | bigint;
  const [hi, lo] = [wordOf(va, 0), wordOf(va, 1)];
  return hi < 2 ** 21 ? hi * 2 ** 32 + lo : joinVa(hi, lo);
}

/** The address of two words of 32 bits, signed or unsigned. */
export function joinVa(hi: number, lo: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}
