/**
 * Entries in a few nanoseconds: what `format/codec.ts` says, asked once for each property and remembered.
 *
 * Neighbouring pages nearly always have the same property, so encoding one is an `or` of its frame into bits that are known, and
 * decoding one a comparison with the entry before.
 *
 * A mapping that nobody may use (no READ, WRITE or EXECUTE) has its valid bit off and is a leaf here all the same: it has a frame,
 * and holds it.
 *
 * @module
 */

import { type Entry, leafBits, propertyOf, refuseProperty, supports } from "../format/codec.js";
import type { PteFormat, SoftwareBit } from "../format/format.js";
import { AVAIL1, AVAIL2, CACHE_POLICIES, CACHE_SHIFT, READ, WRITE } from "../format/property.js";
import { PageTableError } from "../page-table-error.js";

/** What an entry is. */
export const ABSENT = 0;
export const LEAF = 1;
export const TABLE = 2;

/** Base pages of an entry, by level. */
export const PAGES: readonly number[] = [0, 1, 2 ** 9, 2 ** 18, 2 ** 27, 2 ** 36, 2 ** 45];

/** No property from here on has a policy. */
const PROPERTIES = CACHE_POLICIES.length << CACHE_SHIFT;

function maskOf(format: PteFormat, owner: SoftwareBit["owner"], word: 0 | 1): number {
  const bit = format.software.find((software) => software.owner === owner)?.bit ?? -1;
  return bit >= 0 && bit >>> 5 === word ? 1 << (bit & 31) : 0;
}

/** The entries of one format. */
export class EntryCoder {
  readonly format: PteFormat;
  readonly valid: number;
  readonly shift: number;
  /** What a frame number is shifted right by to be in the upper word. */
  readonly hiShift: number;
  readonly hiMask: number;
  readonly hiScale: number;
  /** By level: the bits of a leaf that are its property. */
  readonly propLo: Int32Array;
  readonly propHi: Int32Array;
  /** The bit that says tracked. */
  readonly trackedLo: number;
  readonly trackedHi: number;
  /** The bits that {@link EntryCoder.encode} found, to which a frame is added. */
  lo = 0;
  hi = 0;
  /** An entry leads to a table, and nothing of it is reserved, if `(lo ^ tableValue) & tableBits` is 0. */
  readonly tableBits: number;
  readonly tableValue: number;
  /** A property that base pages may have, and its bits. */
  readonly pageProp: number;
  readonly pageLo: number;
  readonly pageHi: number;
  private readonly leafMask: number;
  private readonly leafXor: number;
  private readonly highest: number;
  /** The bit that says that nobody may use a page, which is not valid then. */
  private readonly hiddenLo: number;
  readonly hiddenHi: number;
  private knownProp = -1;
  private knownLevel = 0;
  /** The last change of {@link EntryCoder.change}: from these bits, at this level, by these flags, to those. */
  private fromLo = 0;
  private fromHi = 0;
  private changedLevel = 0;
  private set = 0;
  private clear = 0;
  private toLo = 0;
  private toHi = 0;

  constructor(format: PteFormat) {
    this.format = format;
    this.valid = format.valid;
    this.shift = format.pfnShift;
    this.hiShift = 32 - format.pfnShift;
    this.hiMask = format.pfnHiMask;
    this.hiScale = format.pfnHiScale;
    this.tableBits = format.tableBits;
    this.tableValue = format.tableValue;
    this.leafMask = format.leafMask;
    this.leafXor = format.leafXor;
    this.highest = format.paging.highestTranslationLevel;
    this.trackedLo = maskOf(format, "AVAIL1", 0);
    this.trackedHi = maskOf(format, "AVAIL1", 1);
    this.hiddenLo = maskOf(format, "no-access", 0);
    this.hiddenHi = maskOf(format, "no-access", 1);
    let some = READ;
    while (!supports(format, some, 1) && some < PROPERTIES) some += 1;
    this.pageProp = some;
    const page = this.leaf(some, 1);
    this.pageLo = page.lo;
    this.pageHi = page.hi;
    this.propLo = new Int32Array(6);
    this.propHi = new Int32Array(6);
    for (let level = 1; level <= 5; level += 1) {
      const from = format.pfnShift + 9 * (level - 1);
      this.propLo[level] = from < 32 ? ~(-1 << from) : -1;
      this.propHi[level] = ~(format.pfnHiMask & (from < 32 ? -1 : -1 << (from - 32)));
    }
  }

  /** What an entry at `level` is. */
  kind(lo: number, hi: number, level: number): number {
    if ((lo & this.valid) !== 0) {
      const leaf =
        level === 1 || (level <= this.highest && ((lo ^ this.leafXor) & this.leafMask) !== 0);
      return leaf ? LEAF : TABLE;
    }
    return ((lo & this.hiddenLo) | (hi & this.hiddenHi)) !== 0 ? LEAF : ABSENT;
  }

