/**
 * What all translation caches are: entries, address spaces, insertion, flushes. How an entry is found is `lookup`'s, by class.
 *
 *     entry    tag:   31..12 page's lo   11..6 address spaces   5..0 rights
 *              high:  page's hi          frame: of 4 KiB        level: of the leaf
 *     set      the low bits of the page's number
 *
 * A hit is one subtraction in disguise: what is asked for is in the tag if no bit of `(tag ^ (lo | 0xfff)) & mask` is left, where
 * the mask has the page's bits, the bit of the current address space, and the rights. A global page has the bits of all spaces. Six
 * spaces have a bit at a time; a seventh takes that of the one that was not used for longest, whose entries go. The parts of an entry
 * are in arrays of one length, so that one check of the index does for all.
 *
 * A huge page is cached by 4 KiB pieces, so that a hit is one probe; each piece knows its level, and flushing any address
 * of the page flushes all of them.
 *
 * PT-11: the cache answers only what was put in for that page and ASID, or as global, and was not flushed or replaced since.
 * PT-12 (T1): if whoever changes tables flushes the addresses whose entries were present, a hit grants nothing that a new walk
 * would refuse. An entry that was absent needs no flush: only translations are cached.
 *
 * @see Intel SDM vol. 3A, "Invalidation of TLBs and paging-structure caches"; RISC-V privileged ISA, "SFENCE.VMA"; Linux
 * arch/x86/include/asm/tlbflush.h, `TLB_NR_DYN_ASIDS`, also six
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { checkObject } from "../argument.js";
import { isWord, vpnOfWords } from "../virtual-address.js";
import type { Walker } from "../walk/walker.js";
import { PageTableError } from "./tlb-error.js";

/** In place of an ASID: all of them, and global entries. */
export const ANY_ASID = -1;

/** Of a tag. */
const PAGE = -4096;
const RIGHTS = 63;
const FIRST_SPACE = 1 << 6;
const SPACES = RIGHTS << 6;
/** Address spaces that have a bit. */
const LIVE = 6;
const NOBODY = -1;
/** ASIDs: 16 bits, as RISC-V and AArch64 have at most; x86-64 has 12. */
export const ASID_END: number = 1 << 16;
/** Frames from here on are not cached: a hit is integers. 8 TiB. */
const FRAME_END = 2 ** 31;
/** Frames are below this, and leaves at level 1 to this. */
const PFN_END = 2 ** 52;
const LEVELS = 5;
/** The answer of a lookup that finds nothing. */
export const MISS = -1 as Pfn;

/** A translation that is in a cache. */
export interface TlbEntry {
  /** The page's address. */
  readonly hi: number;
  readonly lo: number;
  /** {@link ANY_ASID} if it is global. */
  readonly asid: number;
  readonly pfn: Pfn;
  readonly rights: number;
  readonly level: number;
  readonly global: boolean;
}

function refuse(option: string, got: number): never {
  throw new PageTableError({ code: "invalid-tlb", option, got });
}

/** @throws {@link PageTableError} `invalid-tlb` */
function checkWords(hi: number, lo: number): void {
  if (!(isWord(hi) && isWord(lo))) refuse("word", isWord(hi) ? lo : hi);
}

/** Proves that it is an address space's number, or {@link ANY_ASID}. @throws {@link PageTableError} `invalid-tlb` */
function checkAsid(asid: number): void {
  if (!(Number.isInteger(asid) && asid >= ANY_ASID && asid < ASID_END)) {
    refuse("asid", asid);
  }
}

/** Proves that a flush is about pages, and an address space or all. @throws {@link PageTableError} `invalid-tlb` */
export function checkRequest(hi: number, lo: number, pages: number, asid: number): void {
  checkWords(hi, lo);
  if (!(Number.isInteger(pages) && pages >= 1)) refuse("pages", pages);
  checkAsid(asid);
}

function power(option: string, got: number, most: number): number {
  if (!(Number.isInteger(got) && got >= 1 && got <= most && (got & (got - 1)) === 0)) {
    refuse(option, got);
  }
  return got;
}

/**
 * A cache of translations, for one agent: a {@link Tlb} or a {@link SetAssociativeTlb}. Addresses are two words, as for `Walker.walk`.
 *
 * Rights are the tables' (`SR` .. `UX`). Who tracks dirty bits inserts a page without its rights to write until it is dirty.
 */
export abstract class TranslationCache {
  /** After {@link Tlb.find}: the frame of 4 KiB, what the tables grant, the level of the leaf, whether the page is global. */
  pfn: Pfn = 0 as Pfn;
  rights: number = 0;
  level: number = 0;
  global: boolean = false;

