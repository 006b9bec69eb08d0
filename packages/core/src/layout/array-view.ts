/**
 * The view of an array: one class for all of them, with the element's type as data.
 *
 * @module
 */

import { Kind } from "./kind.js";
import { CoreError } from "./layout-error.js";
import type { KindCode, LayoutNode } from "./node.js";
import { walk } from "./walk.js";

/** A view that can be moved. */
export interface Seatable {
  seat(dv: DataView, offset: number): void;
}

/** Whether values of `type` are seen through a view of their own. */
export function hasView(type: LayoutNode): boolean {
  return type.kind === Kind.struct || type.kind === Kind.array || type.kind === Kind.atomic;
}

class ElementsView {
  readonly #type: LayoutNode;
  readonly #element: LayoutNode;
  #dv: DataView;
  #at: number;
  /** The view handed out for an element, when elements have one. */
  #inner: Seatable | undefined;

  constructor(type: LayoutNode, dv: DataView, at: number) {
    this.#type = type;
    this.#element = type.element as LayoutNode;
    this.#dv = dv;
    this.#at = at;
    this.#inner = undefined;
  }

  get length(): number {
    return this.#type.count;
  }

  seat(dv: DataView, at: number): void {
    this.#dv = dv;
    this.#at = at;
  }

  get(index: number): unknown {
    const at = this.#offsetOf(index);
    if (!hasView(this.#element)) return this.#element.read(this.#dv, at);
    if (this.#inner === undefined) this.#inner = this.#element.view(this.#dv, at) as Seatable;
    else this.#inner.seat(this.#dv, at);
    return this.#inner;
  }

  set(index: number, value: unknown): void {
    this.#element.write(this.#dv, this.#offsetOf(index), value);
  }

  #offsetOf(index: number): number {
    const { name, count } = this.#type;
    if (!(Number.isInteger(index) && index >= 0 && index < count)) {
      throw new CoreError({ code: "index-out-of-range", type: name, index, length: count });
    }
    return this.#at + index * this.#element.size;
  }
}

/** The code of arrays. */
export const ELEMENTS: KindCode = {
  codecOf: walk,
  viewOf: (node, dv, at) => new ElementsView(node, dv, at),
};
