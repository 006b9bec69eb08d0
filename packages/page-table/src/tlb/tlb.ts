/**
 * `Tlb`: a page can be in one entry only. Keeps PT-11 and PT-12 with `translation-cache.ts`.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { checkObject } from "../argument.js";
import { TranslationCache } from "./translation-cache.js";

/** Entries of a cache for which nothing else is said. */
export const ENTRIES = 256;

/** The size of a cache. */
export interface TlbOptions {
  /** Entries in all, a power of two, 1..2^20. Default 256. */
  readonly entries?: number;
}

/**
 * A direct-mapped translation cache: the quicker one.
 *
 * @example
 * ```ts
 * import { ANY_ASID, Tlb } from "@memkit/page-table/tlb";
 * import { UR, UW } from "@memkit/page-table/walk";
 *
 * const tlb = new Tlb({ entries: 64 });
 * tlb.asid = 7;
 * tlb.insert(0, 0x1000, 0x42, UR, 1, false);
 * tlb.lookup(0, 0x1234, UR); // => 0x42
 * tlb.lookup(0, 0x1234, UW); // => -1
 * tlb.asid = 8;
 * tlb.lookup(0, 0x1234, UR); // => -1
 * tlb.flush(0, 0x1000, 1, ANY_ASID);
 * tlb.asid = 7;
 * tlb.lookup(0, 0x1234, UR); // => -1
 * ```
 */
export class Tlb extends TranslationCache {
  /** @throws {@link PageTableError} `invalid-tlb`, `invalid-argument` */
  constructor(options: TlbOptions = {}) {
    checkObject("size of a cache", options, "{ entries }");
    super(options.entries ?? ENTRIES, 1);
  }

  lookup(hi: number, lo: number, need: number): Pfn {
    const at = (lo >>> 12) & this.setMask;
    const rest = ((this.tags[at]! ^ (lo | 4095)) & (this.space | need)) | (this.highs[at]! ^ hi);
    // Without a branch: a frame is not negative, and whatever is left over makes it so.
    return (this.frames[at]! | ((rest | -rest) >> 31)) as Pfn;
  }
}
