/**
 * An entry format as numbers: one shape for every architecture, so that code which walks three of them stays monomorphic.
 *
 * An entry is two words, `lo` (bits 31..0) and `hi` (63..32), little-endian in memory. What differs between the
 * architectures is where bits lie, so a format is shifts and masks; the rights that permission bits grant are a table,
 * indexed by those bits gathered together:
 *
 *     index = (lo >> loShift & loMask) | (hi >> hiShift & hiMask) | (upper tables' hi >> tableShift & tableMask)
 *
 * PT-3: a format is frozen numbers, and its lists and tables are copies of its maker's. What a processor's settings change (the width of a
 * physical address, NXE, Svpbmt, hierarchical permissions) is a walker's own copy, never the format's.
 *
 * @see one descriptor file for each architecture beside this one; reference manuals are named there
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import type { PagingConsts } from "../paging.js";
import type { Dialect } from "../walk/dialect.js";
import { permissionsOf, supports } from "./codec.js";
import { USER } from "./property.js";
import { RESERVED_RIGHTS } from "./rights.js";

/** A bit of an entry that the architecture leaves to software, and who owns it. */
export interface SoftwareBit {
  /** 0..63 */
  readonly bit: number;
  /** `AVAIL1`, `AVAIL2`, `DIRTY` and `no-access` are ours; `free` is nobody's. */
  readonly owner: "AVAIL1" | "AVAIL2" | "DIRTY" | "no-access" | "free";
}

/** What a descriptor file says. */
export interface FormatSpec {
  /** For messages. */
  readonly name: string;
  /** Levels, sizes, canonical rule. */
  readonly paging: PagingConsts;
  /** How this architecture's processor judges and faults. */
  readonly dialect: Dialect;
  /** `lo & valid` is 0 in an entry that the hardware does not look at. */
  readonly valid: number;
  /** At levels 2..`highestTranslationLevel`, an entry is a leaf if `(lo ^ leafXor) & leafMask` is not 0. */
  readonly leafMask: number;
  readonly leafXor: number;
  /** A table entry is malformed if `(lo ^ tableXor) & tableReservedLo` or `hi & tableReservedHi` is not 0. */
  readonly tableXor: number;
  readonly tableReservedLo: number;
  readonly tableReservedHi: number;
  /** By level: a leaf is malformed if `(lo ^ pageXor) & leafReservedLo[level]` or `hi & leafReservedHi[level]` is not 0. */
  readonly pageXor: number;
  readonly leafReservedLo: readonly number[];
  readonly leafReservedHi: readonly number[];
  /** The frame is `(hi & pfnHiMask) * 2^(32 - pfnShift) + (lo >>> pfnShift)`. */
  readonly pfnShift: number;
  readonly pfnHiMask: number;
  /** Bits of `lo` that every level must grant: those of the tables are and-ed into the leaf's. */
  readonly inheritLo: number;
  /** The gathering of permission bits; see the head of this module. */
  readonly loShift: number;
  readonly loMask: number;
  readonly hiShift: number;
  readonly hiMask: number;
  readonly tableShift: number;
  readonly tableMask: number;
  /** Bits of the index that an encoder may choose: the leaf's permission bits, without what has another meaning. */
  readonly encodeMask: number;
  /** Rights by index: six bits, or 64 where the architecture reserves the combination. */
  readonly rights: Uint8Array;
  /** Bits of `lo` that say that a leaf was used, and written. 0: there is none. */
  readonly accessed: number;
  readonly dirty: number;
  /** Bits of a table entry's `lo` that the hardware sets when it walks through. */
  readonly tableAccessed: number;
  /** The bit of `lo` that says global, if `lo ^ globalXor` has it; `globalInherited` if a table's holds for all below. */
  readonly global: number;
  readonly globalXor: number;
  readonly globalInherited: boolean;
  /** Bit positions (0..63) of the cache index, lowest first, at level 1 and above it. */
  readonly cacheBits: readonly number[];
  readonly cacheBitsHuge: readonly number[];
  /** The policy's number by cache index; -1: reserved. */
  readonly cachePolicies: readonly number[];
  /** Set in every leaf: at level 1, and above it. */
  readonly fixedPage: number;
  readonly fixedHuge: number;
  /** Set in every entry that leads to a table. */
  readonly fixedTable: number;
  /** The bits that the architecture leaves to software. */
  readonly software: readonly SoftwareBit[];
}

