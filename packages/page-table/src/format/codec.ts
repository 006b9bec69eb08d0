/**
 * Properties to entries and back.
 *
 * PT-8: what a format supports it returns: `propertyOf(encodeLeaf(p)) === p` and `frameOf` is the frame, for every property
 * and level for which `supports` is true; for every other `encodeLeaf` throws `unrepresentable`. Nothing is rounded to a
 * near property.
 *
 * A mapping without READ, WRITE and EXECUTE is written with its valid bit off and the `no-access` bit on, so that it keeps its
 * frame and is not mistaken for an empty entry; a later protect restores it.
 *
 * @module
 */

import { hex, pageTableError, shown } from "../page-table-error.js";
import { checkFormat } from "./choice.js";
import type { PteFormat, SoftwareBit } from "./format.js";
import { ACCESSED, AVAIL1, AVAIL2, CACHE_SHIFT, DIRTY, GLOBAL, USER } from "./property.js";
import { USER_SHIFT } from "./rights.js";

const PageTableError = /* @__PURE__ */ pageTableError<"unrepresentable">({
  unrepresentable: (d) =>
    `${d.paging} cannot express property ${hex(d.prop)} at level ${shown(d.level)}`,
});

const PERMISSIONS = 7;
const FLAGS = 0x1ff;

/** Two words of an entry. */
export interface Entry {
  lo: number;
  hi: number;
}

function put(entry: Entry, bit: number): void {
  if (bit < 32) entry.lo |= 1 << bit;
  else entry.hi |= 1 << (bit - 32);
}

function has(entry: Readonly<Entry>, bit: number): boolean {
  return (((bit < 32 ? entry.lo : entry.hi) >>> (bit & 31)) & 1) !== 0;
}

/** The position of the bit that `owner` has, or -1. */
function softwareBit(format: PteFormat, owner: SoftwareBit["owner"]): number {
  return format.software.find((bit) => bit.owner === owner)?.bit ?? -1;
}

/** Sets the bit that stands for a flag. @returns whether there is one */
function putOwned(format: PteFormat, entry: Entry, owner: SoftwareBit["owner"]): boolean {
  const bit = softwareBit(format, owner);
  if (bit >= 0) put(entry, bit);
  return bit >= 0;
}

function putCache(format: PteFormat, entry: Entry, policy: number, level: number): boolean {
  const index = format.cachePolicies.indexOf(policy);
  const positions = level === 1 ? format.cacheBits : format.cacheBitsHuge;
  positions.forEach((bit, i) => {
    if ((index >>> i) & 1) put(entry, bit);
  });
  return index >= 0;
}

/** The bits of a leaf without its frame, or undefined if the format has none. @internal */
export function leafBits(format: PteFormat, prop: number, level: number): Entry | undefined {
  const { paging, encodeIndex } = format;
  if (!(Number.isInteger(level) && level >= 1 && level <= paging.highestTranslationLevel)) return;
  if (typeof prop !== "number" || prop >>> 0 !== prop) return;
  const policy = prop >>> CACHE_SHIFT;
  if ((prop & ~FLAGS) !== policy << CACHE_SHIFT) return;
  const hidden = (prop & PERMISSIONS) === 0;
  const index = encodeIndex[(hidden ? 1 : prop & PERMISSIONS) | ((prop & USER) >>> 2)]!;
  if (index < 0) return;
  const entry: Entry = {
    lo:
      (level === 1 ? format.fixedPage : format.fixedHuge) |
      ((index & format.loMask) << format.loShift) |
      (prop & ACCESSED ? format.accessed : 0) |
      (prop & DIRTY ? format.dirty : 0) |
      ((prop & GLOBAL ? format.global : 0) ^ format.globalXor),
    hi: (index & format.hiMask) << format.hiShift,
  };
  const whole =
    putCache(format, entry, policy, level) &&
    (!(prop & ACCESSED) || format.accessed !== 0) &&
    (!(prop & GLOBAL) || format.global !== 0) &&
    (!(prop & DIRTY) || format.dirty !== 0 || putOwned(format, entry, "DIRTY")) &&
    (!(prop & AVAIL1) || putOwned(format, entry, "AVAIL1")) &&
    (!(prop & AVAIL2) || putOwned(format, entry, "AVAIL2")) &&
    (!hidden || putOwned(format, entry, "no-access"));
  if (hidden) entry.lo &= ~format.valid;
  return whole ? entry : undefined;
}

/** @throws {@link PageTableError} `unrepresentable` */
export function refuseProperty({ name }: PteFormat, prop: number, level: number): never {
  throw new PageTableError({ code: "unrepresentable", prop, level, paging: name });
}

/** Whether the format has a leaf that means exactly `prop` at `level`: {@link PteFormat.supports}. */
export function supports(format: PteFormat, prop: number, level: number): boolean {
  return leafBits(format, prop, level) !== undefined;
}

