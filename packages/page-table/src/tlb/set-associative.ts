/**
 * `SetAssociativeTlb`: a page can be in some entries. Keeps PT-11 and PT-12 with `translation-cache.ts`.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { checkObject } from "../argument.js";
import { ENTRIES, type TlbOptions } from "./tlb.js";
import { MISS, TranslationCache } from "./translation-cache.js";

/** The size of a cache with several entries for a page. */
export interface SetAssociativeTlbOptions extends TlbOptions {
  /** Entries that a page may be in, a power of two up to `entries`. Default 4. */
  readonly ways?: number;
}

/**
 * A set-associative translation cache: pages of one set do not drive one another out so soon; a hit takes longer.
 *
 * @example
 * ```ts
 * import { SetAssociativeTlb, Tlb } from "@memkit/page-table/tlb";
 * import { UR } from "@memkit/page-table/walk";
 *
 * const caches = [new Tlb({ entries: 16 }), new SetAssociativeTlb({ entries: 16, ways: 4 })];
 * for (const cache of caches) {
 *   for (const page of [0x1_0000, 0x2_0000, 0x3_0000]) cache.insert(0, page, page >> 12, UR, 1, false);
 * }
 * caches.map((cache) => cache.lookup(0, 0x1_0000, UR)); // => [-1, 0x10]
 * ```
 */
export class SetAssociativeTlb extends TranslationCache {
  /** @throws {@link PageTableError} `invalid-tlb`, `invalid-argument` */
  constructor(options: SetAssociativeTlbOptions = {}) {
    checkObject("size of a cache", options, "{ entries, ways }");
    super(options.entries ?? ENTRIES, options.ways ?? 4);
  }

  lookup(hi: number, lo: number, need: number): Pfn {
    const { tags, highs, sets } = this;
    const mask = this.space | need;
    const wanted = lo | 4095;
    const high = hi | 0;
    for (let at = (lo >>> 12) & this.setMask; at < tags.length; at += sets) {
      if (((tags[at]! ^ wanted) & mask) === 0 && highs[at] === high) return this.frames[at] as Pfn;
    }
    return MISS;
  }
}