  private current: number = 0;
  /** The bits of a tag that every lookup asks for. */
  protected space: number = PAGE | FIRST_SPACE;
  // Written once each, so that to the compiler they are constants of a cache that it knows.
  protected readonly setMask: number;
  protected readonly sets: number;
  protected readonly ways: number;
  /** Entries that may be pieces of a huge page; 0: there is none. */
  private huge: number = 0;
  private turn: number = 0;
  protected readonly tags: Int32Array;
  protected readonly highs: Int32Array;
  protected readonly frames: Int32Array;
  private readonly levels: Uint8Array;
  /** By bit: whose it is, and when it was last. */
  private readonly owners: Int32Array = new Int32Array(LIVE).fill(NOBODY);
  private readonly used: Float64Array = new Float64Array(LIVE);
  private clock: number = 0;

  /** @throws {@link PageTableError} `invalid-tlb` */
  protected constructor(entries: number, ways: number) {
    power("entries", entries, 2 ** 20);
    power("ways", ways, entries);
    this.tags = new Int32Array(entries);
    this.highs = new Int32Array(entries);
    this.frames = new Int32Array(entries);
    this.levels = new Uint8Array(entries);
    const sets = (entries / ways) | 0;
    this.ways = ways;
    this.sets = sets;
    this.setMask = sets - 1;
    this.owners[0] = 0;
  }

  /** The address space that lookups and insertions are for, at first 0. */
  get asid(): number {
    return this.current;
  }

  /** @throws {@link PageTableError} `invalid-tlb` unless it is an integer of 0..2^16-1 */
  set asid(asid: number) {
    if (!(Number.isInteger(asid) && asid >= 0 && asid < ASID_END)) {
      refuse("asid", asid);
    }
    const { owners, used } = this;
    let at = owners.indexOf(asid);
    if (at < 0) {
      at = used.indexOf(Math.min(...used));
      this.forget(FIRST_SPACE << at);
      owners[at] = asid;
    }
    this.clock += 1;
    used[at] = this.clock;
    this.current = asid;
    this.space = PAGE | (FIRST_SPACE << at);
  }

  /**
   * The frame of the page, if the cache has it, and it grants all of `need`; otherwise -1. Allocates nothing.
   *
   * -1 is said also where a walk would find more: ask it, and insert what it says. Caller must give words and rights as numbers, here
   * and to {@link TranslationCache.find}: nothing is checked.
   */
  abstract lookup(hi: number, lo: number, need: number): Pfn;

  /** Whether the cache has the page, whatever it grants; what it knows is in the fields then. */
  find(hi: number, lo: number): boolean {
    const { tags, highs, sets, space } = this;
    for (let at = (lo >>> 12) & this.setMask; at < tags.length; at += sets) {
      const tag = tags[at]!;
      if (((tag ^ (lo | 4095)) & space) !== 0 || highs[at] !== (hi | 0)) continue;
      this.pfn = this.frames[at] as Pfn;
      this.rights = tag & RIGHTS;
      this.level = this.levels[at]!;
      this.global = (tag & SPACES) === SPACES;
      return true;
    }
    return false;
  }

  /**
   * Puts a translation of the page of an address in, in place of an older one of the same page. What a walk says is one; another frame
   * or level would be another page's, or nobody's. So is what an `Mmu.touch` within one page says: all of its rights after a write,
   * and those without `SW` and `UW` after another, so that the first write sets the dirty bit.
   *
   * @throws {@link PageTableError} `invalid-pfn`; `invalid-tlb` unless rights are of 0..63, the level one of 1..5, and the address two
   * words of 32 bits. Nothing has changed then.
   */
  insert(
    hi: number,
    lo: number,
    pfn: number,
    rights: number,
    level: number,
    global: boolean,
  ): void {
    checkWords(hi, lo);
    if (!(Number.isInteger(pfn) && pfn >= 0 && pfn < PFN_END)) {
      throw new PageTableError({ code: "invalid-pfn", pfn });
    }
    if (!Number.isInteger(rights) || rights !== (rights & RIGHTS)) refuse("rights", rights);
    if (!(Number.isInteger(level) && level >= 1 && level <= LEVELS)) refuse("level", level);
    const { tags, highs, sets } = this;
    const page = lo & PAGE;
    const spaces = global ? SPACES : this.space & SPACES;
    const set = (lo >>> 12) & this.setMask;
    let free = -1;
    for (let at = set; at < tags.length; at += sets) {
      const tag = tags[at]!;
      // No two entries answer one question.
      if ((tag & PAGE) === page && highs[at] === (hi | 0) && (tag & spaces) !== 0) tags[at] = 0;
      if (tags[at] === 0) free = at;
    }
    if (!(pfn < FRAME_END)) return;
    if (free < 0) {
      this.turn = (this.turn + 1) & (this.ways - 1);
      free = set + this.turn * sets;
    }
    tags[free] = page | spaces | (rights & RIGHTS);
    highs[free] = hi;
    this.frames[free] = pfn;
    this.levels[free] = level;
    if (level > 1) this.huge++;
  }

