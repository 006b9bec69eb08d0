/**
 * `LinkedList`: frames in a list whose links are in their slots, so that it allocates nothing and knows its members by address.
 *
 * FM-21: a frame in a list is unique, has the list's id in its slot, and has a neighbour exactly where its neighbour has it;
 * there is no handle on it but the list. Ids are never used twice in a table.
 *
 * @see OSTD `ostd/src/mm/frame/linked_list.rs`, `LinkedList<M>`; vostd `linked_list_owners.rs`
 * @module
 */

import { CoreError, type Droppable } from "@memkit/core";
import { refuseOption, tableOf } from "../argument.js";
import { expectType } from "../meta/frame-meta.js";
import type { LinkMeta } from "../meta/link.js";
import { REF_COUNT_UNIQUE } from "../ref-count.js";
import { HeaderWord, SlotWord } from "../slot/layout.js";
import type { SlotTable } from "../slot/slot-table.js";
import { CursorMut } from "./cursor-mut.js";
import { GHOST } from "./ghost.js";
import { FrameError } from "./list-error.js";
import { seizeAll } from "./segment-steps.js";
import type { FrameTable } from "./table.js";
import { UniqueFrame } from "./unique-frame.js";

/** Words of a link, from the start of the slot. */
const NEXT = SlotWord.storage;
const PREV = SlotWord.storage + 1;

/** OSTD stops at 2^63-1. */
const MAX_LIST_ID = 2 ** 31 - 1;

function newListId(slots: SlotTable): number {
  for (let last = slots.load(HeaderWord.lastList); ; ) {
    if (last === MAX_LIST_ID) throw new FrameError({ code: "no-more-lists" });
    const found = slots.swap(HeaderWord.lastList, last, last + 1);
    if (found === last) return last + 1;
    last = found;
  }
}

/**
 * A list of frames with type `M`.
 *
 * @example
 * ```ts
 * import { struct, u32 } from "@memkit/core";
 * import { defineFrameMeta, FrameTable } from "@memkit/frame-meta";
 * import { UniqueFrame } from "@memkit/frame-meta/unique";
 * import { LinkedList, linkMeta } from "@memkit/frame-meta/list";
 *
 * const page = linkMeta(defineFrameMeta({ name: "page", layout: struct(["owner", u32]) }));
 * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
 * const list = new LinkedList(table, page);
 * for (const paddr of [0x1000, 0x2000]) {
 *   list.pushBack(UniqueFrame.fromUnused(table, paddr, page, { next: 0, prev: 0, inner: { owner: paddr } }));
 * }
 * list.contains(0x2000); // => true
 * list.size; // => 2
 * list.popFront()?.meta.inner.owner; // => 0x1000
 * list.drop();
 * ```
 */
export class LinkedList<M extends LinkMeta = LinkMeta> implements Droppable {
  readonly table: FrameTable;
  readonly type: M;
  #front = GHOST;
  #back = GHOST;
  #size = 0;
  /** Taken with the first frame: a list that never had one needs none. */
  #id = 0;
  #dropped = false;
  /** Counts changes, so that a cursor knows that another hand was at work. @internal */
  edits = 0;

  /** @throws {@link FrameError} `invalid-option` for what is no table, and for a type that `linkMeta` has not made */
  constructor(table: FrameTable, type: M) {
    tableOf(table);
    expectType(type);
    if (type.storage !== "FrameLink") refuseOption("type", type.name);
    this.table = table;
    this.type = type;
  }

  get dropped(): boolean {
    return this.#dropped;
  }

