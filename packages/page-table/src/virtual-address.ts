/**
 * The forms that a virtual address may have at the public edge: a number up to 2^53-1 or a bigint.
 *
 * Inside it travels as two words of 32 bits. A number would do for user addresses, but a kernel's start at
 * 0xffff8000_00000000. Core takes words apart, too, but brings its errors along, which are larger than the walker.
 *
 * @module
 */

import { PageTableError } from "./page-table-error.js";

/** A number in 0 .. 2^53-1, exact, or a bigint in 0 .. 2^64-1. */
export type VirtualAddress = number | bigint;

const END = 2n ** 64n;

function check(va: VirtualAddress): void {
  const valid = typeof va === "bigint" ? va >= 0n && va < END : Number.isSafeInteger(va) && va >= 0;
  if (!valid) throw new PageTableError({ code: "invalid-vaddr", va });
}

/** Bits 63..32. @throws {@link PageTableError} `invalid-vaddr` */
export function hiOf(va: VirtualAddress): number {
  check(va);
  return typeof va === "bigint" ? Number(va >> 32n) : Math.floor(va / 2 ** 32) + 0; // -0 becomes 0
}

/** Bits 31..0. @throws {@link PageTableError} `invalid-vaddr` */
export function loOf(va: VirtualAddress): number {
  check(va);
  return typeof va === "bigint" ? Number(va & 0xffff_ffffn) : va >>> 0;
}

/** The address of two words of 32 bits, signed or unsigned. */
export function joinVa(hi: number, lo: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}
