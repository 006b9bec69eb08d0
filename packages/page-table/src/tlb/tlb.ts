/**
 * A translation cache: direct-mapped (one way) or set-associative.
 *
 *     entry, 4 words:  page's lo | 1   hi   meta   frame
 *     meta:            31 global   26..24 level of the leaf   21..16 rights   15..0 ASID
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

/** The fields of `meta`. A global entry is negative. */
const GLOBAL = 1 << 31;
const LEVEL = 24;
const RIGHTS = 16;
const ASID = 0xffff;
/** Words of an entry. */
const ENTRY = 4;
/** An address shifted right by this is the number of its page times the words of an entry, and some bits below. */
const SET_SHIFT = 10;
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

function metaOf(asid: number, rights: number, level: number): number {
  return asid | (rights << RIGHTS) | (level << LEVEL);
}

/** Whether a flush of an address space is about the entry. */
function isOf(meta: number, asid: number): boolean {
  return asid === ANY_ASID || (meta >= 0 && (meta & ASID) === asid);
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
  /** The address space that lookups and insertions are for. Caller must give 0..2^16-1. */
  asid: number = 0;
  /** After a hit: the frame of 4 KiB. */
  pfn: number = 0;

  private meta: number = 0;
  // Numbers from the first, or V8 would test at each use whether they are.
  private readonly setMask: number = 0;
  /** Words of a way: the entries of a set are so far apart. */
  private readonly wayWords: number = 0;
  /** Entries that may be pieces of a huge page; 0: there is none. */
  private huge: number = 0;
  private turn: number = 0;
  private readonly words: Int32Array;

  /** @throws {@link PageTableError} `invalid-tlb` */
  constructor({ entries = 256, ways = 1 }: TlbOptions = {}) {
    power("entries", entries, 2 ** 20);
    power("ways", ways, entries);
    this.words = new Int32Array(entries * ENTRY);
    this.wayWords = ((entries / ways) * ENTRY) | 0;
    this.setMask = this.wayWords - ENTRY;
  }

  /** After a hit: what the tables grant. */
  get rights(): number {
    return (this.meta >>> RIGHTS) & 63;
  }

  /** After a hit: the level of the leaf. */
  get level(): number {
    return (this.meta >>> LEVEL) & 7;
  }

  /**
   * Whether the cache has the page, and it grants all of `need`. Allocates nothing.
   *
   * @returns false also where a walk would find more: ask it, and insert what it says
   */
  lookup(hi: number, lo: number, need: number): boolean {
    const { words, asid, wayWords } = this;
    const key = (lo & ~4095) | 1;
    let at = (lo >>> SET_SHIFT) & this.setMask;
    do {
      if (((words[at]! ^ key) | (words[at | 1]! ^ hi)) === 0) {
        const meta = words[at | 2]!;
        if (((meta ^ asid) & ASID) === 0 || meta < 0) {
          if (((meta >> RIGHTS) & need) !== need) return false;
          this.pfn = words[at | 3]!;
          this.meta = meta;
          return true;
        }
      }
      at += wayWords;
    } while (at < words.length);
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
    const { words, asid, wayWords } = this;
    const key = (lo & ~4095) | 1;
    const set = (lo >>> SET_SHIFT) & this.setMask;
    let free = -1;
    for (let at = set; at < words.length; at += wayWords) {
      const meta = words[at + 2]!;
      // No two entries answer one question.
      const same = words[at] === key && words[at + 1] === (hi | 0);
      if (same && (global || meta < 0 || (meta & ASID) === asid)) words[at] = 0;
      if (words[at] === 0) free = at;
    }
    if (!(pfn < FRAME_END)) return;
    if (free < 0) {
      this.turn = (this.turn + wayWords) & (words.length - 1);
      free = set + this.turn;
    }
    words[free] = key;
    words[free + 1] = hi;
    words[free + 2] = (global ? GLOBAL : 0) | metaOf(asid, rights, level);
    words[free + 3] = pfn;
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
    this.meta = metaOf(this.asid, rights, level);
    return (rights & need) === need;
  }

  /**
   * Forgets `pages` pages from an address on; of a huge page that is touched, every piece.
   *
   * @param asid - Whose: {@link ANY_ASID}, or one address space's, whose global entries then stay
   */
  flush(hi: number, lo: number, pages: number, asid: number): void {
    const { words, wayWords } = this;
    if (pages === 1 && this.huge === 0) {
      const set = (lo >>> SET_SHIFT) & this.setMask;
      const key = (lo & ~4095) | 1;
      for (let at = set; at < words.length; at += wayWords) {
        const found = words[at] === key && words[at + 1] === (hi | 0);
        if (found && isOf(words[at + 2]!, asid)) words[at] = 0;
      }
      return;
    }
    const first = (hi >>> 0) * 2 ** 20 + (lo >>> 12);
    const last = first + pages - 1;
    for (let at = 0; at < words.length; at += ENTRY) {
      const meta = words[at + 2]!;
      if (words[at] === 0 || !isOf(meta, asid)) continue;
      const page = (words[at + 1]! >>> 0) * 2 ** 20 + (words[at]! >>> 12);
      const size = 2 ** (9 * ((meta >>> LEVEL) & 7) - 9);
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
      const meta = words[at + 2]!;
      if (meta < 0 ? global : isOf(meta, asid)) words[at] = 0;
    }
  }
}
