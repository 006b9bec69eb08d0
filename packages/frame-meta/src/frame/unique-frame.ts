/**
 * `UniqueFrame`: the one handle on a frame that nobody else has.
 *
 * FM-17: while a unique handle lives, its frame's count is UNIQUE, so nobody can clone it, claim it or take a handle by its
 * address; that is why its owner may write all of the metadata.
 *
 * @see OSTD `ostd/src/mm/frame/unique.rs`, `UniqueFrame<M>`
 * @module
 */

import { tableOf } from "../argument.js";
import { frameError } from "../frame-error.js";
import type { FrameMeta, MetaValue } from "../meta/frame-meta.js";
import type { MetaLayout } from "../meta/meta-layout.js";
import { type MetaViewMut, metaViewMut } from "../meta/meta-view.js";
import { PageUsage } from "../meta/usage.js";
import { REF_COUNT_BUSY, REF_COUNT_UNIQUE, Refusal, refusalOf } from "../ref-count.js";
import { SlotWord } from "../slot/layout.js";
import { hex } from "../table-error.js";
import { build, writeStorage } from "./build.js";
import { Frame } from "./frame.js";
import { castTo, FrameHandle } from "./handle.js";
import { slotOfRaw } from "./raw-handle.js";
import { type FrameToken, receive } from "./send.js";
import type { FrameTable } from "./table.js";

const FrameError = /* @__PURE__ */ frameError<"in-list">({
  "in-list": (d) => `frame ${hex(d.pfn)} is in list ${d.list}: take it out first`,
});

/** The one handle on a frame. */
export class UniqueFrame<M extends FrameMeta = FrameMeta> extends FrameHandle<M> {
  /**
   * Claims an unused frame and gives it metadata.
   *
   * @throws {@link FrameError} as `Frame.fromUnused`
   *
   * @example
   * ```ts
   * import { struct, u32 } from "@memkit/core";
   * import { defineFrameMeta, FrameTable } from "@memkit/frame-meta";
   * import { UniqueFrame } from "@memkit/frame-meta/unique";
   *
   * const owned = defineFrameMeta({ name: "owned", layout: struct(["owner", u32]) });
   * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
   * const unique = UniqueFrame.fromUnused(table, 0x1000, owned, { owner: 1 });
   * unique.metaMut.owner = 2;
   * const shared = unique.intoShared();
   * shared.meta.owner; // => 2
   * UniqueFrame.tryFrom(shared)?.meta.owner; // => 2
   * ```
   */
  static fromUnused<M extends FrameMeta>(
    table: FrameTable,
    paddr: number,
    type: M,
    value: MetaValue<M>,
  ): UniqueFrame<M> {
    const slot = tableOf(table).slotAt(paddr);
    build(table, slot, type, value, REF_COUNT_UNIQUE, "unique");
    return new UniqueFrame<M>(table, slot);
  }

  /** The only shared handle as a unique one; it ends. `undefined` where there are others: then it stays. */
  static tryFrom<M extends FrameMeta>(frame: Frame<M>): UniqueFrame<M> | undefined {
    const slot = frame.live();
    const { table } = frame;
    const { slots } = table;
    table.pin();
    const refusal = slots.stepAt(slots.wordOf(slot, SlotWord.count), 1, REF_COUNT_UNIQUE);
    if (refusal < 0) {
      table.unpin();
      return refusal === Refusal.inUse ? undefined : table.refuse(slot, refusal);
    }
    table.turn(slot, "handle", "unique");
    frame.release();
    return new UniqueFrame<M>(table, slot);
  }

  /**
   * The handle that {@link UniqueFrame.intoRaw} made a number of.
   *
   * @throws {@link FrameError} `not-a-raw-handle`, `stale-handle`, `in-list`; `invalid-option` for what is no table; `unused`, `in-use`, `busy`, `overflow` where the
   * frame has no one owner
   * @throws `CoreError` `not-in-ledger` where a ledger knows of no such number: it has been used
   */
  static fromRaw(table: FrameTable, raw: number): UniqueFrame {
    const { slots } = tableOf(table);
    const slot = slotOfRaw(slots, raw);
    const count = slots.load(slots.wordOf(slot, SlotWord.count));
    if (count !== REF_COUNT_UNIQUE) {
      table.refuse(slot, count > 0 ? Refusal.inUse : refusalOf(count));
    }
    const list = slots.load(slots.wordOf(slot, SlotWord.list));
    if (list !== 0)
      throw new FrameError({ code: "in-list", pfn: slots.geometry.pfnOf(slot), list });
    table.pin();
    table.turn(slot, "raw", "unique");
    return new UniqueFrame(table, slot);
  }