function putFrame({ pfnShift, pfnHiMask }: PteFormat, entry: Entry, pfn: number, pages: number) {
  // With no more remainders than are needed: those of doubles are calls.
  const inLo = 1 << (32 - pfnShift);
  const aligned = Number.isInteger(pfn) && (pages === 1 || pfn % pages === 0);
  const high = aligned ? Math.floor(pfn / inLo) : -1;
  if (!(high >= 0 && high <= pfnHiMask)) throw new PageTableError({ code: "invalid-pfn", pfn });
  entry.lo |= (pfn - high * inLo) << pfnShift;
  entry.hi |= high;
}

/**
 * The entry that maps frame `pfn` with property `prop`.
 *
 * @param level - 1 for a base page; the frame must be aligned to the page of the level
 * @throws {@link PageTableError} `unrepresentable`, `invalid-pfn`, `invalid-argument`
 *
 * @example
 * ```ts
 * import { encodeLeaf, pageProperty, propertyOf, READ, USER, x86Format } from "@memkit/page-table/format";
 *
 * const format = x86Format();
 * const prop = pageProperty(READ | USER);
 * const { lo, hi } = encodeLeaf(format, 0x1234, 1, prop);
 * lo; // => 0x1234005
 * hi >>> 0; // => 0x80000000
 * propertyOf(format, lo, hi, 1) === prop; // => true
 * ```
 */
export function encodeLeaf(format: PteFormat, pfn: number, level: number, prop: number): Entry {
  if (typeof format?.supports !== "function") checkFormat(format);
  const entry = leafBits(format, prop, level);
  if (entry === undefined) refuseProperty(format, prop, level);
  putFrame(format, entry, pfn, 2 ** (9 * level - 9));
  return entry;
}

/**
 * The entry that leads to the table in frame `pfn`.
 *
 * @throws {@link PageTableError} `invalid-pfn`, `invalid-argument`
 */
export function encodeTable(format: PteFormat, pfn: number): Entry {
  if (typeof format?.supports !== "function") checkFormat(format);
  return tableEntry(format, pfn);
}

/** {@link encodeTable} of a format that is one. @internal */
export function tableEntry(format: PteFormat, pfn: number): Entry {
  const entry: Entry = { lo: format.fixedTable, hi: 0 };
  putFrame(format, entry, pfn, 1);
  return entry;
}

/** What an entry is to the hardware and to the encoder. */
export type EntryKind = "absent" | "table" | "leaf" | "no-access";

/** The kind of an entry at a level. Whether it is well formed is a walk's question. */
export function kindOf(format: PteFormat, lo: number, hi: number, level: number): EntryKind {
  if ((lo & format.valid) !== 0) {
    const leaf =
      level === 1 ||
      (level <= format.paging.highestTranslationLevel &&
        ((lo ^ format.leafXor) & format.leafMask) !== 0);
    return leaf ? "leaf" : "table";
  }
  const marker = softwareBit(format, "no-access");
  return marker >= 0 && has({ lo, hi }, marker) ? "no-access" : "absent";
}

/**
 * The property of a leaf, alone: what the tables above it take away is a walk's business (PT-5).
 *
 * Caller must give an entry of kind `leaf` or `no-access`. A page for both modes counts as the user's.
 */
export function propertyOf(format: PteFormat, lo: number, hi: number, level: number): number {
  const entry = { lo, hi };
  const flag = (owner: SoftwareBit["owner"], bit: number): number => {
    const at = softwareBit(format, owner);
    return at >= 0 && has(entry, at) ? bit : 0;
  };
  const index =
    ((lo >>> format.loShift) & format.loMask) | ((hi >>> format.hiShift) & format.hiMask);
  const granted = permissionsOf(format.rights[index]!);
  const positions = level === 1 ? format.cacheBits : format.cacheBitsHuge;
  const cache = positions.reduce((sum, bit, i) => sum | (has(entry, bit) ? 1 << i : 0), 0);
  return (
    ((lo & format.valid) !== 0 ? granted : granted & USER) |
    (lo & format.accessed ? ACCESSED : 0) |
    (lo & format.dirty ? DIRTY : flag("DIRTY", DIRTY)) |
    ((lo ^ format.globalXor) & format.global ? GLOBAL : 0) |
    flag("AVAIL1", AVAIL1) |
    flag("AVAIL2", AVAIL2) |
    (Math.max(0, format.cachePolicies[cache] ?? 0) << CACHE_SHIFT)
  );
}

/** READ, WRITE, EXECUTE and USER for six bits of rights: the user's, if there are any. */
export function permissionsOf(rights: number): number {
  const user = (rights >>> USER_SHIFT) & PERMISSIONS;
  return user !== 0 ? user | USER : rights & PERMISSIONS;
}
