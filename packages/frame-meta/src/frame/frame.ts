/**
 * `Frame`: one of the handles that share a frame.
 *
 * FM-16: a frame's count is the number of handles on it: a clone is one more, a drop one less, and nothing else moves it.
 *
 * @see OSTD `ostd/src/mm/frame/mod.rs`, `Frame<M>`
 * @module
 */

import { tableOf } from "../argument.js";
import type { FrameMeta, MetaValue, UntypedMeta } from "../meta/frame-meta.js";
import type { MetaLayout } from "../meta/meta-layout.js";
import type { MetaViewMut } from "../meta/meta-view.js";
import { refusalOf } from "../ref-count.js";
import { SlotWord } from "../slot/layout.js";
import { build } from "./build.js";
import { FrameRef } from "./frame-ref.js";
import { castTo, FrameHandle } from "./handle.js";
import { withMetaLock } from "./meta-lock.js";
import { slotOfRaw } from "./raw-handle.js";
import { type FrameToken, receive } from "./send.js";
import type { FrameTable } from "./table.js";

/** A shared handle. `Frame` without a type argument is one on a frame of any type: OSTD's `Frame<dyn AnyFrameMeta>`. */
export class Frame<M extends FrameMeta = FrameMeta> extends FrameHandle<M> {
  /**
   * Claims an unused frame and gives it metadata: one handle.
   *
   * @throws {@link FrameError} `not-aligned`, `out-of-bound`, `mmio`; `unique`, `busy`, `in-use`, `overflow`; `directory-full`;
   * `no-allocator`; `invalid-option` for what is no table or no type; what the layout throws for the value. Nothing has changed then.
   *
   * @example
   * ```ts
   * import { struct, u32 } from "@memkit/core";
   * import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
   *
   * const owned = defineFrameMeta({ name: "owned", layout: struct(["owner", u32]) });
   * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
   * const frame = Frame.fromUnused(table, 0x2000, owned, { owner: 7 });
   * frame.meta.owner; // => 7
   * frame.paddr; // => 0x2000
   * frame.drop();
   * frame.dropped; // => true
   * ```
   */
  static fromUnused<M extends FrameMeta>(
    table: FrameTable,
    paddr: number,
    type: M,
    value: MetaValue<M>,
  ): Frame<M> {
    const slot = tableOf(table).slotAt(paddr);
    build(table, slot, type, value, 1, "handle");
    return new Frame<M>(table, slot);
  }

  /**
   * One more handle on a frame that somebody holds.
   *
   * @throws {@link FrameError} `not-aligned`, `out-of-bound`, `mmio`; `unused`, `unique`, `busy`, `count-at-max`, `overflow`;
   * `invalid-option` for what is no table
   */
  static fromInUse(table: FrameTable, paddr: number): Frame {
    return Frame.another(table, tableOf(table).slotAt(paddr));
  }

  /** One more handle on the frame of `slot`. @internal */
  static another<M extends FrameMeta>(table: FrameTable, slot: number): Frame<M> {
    const { slots } = table;
    table.pin();
    const count = slots.incAt(slots.wordOf(slot, SlotWord.count));
    if (count < 0) {
      table.unpin();
      table.refuse(slot, count);
    }
    table.gain(slot, "handle");
    return new Frame<M>(table, slot);
  }

  /**
   * The handle that {@link Frame.intoRaw} made a number of. Use it for one: another handle made from it is somebody else's.
   *
   * @throws {@link FrameError} `not-a-raw-handle`, `stale-handle`; `unused`, `unique`, `busy`, `overflow` where the frame is
   * shared by nobody; `invalid-option` for what is no table
   * @throws `CoreError` `not-in-ledger` where a ledger knows of no such number: it has been used
   */
  static fromRaw(table: FrameTable, raw: number): Frame {
    const { slots } = tableOf(table);
    const slot = slotOfRaw(slots, raw);
    const count = slots.load(slots.wordOf(slot, SlotWord.count));
    if (count <= 0) table.refuse(slot, refusalOf(count));
    table.pin();
    table.turn(slot, "raw", "handle");
    return new Frame(table, slot);
  }