/** The descriptor of an entry format: made by {@link defineFormat}. */
export interface PteFormat extends FormatSpec {
  /** The index that grants READ, WRITE, EXECUTE (bits 0..2) and USER (bit 3), or -1. */
  readonly encodeIndex: Int16Array;
  /**
   * An entry leads to a table if `(lo ^ tableValue) & tableBits` is 0: present, no leaf, nothing reserved in `lo`. `tableValue`
   * also has an inherited global bit, so that of and-ed differences it is 0 if any table is global.
   */
  readonly tableBits: number;
  readonly tableValue: number;
  /** `rights` by the index shifted left by `loShift`: `lo` needs no shift then. -1 where the combination is reserved. */
  readonly gathered: Int8Array;
  /** 2^(32 - pfnShift), a small integer: a result of `**` would make every frame number a double. */
  readonly pfnHiScale: number;
  /**
   * Whether there is a leaf that means exactly `prop` at `level` (PT-8). What is not supported is `unrepresentable`.
   *
   * @param prop - Made by `pageProperty`
   */
  supports(prop: number, level: number): boolean;
}

/** What there is, by its numbers: two formats that are equal are one, so that tables, walkers and processors can tell. */
const known: Map<string, PteFormat> = /* @__PURE__ */ new Map<string, PteFormat>();

/**
 * Makes a format of its numbers, or finds the one that was made of the same. A new architecture is one call of this.
 *
 * Caller must give numbers that fit each other: they are not judged.
 */
export function defineFormat(spec: FormatSpec): PteFormat {
  const key = JSON.stringify(spec);
  const same = known.get(key);
  // A dialect has functions, which the key does not say.
  if (same?.dialect === spec.dialect) return same;
  const encodeIndex = new Int16Array(16).fill(-1);
  spec.rights.forEach((rights, index) => {
    // Of several encodings the last: on AArch64 the one that denies the other mode most.
    if ((index & ~spec.encodeMask) === 0 && rights !== RESERVED_RIGHTS) {
      const flags = permissionsOf(rights);
      encodeIndex[(flags & 7) | ((flags & USER) >>> 2)] = index;
    }
  });
  const gathered = new Int8Array(spec.rights.length << spec.loShift);
  spec.rights.forEach((rights, index) => {
    gathered[index << spec.loShift] = rights === RESERVED_RIGHTS ? -1 : rights;
  });
  const { valid, leafMask, leafXor, tableXor, tableReservedLo, globalInherited, global } = spec;
  const { paging, software, rights } = spec;
  // Not frozen: what goes through a frozen list is many times as slow.
  const lists = Object.entries(spec).filter(([, value]) => Array.isArray(value));
  const format: PteFormat = Object.freeze({
    ...spec,
    ...(Object.fromEntries(lists.map(([name, list]) => [name, [...list]])) as object),
    software: software.map(({ bit, owner }) => Object.freeze({ bit, owner })),
    paging: Object.isFrozen(paging) ? paging : Object.freeze({ ...paging }),
    rights: rights.slice(),
    encodeIndex,
    gathered,
    tableBits: valid | leafMask | tableReservedLo,
    tableValue:
      valid | (leafXor & leafMask) | (tableXor & tableReservedLo) | (globalInherited ? global : 0),
    pfnHiScale: 1 << (32 - spec.pfnShift),
    supports: (prop: number, level: number): boolean => supports(format, prop, level),
  });
  known.set(key, format);
  return format;
}

/**
 * The frame that an entry names: a table's, or a leaf's without the offset of a page within it.
 *
 * Caller must give a format and two numbers: nothing is checked, for hot loops.
 */
export function frameOf(
  { pfnShift, pfnHiMask, pfnHiScale }: PteFormat,
  lo: number,
  hi: number,
): Pfn {
  return ((hi & pfnHiMask) * pfnHiScale + (lo >>> pfnShift)) as Pfn;
}

/**
 * The table of rights for every index of `bits` bits.
 *
 * @param of - The rights of one index, or {@link RESERVED_RIGHTS}
 */
export function rightsTable(bits: number, of: (index: number) => number): Uint8Array {
  return Uint8Array.from({ length: 2 ** bits }, (_, index) => of(index));
}

/** The bits from..to (inclusive, within one word) as a mask. */
export function bits(from: number, to: number): number {
  return (-1 >>> (31 - (to - from))) << from;
}
