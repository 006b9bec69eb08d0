/**
 * Views of metadata that end with the handle they came from.
 *
 * FM-8: through a shared frame only atomic fields of the metadata can be written; the owner of a unique one can write all of
 * it. FM-9: no view reads or writes a slot after its handle has ended, for the slot may be somebody else's by then. An atomic
 * cell is the exception: it is core's and knows nothing of handles, so who keeps one keeps the handle, too.
 *
 * @module
 */

import { type ArrayView, type AtomicCell, CoreError, type Layout, type ViewOf } from "@memkit/core";
import { ARRAY, ATOMIC, type MetaLayout, STRUCT } from "./meta-layout.js";

/** What a view lives as long as. */
export interface MetaOwner {
  readonly dropped: boolean;
}

/** The elements of an array in metadata. */
export interface MetaElements<E> {
  readonly length: number;
  /**
   * The element; where it is a record or an array, a view, which the next `get` of these elements moves on.
   *
   * @throws `CoreError` `index-out-of-range`, `used-after-drop`
   */
  get(index: number): E;
}

/** The elements of an array in metadata that may be written. */
export interface MetaElementsMut<E, V> extends MetaElements<E> {
  /** @throws `CoreError` `index-out-of-range`, `used-after-drop`, as the layout's `write` */
  set(index: number, value: V): void;
}

type ReadOf<V> = V extends AtomicCell
  ? AtomicCell
  : V extends ArrayView
    ? MetaElements<ReadOf<ReturnType<V["get"]>>>
    : V extends { seat(dv: DataView, offset: number): void }
      ? { readonly [K in keyof V as Exclude<K, "seat">]: ReadOf<V[K]> }
      : V;

type WriteOf<V> = V extends AtomicCell
  ? AtomicCell
  : V extends ArrayView
    ? MetaElementsMut<WriteOf<ReturnType<V["get"]>>, Parameters<V["set"]>[1]>
    : V extends { seat(dv: DataView, offset: number): void }
      ? { [K in keyof V as Exclude<K, "seat">]: WriteOf<V[K]> }
      : V;

/** Metadata as the holder of a shared frame sees it. */
export type MetaView<L extends Layout> = ReadOf<ViewOf<L>>;
/** Metadata as its one owner sees it. */
export type MetaViewMut<L extends Layout> = WriteOf<ViewOf<L>>;

/** Core's view of a record, by field name; or of an array. */
type Inner = Record<string, unknown> & {
  get(index: number): unknown;
  set(index: number, value: unknown): void;
  length: number;
};

function assertLive(owner: MetaOwner): void {
  if (owner.dropped) throw new CoreError({ code: "used-after-drop", what: "metadata" });
}

function wrap(type: Layout, owner: MetaOwner, value: unknown, writable: boolean): unknown {
  if (type.kind === STRUCT) {
    return new (recordClass(type as MetaLayout, writable))(owner, value as Inner);
  }
  if (type.kind !== ARRAY) return value;
  const Class = writable ? ElementsMut : Elements;
  return new Class(owner, value as Inner, (type as unknown as { element: Layout }).element);
}

class Elements {
  protected readonly owner: MetaOwner;
  protected readonly inner: Inner;
  protected readonly element: Layout;

  constructor(owner: MetaOwner, inner: Inner, element: Layout) {
    this.owner = owner;
    this.inner = inner;
    this.element = element;
  }

  get length(): number {
    return this.inner.length;
  }

  get(index: number): unknown {
    assertLive(this.owner);
    return wrap(this.element, this.owner, this.inner.get(index), false);
  }
}

class ElementsMut extends Elements {
  override get(index: number): unknown {
    assertLive(this.owner);
    return wrap(this.element, this.owner, this.inner.get(index), true);
  }

  set(index: number, value: unknown): void {
    assertLive(this.owner);
    this.inner.set(index, value);
  }
}

class RecordMeta {
  readonly "~owner": MetaOwner;
  readonly "~inner": Inner;

  constructor(owner: MetaOwner, inner: Inner) {
    this["~owner"] = owner;
    this["~inner"] = inner;
  }
}
type RecordClass = new (owner: MetaOwner, inner: Inner) => RecordMeta;

const READ_CLASSES = new WeakMap<MetaLayout, RecordClass>();
const WRITE_CLASSES = new WeakMap<MetaLayout, RecordClass>();

/** The class of the views of one record type; accessors are on its prototype, so a view is one small object. */
function recordClass(record: MetaLayout, writable: boolean): RecordClass {
  const classes = writable ? WRITE_CLASSES : READ_CLASSES;
  const known = classes.get(record);
  if (known !== undefined) return known;
  class View extends RecordMeta {}
  for (const { name, type } of record.fields) {
    const get = function (this: RecordMeta): unknown {
      assertLive(this["~owner"]);
      return wrap(type, this["~owner"], this["~inner"][name], writable);
    };
    const whole = type.kind !== STRUCT && type.kind !== ARRAY && type.kind !== ATOMIC;
    const set = function (this: RecordMeta, value: unknown): void {
      assertLive(this["~owner"]);
      this["~inner"][name] = value;
    };
    const accessors = writable && whole ? { get, set } : { get };
    Object.defineProperty(View.prototype, name, { ...accessors, enumerable: true });
  }
  classes.set(record, View);
  return View;
}

/** A view of the metadata at `offset` for as long as `owner` lives; a caller's assignment to what is read only throws. */
export function metaView<L extends MetaLayout>(
  layout: L,
  owner: MetaOwner,
  dv: DataView,
  offset: number,
): MetaView<L> {
  const inner = layout.view(dv, offset) as unknown as Inner;
  return new (recordClass(layout, false))(owner, inner) as unknown as MetaView<L>;
}

/** The same, with setters. */
export function metaViewMut<L extends MetaLayout>(
  layout: L,
  owner: MetaOwner,
  dv: DataView,
  offset: number,
): MetaViewMut<L> {
  const inner = layout.view(dv, offset) as unknown as Inner;
  return new (recordClass(layout, true))(owner, inner) as unknown as MetaViewMut<L>;
}
