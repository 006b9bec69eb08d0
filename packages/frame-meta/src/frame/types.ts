/**
 * The types that one agent has bound in a table: what their numbers mean here.
 *
 * @module
 */

import { frameError } from "../frame-error.js";
import { internType } from "../meta/directory.js";
import { expectType, type FrameMeta } from "../meta/frame-meta.js";
import { SlotWord } from "../slot/layout.js";
import type { SlotTable } from "../slot/slot-table.js";
import { hex } from "../table-error.js";

const FrameError = /* @__PURE__ */ frameError<"type-not-bound">({
  "type-not-bound": (d) => `frame ${hex(d.pfn)} has type ${d.type}: bind it in this agent first`,
});

export class BoundTypes {
  readonly #slots: SlotTable;
  /** This agent's number, -1 for none. */
  readonly #agent: number;
  /** By number. The first one bound stays: another definition of the same type is the same type. */
  readonly #byId: (FrameMeta | undefined)[] = [];
  readonly #ids = new Map<FrameMeta, number>();
  /** The type asked for last, since frames are claimed in runs. At first what nobody can ask for. */
  #last: object = this.#ids;
  #lastId = 0;

  constructor(slots: SlotTable, agent: number) {
    this.#slots = slots;
    this.#agent = agent;
  }

  /** The number of a type, which is bound by that. @throws {@link FrameError} `directory-full`, `invalid-option` for no type */
  idOf(type: FrameMeta): number {
    if (type === this.#last) return this.#lastId;
    let id = this.#ids.get(type);
    if (id === undefined) {
      expectType(type);
      id = internType(this.#slots, type, this.#agent);
      this.#ids.set(type, id);
      this.#byId[id] ??= type;
    }
    this.#last = type;
    this.#lastId = id;
    return id;
  }

  /** Whether {@link BoundTypes.idOf} has been asked for this very type. */
  has(type: FrameMeta): boolean {
    return this.#ids.has(type);
  }

  /** Whether `id` is the number of a type. Puts it into the directory only where `id` is of none that is bound here. @throws as {@link BoundTypes.idOf} */
  isNumberOf(id: number, type: FrameMeta): boolean {
    const known = this.#byId[id];
    if (known === undefined) return this.idOf(type) === id;
    if (known === type) return true;
    expectType(type);
    return known.hash === type.hash && known.name === type.name;
  }

  /** The type with number `id`, if it is bound. */
  typeOf(id: number): FrameMeta | undefined {
    return this.#byId[id];
  }

  /**
   * The type of the frame of `slot`. Caller must hold the frame.
   *
   * @throws {@link FrameError} `type-not-bound` if this agent does not know it
   */
  knownAt(slot: number): FrameMeta {
    const type = this.typeAt(slot);
    if (type !== undefined) return type;
    const pfn = this.#slots.geometry.pfnOf(slot);
    throw new FrameError({ code: "type-not-bound", pfn, type: this.idAt(slot) });
  }

  /** The number of the type of the frame of `slot`, 0 for none. Caller must hold the frame. */
  idAt(slot: number): number {
    return this.#slots.words[this.#slots.wordOf(slot, SlotWord.type)]!;
  }

  /** The type of the frame of `slot`, if it is bound. Caller must hold the frame. */
  typeAt(slot: number): FrameMeta | undefined {
    return this.#byId[this.idAt(slot)];
  }
}
