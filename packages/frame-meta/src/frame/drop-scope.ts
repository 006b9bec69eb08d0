/**
 * What `onDrop` and `onDropPre` are given: views of a frame that is being torn down, for as long as the call.
 *
 * @module
 */

import { CoreError, type Paddr } from "@memkit/core";
import type { DropContext, FrameMeta } from "../meta/frame-meta.js";
import type { MetaLayout } from "../meta/meta-layout.js";
import { type MetaViewMut, metaViewMut } from "../meta/meta-view.js";
import { SlotWord } from "../slot/layout.js";
import type { FrameTable } from "./table.js";

export class DropScope implements DropContext {
  readonly table: FrameTable;
  /** Whether the call has returned: its views are dead then. */
  dropped = false;
  readonly #slot: number;
  readonly #type: FrameMeta;

  constructor(table: FrameTable, slot: number, type: FrameMeta) {
    this.table = table;
    this.#slot = slot;
    this.#type = type;
  }

  get paddr(): Paddr {
    return this.table.paddrOf(this.#slot);
  }

  get meta(): MetaViewMut<MetaLayout> {
    if (this.dropped) throw new CoreError({ code: "used-after-drop", what: "drop context" });
    const { slots } = this.table;
    const at = slots.wordOf(this.#slot, SlotWord.storage) * 4;
    return metaViewMut(this.#type.layout, this, slots.dv, at);
  }
}
