/**
 * A translation cache: direct-mapped (one way) or set-associative.
 *
 *     entry, 8 words:  page's lo | 1   hi   ASID, or -1 global   rights   frame   level   -   -
 *     set:             the low bits of the page's number
 *
 * A huge page is cached by 4 KiB pieces, so that a hit is one probe; each piece knows its level, and flushing any address
 * of the page flushes all of them.
 *
 * PT-11: the cache answers only what was put in for that page and ASID, or as global, and was not flushed or replaced since.
 * PT-12 (T1): if whoever changes tables flushes the addresses whose entries were present, a hit grants nothing that a new walk
 * would refuse. An entry that was absent needs no flush: only translations are cached.
 *
 * @see Intel SDM vol. 3A, "Invalidation of TLBs and paging-structure caches"; RISC-V privileged ISA, "SFENCE.VMA"
 * @module
 */

import { PageTableError } from "../page-table-error.js";
import type { Walker } from "../walk/walker.js";

/** In place of an ASID: all of them, and global entries. */
export const ANY_ASID = -1;

const GLOBAL = -1;
/** Words of an entry, as a shift. */
const ENTRY_SHIFT = 3;
const ENTRY = 1 << ENTRY_SHIFT;
/** Frames from here on are not cached: a hit is integers. 8 TiB. */
const FRAME_END = 2 ** 31;

/** The size of a cache. */
export interface TlbOptions {
  /** Entries in all, a power of two, 1..2^20. Default 256. */
  readonly entries?: number;
  /** Entries that a page may be in, a power of two up to `entries`. 1, the default, is direct-mapped. */
  readonly ways?: number;
}

function power(option: string, got: number, most: number): number {
  if (!(Number.isInteger(got) && got >= 1 && got <= most && (got & (got - 1)) === 0)) {
    throw new PageTableError({ code: "invalid-tlb", option, got });
  }
  return got;
}

/**
 * A cache of translations, for one agent. Addresses are two words, as for `Walker.walk`.
 *
 * Rights are the tables' (`SR` .. `UX`). Who tracks dirty bits inserts a page without its rights to write until it is dirty.
 *
 * @example
 * ```ts
 * import { ANY_ASID, Tlb } from "@memkit/page-table/tlb";
 * import { UR, UW } from "@memkit/page-table/walk";
 *
 * const tlb = new Tlb({ entries: 64, ways: 4 });
 * tlb.asid = 7;
 * tlb.insert(0, 0x1000, 0x42, UR, 1, false);
 * tlb.lookup(0, 0x1234, UR) && tlb.pfn; // => 0x42
 * tlb.lookup(0, 0x1234, UW); // => false
 * tlb.asid = 8;
 * tlb.lookup(0, 0x1234, UR); // => false
 * tlb.flush(0, 0x1000, 1, ANY_ASID);
 * tlb.asid = 7;
 * tlb.lookup(0, 0x1234, UR); // => false
 * ```
 */
export class Tlb {
  /** The address space that lookups and insertions are for: 0..2^16-1. */
  asid: number;
  /** After a hit: the frame of 4 KiB, what the tables grant, and the level of the leaf. */
  pfn: number;
  rights: number;
  level: number;

  private readonly words: Int32Array;
  private readonly setMask: number;
  private readonly setShift: number;
  private readonly span: number;
  /** Entries that may be pieces of a huge page; 0: there is none. */
  private huge: number;
  private turn: number;

  /** @throws {@link PageTableError} `invalid-tlb` */
  constructor({ entries = 256, ways = 1 }: TlbOptions = {}) {
    power("entries", entries, 2 ** 20);
    power("ways", ways, entries);
    this.words = new Int32Array(entries * ENTRY);
    this.setMask = entries / ways - 1;
    this.setShift = ENTRY_SHIFT + 31 - Math.clz32(ways);
    this.span = ways * ENTRY;
    this.asid = this.pfn = this.rights = this.level = this.huge = this.turn = 0;
  }