  /** The metadata, to be written. The view ends with this handle. */
  get metaMut(): MetaViewMut<M["layout"]> {
    const layout: MetaLayout = this.type.layout;
    const view = metaViewMut(layout, this, this.table.slots.dv, this.metaOffset);
    return view as MetaViewMut<M["layout"]>;
  }

  /**
   * The same frame with another type and other metadata, still unique. This handle ends; `onDrop` of its type does not run.
   *
   * @throws {@link FrameError} `directory-full`; what the layout throws for the value. This handle stays then.
   */
  repurpose<N extends FrameMeta>(type: N, value: MetaValue<N>): UniqueFrame<N> {
    const { table } = this;
    const id = table.types.idOf(type);
    const encoded = table.scratch.encode(type, value);
    const slot = this.live(); // after the value's getters, which may have ended this handle
    const { slots } = table;
    const typeAt = slots.wordOf(slot, SlotWord.type);
    slots.store(typeAt, 0); // who finds the frame half-written, after this agent's death, must not take it for either type
    writeStorage(table, slot, type, encoded);
    slots.words[slots.wordOf(slot, SlotWord.usage)] = PageUsage[type.usage];
    slots.store(typeAt, id);
    this.release();
    return new UniqueFrame<N>(table, slot);
  }

  /** The frame shared, with one handle. This one ends. */
  intoShared(): Frame<M> {
    const slot = this.live();
    const { table } = this;
    const { slots } = table;
    table.pin();
    const refusal = slots.stepAt(slots.wordOf(slot, SlotWord.count), REF_COUNT_UNIQUE, 1);
    if (refusal < 0) {
      table.unpin();
      table.refuse(slot, refusal);
    }
    table.turn(slot, "unique", "handle");
    this.release();
    return new Frame<M>(table, slot);
  }

  /**
   * Ends the frame: its type is asked, its `onDrop` runs, and it becomes unused.
   *
   * @throws {@link FrameError} `drop-refused`, or what `onDropPre` threw: the handle stays. `drop-failed`: it does not.
   * @throws `CoreError` `used-after-drop`
   */
  override drop(): void {
    const slot = this.#seize();
    this.table.teardown.finish(slot);
  }

  /**
   * As {@link UniqueFrame.drop}, but the free set is not told: the caller is the allocator, and keeps the frame.
   *
   * @throws as {@link UniqueFrame.drop}
   */
  resetAsUnused(): void {
    const slot = this.#seize();
    this.table.teardown.finish(slot, false);
  }

  /** Makes a number of this handle, which ends; the frame stays unique. {@link UniqueFrame.fromRaw} takes it back. */
  intoRaw(): number {
    return this.intoRawAs("unique");
  }

  /** As {@link Frame.send}; the frame stays unique. @throws {@link FrameError} `too-many-in-transit` */
  send(): FrameToken {
    return this.sendAs("unique");
  }

  /** As {@link Frame.receive}. @throws {@link FrameError} `not-in-transit`, `wrong-kind` */
  static receive(table: FrameTable, token: FrameToken): UniqueFrame {
    return new UniqueFrame(table, receive(table, "unique", token).slot);
  }

  /** As `Frame.tryAs`. @throws {@link FrameError} `directory-full`, as there */
  tryAs<N extends FrameMeta>(type: N): UniqueFrame<N> | undefined {
    return castTo<UniqueFrame<N>>(this, type);
  }

  /** UNIQUE to BUSY, with the type's consent; ends the handle. */
  #seize(): number {
    const slot = this.live();
    const { table } = this;
    const index = table.slots.wordOf(slot, SlotWord.count);
    table.pin();
    const refusal = table.slots.stepAt(index, REF_COUNT_UNIQUE, REF_COUNT_BUSY);
    if (refusal < 0) {
      table.unpin();
      table.refuse(slot, refusal);
    }
    table.turn(slot, "unique", "busy");
    this.release(); // before: who is asked must not find it live
    table.teardown.ask(slot, REF_COUNT_UNIQUE, "unique", this);
    return slot;
  }
}
