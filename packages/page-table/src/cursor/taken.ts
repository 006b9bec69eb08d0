/**
 * What a cursor takes out of a table, for its new owner.
 *
 * @module
 */

import type { Droppable } from "@memkit/core";
import type { Pfn } from "@memkit/core/address";
import type { Frame } from "@memkit/frame-meta";
import type { NodeStore } from "../table/node-store.js";
import type { Item } from "../table/references.js";

/** A mapping. */
export interface TakenItem {
  readonly kind: "mapped";
  /** Where it began. */
  readonly va: bigint;
  readonly level: number;
  readonly pages: number;
  readonly prop: number;
  readonly pfn: Pfn;
  /** The handle that the mapping was, a `Segment` where it was a huge page: the caller's to drop. Undefined where it was untracked. */
  readonly item: Item | undefined;
}

/**
 * A whole table that is no part of the address space any more: OSTD's `StrayPageTable`. The caller's to drop, and with it all that
 * it maps, when no processor remembers a translation from it.
 */
export class StrayTable implements Droppable {
  readonly kind = "stray";
  /** Where it began. */
  readonly va: bigint;
  /** Pages of the address space that it was for. */
  readonly pages: number;
  /** Base pages that it maps: huge ones count with all of theirs. */
  readonly mapped: number;
  /** Its level. */
  readonly level: number;
  private readonly node: Frame;
  private readonly store: NodeStore;

  /** @internal */
  constructor(store: NodeStore, pfn: number, level: number, va: bigint, pages: number) {
    this.va = va;
    this.pages = pages;
    this.level = level;
    this.mapped = store.countPages(pfn, level);
    this.node = store.references.giveFrame(pfn);
    this.store = store;
  }

  get dropped(): boolean {
    return this.node.dropped;
  }

  /** Frees the table, and lets go of what it maps. @throws `FrameError` `drop-failed`; {@link PageTableError} `release-failed` */
  drop(): void {
    this.store.dropStray(this.node, this.level);
  }

  /** Drops it unless it has ended: what `using` calls. */
  [Symbol.dispose](): void {
    if (!this.dropped) this.drop();
  }
}

/** What {@link CursorMut.takeNext} returns. */
export type Taken = TakenItem | StrayTable;