  /**
   * Translates through the cache: a hit, or a walk whose answer is kept. A walk is no access, also of an `Mmu`: no accessed or dirty bit
   * is set and no setting asked, and the cache has all rights then. An emulator calls `Mmu.touch` and {@link TranslationCache.insert}.
   *
   * @returns the frame, if there is one and the tables grant all of `need`; otherwise -1
   * @throws {@link PageTableError} `page-source-threw`, `invalid-page`; `invalid-argument`: what is to walk cannot
   */
  translate(walker: Walker, hi: number, lo: number, need: number): Pfn {
    const frame = this.lookup(hi, lo, need);
    return frame < 0 ? this.miss(walker, hi, lo, need) : frame;
  }

  private miss(walker: Walker, hi: number, lo: number, need: number): Pfn {
    checkObject("walker", walker, "a Walker or an Mmu", "walk");
    if (walker.walk(hi, lo) < 0) return MISS;
    const { pfn, rights } = walker;
    // What only a hook knows is not the tables'.
    if (walker.software !== undefined) return MISS;
    this.insert(hi, lo, pfn, rights, walker.level, walker.global);
    return (rights & need) === need ? pfn : MISS;
  }

  /** The bits of a tag that entries of `asid` have; 0: there is none. Of {@link ANY_ASID} all. */
  private spacesOf(asid: number): number {
    if (asid === ANY_ASID) return SPACES;
    const at = this.owners.indexOf(asid);
    return at < 0 ? 0 : FIRST_SPACE << at;
  }

  /**
   * Forgets `pages` pages from an address on; of a huge page that is touched, every piece.
   *
   * @param asid - Whose: {@link ANY_ASID}, or one address space's, whose global entries then stay
   * @throws {@link PageTableError} `invalid-tlb` unless `pages` is an integer above 0, `asid` one of 0..2^16-1 or {@link ANY_ASID}, and
   * the address two words of 32 bits
   */
  flush(hi: number, lo: number, pages: number, asid: number): void {
    checkRequest(hi, lo, pages, asid);
    const { tags, highs, sets, levels } = this;
    const spaces = this.spacesOf(asid);
    const single = pages === 1 && this.huge === 0;
    const first = vpnOfWords(hi, lo);
    const last = first + pages - 1;
    const step = single ? sets : 1;
    for (let at = single ? (lo >>> 12) & this.setMask : 0; at < tags.length; at += step) {
      const tag = tags[at]!;
      const about = (tag & SPACES) === SPACES ? asid === ANY_ASID : (tag & spaces) !== 0;
      if (!about) continue;
      const page = vpnOfWords(highs[at]!, tag);
      const size = 2 ** (9 * levels[at]! - 9);
      const base = page - (page % size);
      if (base <= last && base + size > first) tags[at] = 0;
    }
  }

  /**
   * Forgets everything, or one address space.
   *
   * @param asid - Default: {@link ANY_ASID}
   * @param global - Whether global entries go, too. Default: with {@link ANY_ASID}
   * @throws {@link PageTableError} `invalid-tlb`
   */
  flushAll(asid: number = ANY_ASID, global: boolean = asid === ANY_ASID): void {
    checkAsid(asid);
    const { tags } = this;
    if (asid === ANY_ASID && global) {
      tags.fill(0);
      this.huge = 0;
      return;
    }
    const spaces = this.spacesOf(asid);
    for (let at = 0; at < tags.length; at += 1) {
      const tag = tags[at]!;
      if ((tag & SPACES) === SPACES ? global : (tag & spaces) !== 0) tags[at] = 0;
    }
  }

  /** What is in the cache, in no order. */
  *entries(): Generator<TlbEntry> {
    const { tags, highs, frames, levels, owners } = this;
    for (let at = 0; at < tags.length; at += 1) {
      const tag = tags[at]!;
      if (tag === 0) continue;
      const global = (tag & SPACES) === SPACES;
      const asid = global ? ANY_ASID : owners[31 - Math.clz32((tag & SPACES) / FIRST_SPACE)]!;
      const [hi, lo, pfn] = [highs[at]!, tag & PAGE, frames[at] as Pfn];
      yield { hi, lo, asid, pfn, rights: tag & RIGHTS, level: levels[at]!, global };
    }
  }

  /** Takes a space's bit away. */
  private forget(space: number): void {
    const { tags } = this;
    for (let at = 0; at < tags.length; at += 1) {
      const tag = tags[at]!;
      if ((tag & SPACES) === space) tags[at] = 0;
    }
  }
}