  /**
   * Runs `write` with all of the metadata to be written, while this agent has the lock that the type names. Waits for other
   * agents; the frame is held meanwhile, and the view ends with the call.
   *
   * @throws {@link FrameError} `no-lock`; `locked` where this agent has it already; `count-at-max`; `type-not-bound`; what `write`
   * throws; where `write` dropped this handle, and it was the last, what {@link Frame.drop} throws: it lives again then
   *
   * @example
   * ```ts
   * import { atomic, struct, u32 } from "@memkit/core";
   * import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
   *
   * const layout = struct(["lock", atomic(u32)], ["first", u32], ["last", u32]);
   * const range = defineFrameMeta({ name: "range", layout, lock: "lock" });
   * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4096) } });
   * const frame = Frame.fromUnused(table, 0, range, { lock: 0, first: 1, last: 2 });
   * frame.withLock((meta) => {
   *   meta.first += 10;
   *   meta.last += 10;
   * });
   * frame.meta.last; // => 12
   * ```
   */
  withLock<T>(write: (meta: MetaViewMut<M["layout"]>) => T): T {
    const hold = this.clone(); // `write` may drop this handle
    try {
      const { slots, locks, agent } = this.table;
      const run = write as (meta: MetaViewMut<MetaLayout>) => T;
      return withMetaLock(slots, hold.live(), hold.type, locks, agent?.id ?? -1, run);
    } finally {
      try {
        hold.drop();
      } finally {
        // Refused, so it was the last: `write` had dropped this handle, which is it again.
        if (!hold.dropped) this.revive(hold.live());
      }
    }
  }

  /** Handles on the frame, at this moment. */
  get referenceCount(): number {
    const { slots } = this.table;
    return slots.load(slots.wordOf(this.live(), SlotWord.count));
  }

  /** One more handle. @throws {@link FrameError} `count-at-max` */
  clone(): Frame<M> {
    return Frame.another(this.table, this.live());
  }

  /** A look at the frame through this handle: not counted, and ended with it. */
  borrow(): FrameRef<M> {
    this.live();
    return new FrameRef<M>(this);
  }

  /**
   * One handle less; with the last one the frame's type is asked, its `onDrop` runs, and the frame becomes unused.
   *
   * @throws {@link FrameError} `drop-refused`, or what `onDropPre` threw: the handle stays. `drop-failed`: it does not.
   * @throws `CoreError` `used-after-drop`
   */
  override drop(): void {
    const slot = this.live();
    const { table } = this;
    const { slots } = table;
    table.pin();
    const count = slots.decAt(slots.wordOf(slot, SlotWord.count));
    if (count > 0) {
      this.release();
      table.lose(slot, "handle");
      return;
    }
    if (count < 0) {
      table.unpin();
      table.refuse(slot, count);
    }
    table.turn(slot, "handle", "busy");
    this.release(); // before: who is asked must not find it live
    table.teardown.ask(slot, 1, "handle", this);
    table.teardown.finish(slot);
  }

  /** Makes a number of this handle, which ends without moving the count. {@link Frame.fromRaw} takes it back. */
  intoRaw(): number {
    return this.intoRawAs("handle");
  }

  /**
   * Puts this handle on its way to another agent of the table: it ends, the count does not move. Post the token, which
   * {@link Frame.receive} takes there, once.
   *
   * @throws {@link FrameError} `too-many-in-transit`: the handle stays
   *
   * @example
   * ```ts
   * import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
   *
   * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
   * const token = structuredClone(Frame.fromUnused(table, 0x1000, unitMeta, {}).send());
   * const frame = Frame.receive(table, token); // in another worker, on the table that it has attached
   * frame.referenceCount; // => 1
   * ```
   */
  send(): FrameToken {
    return this.sendAs("handle");
  }

  /**
   * The handle that {@link Frame.send} has put on its way.
   *
   * @throws {@link FrameError} `not-in-transit` where it has been received, or was sent in another table; `wrong-kind`;
   * `invalid-option` for what is no table or no token
   */
  static receive(table: FrameTable, token: FrameToken): Frame {
    return new Frame(table, receive(table, "handle", token).slot);
  }

  /**
   * This handle as one of frames with type `N`, or `undefined` where the frame has another type. The handle stays.
   *
   * @throws {@link FrameError} `directory-full` where this agent knows neither the frame's type nor `type`
   */
  tryAs<N extends FrameMeta>(type: N): Frame<N> | undefined {
    return castTo<Frame<N>>(this, type);
  }

  /**
   * This handle as one of untyped memory, or `undefined` where the frame's type is not. The handle stays.
   *
   * @throws {@link FrameError} `type-not-bound` if this agent does not know it
   */
  tryAsUntyped(): Frame<UntypedMeta> | undefined {
    return this.type.isUntyped ? (this as unknown as Frame<UntypedMeta>) : undefined;
  }
}