  /** Frames in the list. @throws `CoreError` `used-after-drop` */
  get size(): number {
    if (this.#dropped) throw new CoreError({ code: "used-after-drop", what: "list" });
    return this.#size;
  }

  /** The id that the list's frames have in their slots; 0 before the first frame. */
  get id(): number {
    return this.#id;
  }

  /** Puts a frame in front; its handle ends. @throws {@link FrameError} as {@link LinkedList.pushBack} */
  pushFront(frame: UniqueFrame<M>): void {
    this.insert(frame, this.#front);
  }

  /**
   * Puts a frame behind all others; its handle ends.
   *
   * @throws {@link FrameError} `foreign-frame`, `type-mismatch`, `no-more-lists`, `directory-full`: the handle stays
   * @throws `CoreError` `used-after-drop`
   */
  pushBack(frame: UniqueFrame<M>): void {
    this.insert(frame, GHOST);
  }

  /** Takes the first frame, or `undefined` if there is none. */
  popFront(): UniqueFrame<M> | undefined {
    return this.size === 0 ? undefined : this.take(this.#front);
  }

  /** Takes the last frame, or `undefined` if there is none. */
  popBack(): UniqueFrame<M> | undefined {
    return this.size === 0 ? undefined : this.take(this.#back);
  }

  /** Whether the frame at `paddr` is in this list. O(1). An address that is no frame's is in no list. */
  contains(paddr: number): boolean {
    const slot = this.table.slots.slotAt(paddr);
    return this.size > 0 && slot >= 0 && this.#holds(slot);
  }

  /** A cursor at the frame at `paddr`, or `undefined` if it is not in this list. O(1). */
  cursorAt(paddr: number): CursorMut<M> | undefined {
    return this.contains(paddr) ? new CursorMut(this, this.table.slots.slotAt(paddr)) : undefined;
  }

  /** A cursor at the first frame, or at the ghost if there is none. */
  cursorFront(): CursorMut<M> {
    return new CursorMut(this, this.size === 0 ? GHOST : this.#front);
  }

  /** A cursor at the last frame, or at the ghost if there is none. */
  cursorBack(): CursorMut<M> {
    return new CursorMut(this, this.size === 0 ? GHOST : this.#back);
  }

  /**
   * Ends the list and every frame in it.
   *
   * @throws {@link FrameError} `drop-refused`, or what `onDropPre` threw: the list stays as it was. `drop-failed`: all frames
   * are unused.
   */
  drop(): void {
    const { table } = this;
    const slots: number[] = [];
    for (
      let slot = this.size === 0 ? GHOST : this.#front;
      slot !== GHOST;
      slot = this.after(slot)
    ) {
      slots.push(slot);
    }
    const { edits } = this;
    this.#dropped = true; // before: who is asked must not find it live, nor by a cursor
    this.edits += 1;
    try {
      seizeAll(table, slots, REF_COUNT_UNIQUE, "list");
    } catch (error) {
      this.#dropped = false;
      this.edits = edits;
      throw error;
    }
    table.teardown.batch(() => {
      for (const at of slots) {
        this.#leave(at);
        table.teardown.finish(at);
      }
    });
  }

  /** Drops it unless it has ended: what `using` calls. */
  [Symbol.dispose](): void {
    if (!this.#dropped) this.drop();
  }

  /** The slot behind `slot`, or in front of all if that is the ghost. @internal */
  after(slot: number): number {
    return slot === GHOST ? this.#front : this.#link(slot, NEXT);
  }

  /** The slot in front of `slot`, or behind all if that is the ghost. @internal */
  before(slot: number): number {
    return slot === GHOST ? this.#back : this.#link(slot, PREV);
  }

  /** Puts a frame in front of `next`, which is in the list or the ghost. @internal */
  insert(frame: UniqueFrame<M>, next: number): void {
    const { size, table } = this;
    const slot = frame.live();
    const { slots, types } = table;
    if (frame.table.buffer !== table.buffer) throw new FrameError({ code: "foreign-frame" });
    const expected = types.idOf(this.type);
    const got = types.idAt(slot);
    if (got !== expected) {
      throw new FrameError({
        code: "type-mismatch",
        pfn: slots.geometry.pfnOf(slot),
        expected,
        got,
      });
    }
    if (this.#id === 0) this.#id = newListId(slots);
    table.pin();
    table.turn(slot, "unique", "list");
    frame.release();
    const prev = this.before(next);
    this.#setLink(slot, NEXT, next);
    this.#setLink(slot, PREV, prev);
    if (prev === GHOST) this.#front = slot;
    else this.#setLink(prev, NEXT, slot);
    if (next === GHOST) this.#back = slot;
    else this.#setLink(next, PREV, slot);
    slots.store(slots.wordOf(slot, SlotWord.list), this.#id);
    this.#size = size + 1;
    this.edits += 1;
  }

  /** Takes the frame of `slot`, which is in the list, out of it. @internal */
  take(slot: number): UniqueFrame<M> {
    const prev = this.before(slot);
    const next = this.after(slot);
    if (prev === GHOST) this.#front = next;
    else this.#setLink(prev, NEXT, next);
    if (next === GHOST) this.#back = prev;
    else this.#setLink(next, PREV, prev);
    this.#leave(slot);
    this.#size -= 1;
    this.edits += 1;
    this.table.pin();
    this.table.turn(slot, "list", "unique");
    return new UniqueFrame<M>(this.table, slot);
  }

  #holds(slot: number): boolean {
    const { slots } = this.table;
    return slots.load(slots.wordOf(slot, SlotWord.list)) === this.#id;
  }

  /** The frame of `slot` is in no list. */
  #leave(slot: number): void {
    const { slots } = this.table;
    this.#setLink(slot, NEXT, GHOST);
    this.#setLink(slot, PREV, GHOST);
    slots.store(slots.wordOf(slot, SlotWord.list), 0);
  }

  #link(slot: number, word: number): number {
    const { slots } = this.table;
    return slots.words[slots.wordOf(slot, word)]! - 1;
  }

  #setLink(slot: number, word: number, to: number): void {
    const { slots } = this.table;
    slots.words[slots.wordOf(slot, word)] = to + 1;
  }
}