  /**
   * Whether the cache has the page, and it grants all of `need`. Allocates nothing.
   *
   * @returns false also where a walk would find more: ask it, and insert what it says
   */
  lookup(hi: number, lo: number, need: number): boolean {
    const { words, asid } = this;
    const key = (lo & ~4095) | 1;
    let at = ((lo >>> 12) & this.setMask) << this.setShift;
    for (const end = at + this.span; at < end; at += ENTRY) {
      if (words[at] !== key || words[at + 1] !== (hi | 0)) continue;
      const space = words[at + 2]!;
      if (space !== asid && space !== GLOBAL) continue;
      const rights = words[at + 3]!;
      if ((rights & need) !== need) return false;
      this.pfn = words[at + 4]!;
      this.rights = rights;
      this.level = words[at + 5]!;
      return true;
    }
    return false;
  }

  /** Puts a translation of the page of an address in, in place of an older one of the same page. */
  insert(
    hi: number,
    lo: number,
    pfn: number,
    rights: number,
    level: number,
    global: boolean,
  ): void {
    const { words, asid, span } = this;
    const key = (lo & ~4095) | 1;
    const set = ((lo >>> 12) & this.setMask) << this.setShift;
    let free = -1;
    for (let at = set; at < set + span; at += ENTRY) {
      const space = words[at + 2]!;
      // No two entries answer one question.
      const same = words[at] === key && words[at + 1] === (hi | 0);
      if (same && (global || space === asid || space === GLOBAL)) words[at] = 0;
      if (words[at] === 0) free = at;
    }
    if (!(pfn < FRAME_END)) return;
    if (free < 0) {
      this.turn = (this.turn + ENTRY) & (span - 1);
      free = set + this.turn;
    }
    words[free] = key;
    words[free + 1] = hi;
    words[free + 2] = global ? GLOBAL : asid;
    words[free + 3] = rights;
    words[free + 4] = pfn;
    words[free + 5] = level;
    if (level > 1) this.huge++;
  }

  /**
   * Translates through the cache: a hit, or a walk whose answer is kept.
   *
   * @returns whether the address has a frame, and the tables grant all of `need`; `pfn`, `rights` and `level` are then set
   * @throws {@link PageTableError} `page-source-threw`, `invalid-page`
   */
  translate(walker: Walker, hi: number, lo: number, need: number): boolean {
    if (this.lookup(hi, lo, need)) return true;
    if (walker.walk(hi, lo) < 0) return false;
    const { pfn, rights, level } = walker;
    // What only a hook knows is not the tables'.
    if (walker.software !== undefined) return false;
    this.insert(hi, lo, pfn, rights, level, walker.global);
    this.pfn = pfn;
    this.rights = rights;
    this.level = level;
    return (rights & need) === need;
  }

  /**
   * Forgets `pages` pages from an address on; of a huge page that is touched, every piece.
   *
   * @param asid - Whose: {@link ANY_ASID}, or one address space's, whose global entries then stay
   */
  flush(hi: number, lo: number, pages: number, asid: number): void {
    const { words, span } = this;
    if (pages === 1 && this.huge === 0) {
      const set = ((lo >>> 12) & this.setMask) << this.setShift;
      const key = (lo & ~4095) | 1;
      for (let at = set; at < set + span; at += ENTRY) {
        const found = words[at] === key && words[at + 1] === (hi | 0);
        if (found && (asid === ANY_ASID || words[at + 2] === asid)) words[at] = 0;
      }
      return;
    }
    const first = (hi >>> 0) * 2 ** 20 + (lo >>> 12);
    const last = first + pages - 1;
    for (let at = 0; at < words.length; at += ENTRY) {
      if (words[at] === 0 || (asid !== ANY_ASID && words[at + 2] !== asid)) continue;
      const page = (words[at + 1]! >>> 0) * 2 ** 20 + (words[at]! >>> 12);
      const size = 2 ** (9 * words[at + 5]! - 9);
      const base = page - (page % size);
      if (base <= last && base + size > first) words[at] = 0;
    }
  }

  /**
   * Forgets everything, or one address space.
   *
   * @param asid - Default: {@link ANY_ASID}
   * @param global - Whether global entries go, too. Default: with {@link ANY_ASID}
   */
  flushAll(asid: number = ANY_ASID, global: boolean = asid === ANY_ASID): void {
    const { words } = this;
    if (asid === ANY_ASID && global) {
      words.fill(0);
      this.huge = 0;
      return;
    }
    for (let at = 0; at < words.length; at += ENTRY) {
      const space = words[at + 2];
      if (space === GLOBAL ? global : asid === ANY_ASID || space === asid) words[at] = 0;
    }
  }
}
