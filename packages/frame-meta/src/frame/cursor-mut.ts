/**
 * `CursorMut`: a place in a list, to look around, take frames out and put frames in.
 *
 * The places of a list are a circle: its frames, and one ghost between the last and the first.
 *
 * @see OSTD `ostd/src/mm/frame/linked_list.rs`, `CursorMut`
 * @module
 */

import type { Paddr } from "@memkit/core";
import type { LinkMeta } from "../meta/link.js";
import { type MetaViewMut, metaViewMut } from "../meta/meta-view.js";
import { SlotWord } from "../slot/layout.js";
import { GHOST } from "./ghost.js";
import type { LinkedList } from "./linked-list.js";
import { FrameError } from "./list-error.js";
import type { UniqueFrame } from "./unique-frame.js";

/** The layout inside a link. */
type InnerLayout<M extends LinkMeta> = M["inner"]["layout"];

/** Made by a list. It ends as soon as the list is changed by anybody but this cursor. */
export class CursorMut<M extends LinkMeta = LinkMeta> {
  readonly list: LinkedList<M>;
  #slot: number;
  #edits: number;

  /** @internal */
  constructor(list: LinkedList<M>, slot: number) {
    this.list = list;
    this.#slot = slot;
    this.#edits = list.edits;
  }

  /** Whether it stands at no frame. */
  get atGhost(): boolean {
    return this.#live() === GHOST;
  }

  /** Where the frame is that it stands at, or `undefined` at the ghost. */
  get currentPaddr(): Paddr | undefined {
    const slot = this.#live();
    return slot === GHOST ? undefined : this.list.table.paddrOf(slot);
  }

  /** The metadata inside the link of the frame that it stands at, or `undefined` at the ghost. Ends with the next change. */
  get currentMeta(): MetaViewMut<InnerLayout<M>> | undefined {
    const slot = this.#live();
    if (slot === GHOST) return undefined;
    const { list } = this;
    const { table, type, edits } = list;
    const owner = {
      get dropped(): boolean {
        return list.edits !== edits;
      },
    };
    const { slots } = table;
    const at = slots.wordOf(slot, SlotWord.storage) * 4 + type.layout.offsetOf("inner");
    const layout: InnerLayout<M> = type.inner.layout;
    return metaViewMut(layout, owner, slots.dv, at) as MetaViewMut<InnerLayout<M>>;
  }

  /** Moves to the frame behind; from the last one to the ghost, from there to the first. */
  moveNext(): void {
    this.#slot = this.list.after(this.#live());
  }

  /** Moves to the frame in front; from the first one to the ghost, from there to the last. */
  movePrev(): void {
    this.#slot = this.list.before(this.#live());
  }

  /** Takes the frame out of the list and moves to the one behind it; `undefined` at the ghost. */
  takeCurrent(): UniqueFrame<M> | undefined {
    const slot = this.#live();
    if (slot === GHOST) return undefined;
    const next = this.list.after(slot);
    const frame = this.list.take(slot);
    this.#slot = next;
    this.#edits = this.list.edits;
    return frame;
  }

  /**
   * Puts a frame in front of the one that it stands at, or behind all others at the ghost; the frame's handle ends, and the
   * cursor stays.
   *
   * @throws {@link FrameError} as `LinkedList.pushBack`: the handle stays
   */
  insertBefore(frame: UniqueFrame<M>): void {
    this.list.insert(frame, this.#live());
    this.#edits = this.list.edits;
  }

  /** @throws {@link FrameError} `cursor-stale` */
  #live(): number {
    if (this.#edits !== this.list.edits) {
      throw new FrameError({ code: "cursor-stale", list: this.list.id });
    }
    return this.#slot;
  }
}
