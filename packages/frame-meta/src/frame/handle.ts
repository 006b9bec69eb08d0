/**
 * What every handle on one frame has in common.
 *
 * FM-15: a handle ends once. Whatever ends it (drop, a conversion, becoming a number) does so only where it succeeds, and
 * after it every use throws. A drop whose `onDrop` threw has succeeded: the frame is unused.
 *
 * @module
 */

import { CoreError, type Droppable, PAGE_SIZE, type Paddr, type PagingLevel } from "@memkit/core";
import type { FrameMeta } from "../meta/frame-meta.js";
import type { MetaLayout } from "../meta/meta-layout.js";
import { type MetaView, metaView } from "../meta/meta-view.js";
import { type MetaSlotStorage, readStorage } from "../meta/storage.js";
import type { HolderKind } from "../model/frame-ledger.js";
import { SlotWord } from "../slot/layout.js";
import { rawOf } from "./raw-handle.js";
import { type FrameToken, send } from "./send.js";
import type { FrameTable } from "./table.js";

/** What a handle that has ended has for a slot. */
const ENDED = -1;

/** Two fields, so that a handle is 40 bytes. Not made directly. */
export abstract class FrameHandle<M extends FrameMeta = FrameMeta> implements Droppable {
  readonly table: FrameTable;
  private slot: number;

  /** @internal */
  constructor(table: FrameTable, slot: number) {
    this.table = table;
    this.slot = slot;
  }

  get dropped(): boolean {
    return this.slot === ENDED;
  }

  /** The slot. @throws `CoreError` `used-after-drop` @internal */
  live(): number {
    const slot = this.slot;
    if (slot === ENDED) throw new CoreError({ code: "used-after-drop", what: "frame handle" });
    return slot;
  }

  /** Ends the handle: what it held is somebody else's. @internal */
  release(): void {
    this.slot = ENDED;
  }

  /** Undoes {@link FrameHandle.release}: the end was refused. @internal */
  revive(slot: number): void {
    this.slot = slot;
  }

  /** Where the frame starts. */
  get paddr(): Paddr {
    return this.table.paddrOf(this.live());
  }

  /** Bytes of the frame. */
  get size(): number {
    this.live();
    return PAGE_SIZE;
  }

  /** The paging level at which the frame can be mapped: a frame is one base page. */
  get level(): PagingLevel {
    this.live();
    return 1 as PagingLevel;
  }

  /** The frame's type. @throws {@link FrameError} `type-not-bound` if this agent does not know it */
  get type(): M {
    return this.table.types.knownAt(this.live()) as M;
  }

  /** The metadata, to be read; its atomic fields also to be written. The view ends with this handle. */
  get meta(): MetaView<M["layout"]> {
    const layout: MetaLayout = this.type.layout;
    return metaView(layout, this, this.table.slots.dv, this.metaOffset) as MetaView<M["layout"]>;
  }

  /** The metadata as a case of the union of all: OSTD's `dyn_meta`. A copy. @throws {@link FrameError} `type-not-bound` */
  get dynMeta(): MetaSlotStorage {
    const { slots } = this.table;
    return readStorage(this.type, slots.dv, this.metaOffset);
  }

  /** Whether both are handles on the same frame of the same table. */
  equals(other: FrameHandle): boolean {
    const same = this.table.buffer === other.table.buffer;
    return this.live() === other.live() && same;
  }

  /** Where the metadata is in the table. @internal */
  get metaOffset(): number {
    return this.table.slots.wordOf(this.live(), SlotWord.storage) * 4;
  }

  /** Ends the handle. See the class for what that does to the frame. */
  abstract drop(): void;

  /** Drops it unless it has ended: what `using` calls. */
  [Symbol.dispose](): void {
    if (!this.dropped) this.drop();
  }

  /** @internal */
  protected sendAs(kind: "handle" | "unique"): FrameToken {
    const token = send(this.table, kind, this.live(), 1);
    this.release();
    return token;
  }

  /** @internal */
  protected intoRawAs(kind: HolderKind): number {
    const slot = this.live();
    const { table } = this;
    const raw = rawOf(table.slots, slot);
    table.pin();
    table.turn(slot, kind, "raw");
    this.release();
    return raw;
  }
}

/** The same handle, as one of frames with type `N`, or `undefined` where the frame has another. */
export function castTo<H extends FrameHandle>(handle: FrameHandle, type: FrameMeta): H | undefined {
  const { types } = handle.table;
  return types.isNumberOf(types.idAt(handle.live()), type) ? (handle as H) : undefined;
}