  /** The frame that a table entry leads to. */
  childOf(lo: number, hi: number): number {
    const upper = hi & this.hiMask;
    return upper === 0 ? lo >>> this.shift : upper * this.hiScale + (lo >>> this.shift);
  }

  /** The first frame of a leaf at `level`: on x86-64 a huge one has its PAT bit where a page's frame begins. */
  frameOf(lo: number, hi: number, level: number): number {
    const pfn = (hi & this.hiMask) * this.hiScale + (lo >>> this.shift);
    return level === 1 ? pfn : pfn - (pfn % PAGES[level]!);
  }

  /** Whether a leaf holds its frame. */
  isTracked(lo: number, hi: number): boolean {
    return ((lo & this.trackedLo) | (hi & this.trackedHi)) !== 0;
  }

  /** The property of a leaf, the tracked bit included. */
  propertyOf(lo: number, hi: number, level: number): number {
    return propertyOf(this.format, lo, hi, level);
  }

  /**
   * The bits of a leaf of frame 0, into {@link EntryCoder.lo} and `hi`.
   *
   * @throws {@link PageTableError} `unrepresentable`
   */
  encode(prop: number, level: number): void {
    if (prop === this.knownProp && level === this.knownLevel) return;
    const { lo, hi } = this.leaf(prop, level);
    this.lo = lo;
    this.hi = hi;
    this.knownProp = prop;
    this.knownLevel = level;
  }

  private leaf(prop: number, level: number): Entry {
    const { format } = this;
    const entry = leafBits(format, prop, level);
    if (entry !== undefined) return entry;
    // As the caller knows it: that the frame is counted is ours to say, and what is wrong only where the format has no bit for that.
    const plain = prop & ~AVAIL1;
    const given = supports(format, plain, level) ? prop : plain;
    return refuseProperty(format, given, level);
  }

  /** Whether an entry can name a frame of memory. */
  names(pfn: number): boolean {
    return Math.floor(pfn / this.hiScale) <= this.hiMask;
  }

  /** Proves that a leaf of `level` can name `pfn`. @throws {@link PageTableError} `invalid-pfn` */
  checkPfn(pfn: number, level: number): void {
    const { paging } = this.format;
    const fits =
      Number.isInteger(pfn) &&
      pfn >= 0 &&
      (level === 1 || pfn % PAGES[level]! === 0) &&
      this.names(pfn);
    if (!fits || level > paging.highestTranslationLevel) {
      throw new PageTableError({ code: "invalid-pfn", pfn });
    }
  }

  /** The bits of a frame number in the lower word, and in the upper one. */
  pfnLo(pfn: number): number {
    return (pfn % this.hiScale) << this.shift;
  }

  pfnHi(pfn: number): number {
    return Math.floor(pfn / this.hiScale);
  }

  /**
   * The lower word of a leaf with other flags; the upper one is {@link EntryCoder.changedHi}.
   *
   * @param set - with AVAIL1, which nobody sets, where WRITE and AVAIL2 are meant as in a table that has been forked
   * @throws {@link PageTableError} `unrepresentable`
   */
  changedLo(lo: number, hi: number, level: number, set: number, clear: number): number {
    const maskLo = this.propLo[level]!;
    const maskHi = this.propHi[level]!;
    const known =
      (lo & maskLo) === this.fromLo &&
      (hi & maskHi) === this.fromHi &&
      level === this.changedLevel &&
      set === this.set &&
      clear === this.clear;
    if (!known) this.change(lo & maskLo, hi & maskHi, level, set, clear);
    return (lo & ~maskLo) | this.toLo;
  }

  /** See {@link EntryCoder.changedLo}, which must have been called for this entry. */
  changedHi(hi: number, level: number): number {
    return (hi & ~this.propHi[level]!) | this.toHi;
  }

  /**
   * PT-41: what a tracked leaf of a forked table becomes. It has the right to write where it had it; where it is given, it has the mark
   * instead, and the first write finds out whether the frame is still another's, too.
   */
  private forked(next: number, old: number, level: number, set: number, clear: number): number {
    const kept = (clear & WRITE) === 0 && (old & (WRITE | AVAIL2)) !== 0;
    const plain = (next & ~(WRITE | AVAIL2)) >>> 0;
    if ((set & WRITE) === 0 && !kept) return plain;
    this.leaf(plain | WRITE, level); // what the first write will make of it
    return plain | ((old & WRITE) === 0 ? AVAIL2 : WRITE);
  }

  private change(lo: number, hi: number, level: number, set: number, clear: number): void {
    // What says that the frame is counted is ours alone: no change touches it.
    const old = this.propertyOf(lo, hi, level);
    let next = ((old & ~(clear & ~AVAIL1)) | (set & ~AVAIL1)) >>> 0;
    if ((old & set & AVAIL1) !== 0) next = this.forked(next, old, level, set, clear);
    const entry = this.leaf(next, level);
    this.fromLo = lo;
    this.fromHi = hi;
    this.changedLevel = level;
    this.set = set;
    this.clear = clear;
    this.toLo = entry.lo;
    this.toHi = entry.hi;
  }
}
