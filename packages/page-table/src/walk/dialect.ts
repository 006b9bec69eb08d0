/**
 * What an architecture's processor does with an entry that a walk has found: who may pass, which bits it sets, which fault
 * it raises. One object for each architecture, chosen by the format.
 *
 * @module
 */

import type { MmuSettings } from "./settings.js";

/** The kind of a load. A kind is the low two bits of a request. */
export const READ_ACCESS = 0;
/** The kind of a store. */
export const WRITE_ACCESS = 1;
/** The kind of a fetch. */
export const EXECUTE_ACCESS = 2;
/** Or-ed to the kind: the access is made in user mode (ring 3, U, EL0). */
export const USER_ACCESS = 4;

/** Half of an address space: where its tables start, and which addresses it has. */
export interface Half {
  /** Frame of the root that was given, or -1: none. */
  given: number;
  /** The same, or -1 where settings forbid the walk. */
  root: number;
  /** Level of the root. */
  levels: number;
  /** How far an address is shifted up so that the root's index is in its top nine bits. */
  shift: number;
  /** What remains of the shifted upper word: all, or less where the root has fewer entries than 512. */
  mask: number;
  /** The upper word of an address shifted right by this must be 0 or -1. */
  free: number;
  /** Bits of the lower word that must equal bit 32, for halves of less than 2^32 bytes. */
  loMask: number;
  /** Bits at the top of an address that are ignored: 0 or 8. */
  tag: number;
  /** Whether table entries take rights away. */
  tableMask: number;
}

/** What settings change about a format: a walker's own copy of it (PT-3). */
export interface Tuning {
  status: number;
  pkru: number;
  low: Half;
  high: Half;
  hiMask: number;
  /** Bits of `hi` that must be 0 in a leaf, by level; at index 0, in a table entry. */
  readonly reservedHi: Int32Array;
  /** Bits of `hi` above the physical address size. */
  sizeHi: number;
}

/** The leaf that a walk has found. */
export interface Leaf {
  readonly lo: number;
  readonly hi: number;
  /** What the tables grant. */
  readonly rights: number;
  readonly level: number;
}

/** An architecture's processor. */
export interface Dialect {
  readonly arch: string;
  /** The settings it has. */
  readonly settings: readonly string[];
  /** The policies for accessed and dirty bits it has; the first is the default over memory. */
  readonly accessedDirty: readonly unknown[];
  /** The flags that are on after reset, as far as a program expects them. */
  readonly status: number;
  /** Applies settings that are more than a flag. They have been checked. */
  tune(tuning: Tuning, settings: MmuSettings): void;
  /** 0, or the reason that forbids the access. */
  refuse(leaf: Leaf, request: number, status: number, pkru: number): number;
  /** The leaf's `lo` after the access was made. */
  touch(leaf: Leaf, request: number): number;
  /** The exception: vector, cause or class. -1: the architecture has none for this reason. */
  exception(reason: number, request: number, level: number): number;
  /** The error code, cause or fault status of a `reason` at a level; 0 is the data itself. */
  code(reason: number, request: number, status: number, level: number): number;
}
