/**
 * What {@link inspect} says, as data: plain objects that survive `JSON.stringify`.
 *
 * @module
 */

import type { Access } from "../driver/driver.js";
import type { PageState } from "../driver/process-pages.js";

/** What a slot is made of, guards and the page of the slot's own included. */
export type LayoutPartName =
  | "instance"
  | "heap"
  | "stack-guard"
  | "stack"
  | "globals"
  | "sigstack-guard"
  | "sigstack"
  | "slot-guard";

/** Where a part is. */
export interface LayoutPart {
  readonly name: LayoutPartName;
  /** Bytes from the start of the slot. */
  readonly offset: number;
  /** Bytes of address space. */
  readonly length: number;
}

/** Pages with one access, by their offset from the start of the slot. Bytes. */
export interface ProtectedRun {
  readonly offset: number;
  readonly length: number;
  readonly access: Access;
}

/** Pages in one state, by their offset from the start of the slot. Bytes. */
export interface StateRun {
  readonly offset: number;
  readonly length: number;
  readonly state: Exclude<PageState, "absent">;
}

/** Bytes by what their pages are. */
export interface PageTotals {
  /** In memory, clean or dirty. */
  readonly resident: number;
  /** In memory with contents of their own. */
  readonly dirty: number;
  /** Written to swap. */
  readonly swapped: number;
}

/** Who has a slot. */
export type SlotUse =
  /** A tenant. */
  | "in-use"
  /** Nobody, but its pages have kept their access. */
  | "warm"
  /** Nobody any more: a view of it is out of reach. */
  | "quarantined";

/** One slot. */
export interface SlotReport {
  readonly index: number;
  readonly use: SlotUse;
  /** Of the slot's first byte; on wasm that of the heap's. Undefined where nobody tells. */
  readonly address: number | undefined;
  /** Bytes. Undefined where nobody tells. */
  readonly heapLength: number | undefined;
  /** All pages of the slot, in order. Undefined where nobody tells. */
  readonly protections: readonly ProtectedRun[] | undefined;
  /** Pages that are in memory or in swap, in order. Undefined where nobody tells. */
  readonly pages: readonly StateRun[] | undefined;
  readonly totals: PageTotals | undefined;
}

/** A region at one moment. */
export interface RegionReport {
  readonly backend: string;
  /** The driver that holds the memory, or was given to ask. */
  readonly driver: string | undefined;
  readonly capacity: number;
  readonly freeSlots: number;
  readonly usedSlots: number;
  readonly layout: readonly LayoutPart[];
  /** Slots that differ from an idle one, by their numbers. Idle ones are not listed: they have no access and no memory. */
  readonly slots: readonly SlotReport[];
  /** Of all listed slots. Undefined where nobody tells. */
  readonly totals: PageTotals | undefined;
  /** Who said so: the kernel, or the driver's own books. */
  readonly sources: {
    readonly protections: "kernel" | "bookkeeping" | "none";
    readonly pages: "kernel" | "none";
  };
  /** What is missing, in sentences. */
  readonly notes: readonly string[];
}
