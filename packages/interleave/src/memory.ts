/**
 * The shared memory of an exploration: bytes that only the explorer touches, every step on them undoable.
 *
 * The buffers that the code under test holds are others, as many and as long, with nothing in them.
 *
 * @module
 */

import { type Access, type Glance, Kind, WaitResult, type Word } from "./access.js";
import { fit, privateView, readElement, writeElement } from "./element.js";

/** Old bytes of a place, to be put back. */
export interface Saved {
  low: number;
  high: number;
}

/** The word that `kind` leaves where there was `old`. */
function combine({ kind, element, operand, replacement }: Access, old: Word): Word {
  switch (kind) {
    case Kind.compareExchange:
      return replacement;
    case Kind.store:
    case Kind.exchange:
      return operand;
    default:
      return typeof old === "bigint"
        ? fit(element, combineBig(kind, old, operand as bigint))
        : fit(element, combineNumber(kind, old, operand as number));
  }
}

function combineBig(kind: Kind, old: bigint, operand: bigint): bigint {
  if (kind === Kind.add) return old + operand;
  if (kind === Kind.sub) return old - operand;
  if (kind === Kind.and) return old & operand;
  return kind === Kind.or ? old | operand : old ^ operand;
}

function combineNumber(kind: Kind, old: number, operand: number): number {
  if (kind === Kind.add) return old + operand;
  if (kind === Kind.sub) return old - operand;
  if (kind === Kind.and) return old & operand;
  return kind === Kind.or ? old | operand : old ^ operand;
}

const isRmw = (kind: Kind): boolean => kind >= Kind.add && kind <= Kind.compareExchange;

export class Memory {
  readonly #views: DataView<ArrayBuffer>[] = [];
  readonly #lengths: number[] = [];
  /** Per buffer, a byte for each 16 bits: whether a step has ever written them. */
  readonly #marked: Uint8Array[] = [];
  /** The 16-bit cells that steps have written, as buffer and offset by turns. Only grows. */
  readonly #cells: number[] = [];
  /** By cell of these, what it held in the state that all schedules start in. */
  readonly #initial: number[] = [];

  /** Adds a buffer of zeros. @returns its number */
  add(byteLength: number): number {
    // Whole cells, so that the last one can be read.
    this.#views.push(privateView(byteLength + (byteLength & 1)));
    this.#lengths.push(byteLength);
    this.#marked.push(new Uint8Array((byteLength >>> 1) + 1));
    return this.#views.length - 1;
  }

  /** How many buffers there are. */
  get buffers(): number {
    return this.#views.length;
  }

  /** The element that was glanced at, now. */
  look({ buffer, byteOffset, element }: Glance | Access): Word {
    return readElement(this.#views[buffer]!, element, byteOffset, true);
  }

  /** Whether the access would write now: all that can do, but for a `compareExchange` that finds something else. */
  writes(access: Access): boolean {
    const { kind } = access;
    if (kind === Kind.compareExchange) return this.look(access) === access.operand;
    return kind === Kind.store || isRmw(kind);
  }

  /** What the access would give now. A notify needs a queue, which memory has not. */
  result(access: Access): Word {
    const { kind, buffer, byteOffset, element, operand, little } = access;
    if (kind === Kind.store) return 0;
    if (kind === Kind.wait) {
      return this.look(access) === operand ? WaitResult.queued : WaitResult.notEqual;
    }
    return kind === Kind.load || isRmw(kind)
      ? readElement(this.#views[buffer]!, element, byteOffset, little)
      : 0;
  }

  /** What the place holds after the access, which gave `result`. */
  left(access: Access, result: Word): Word {
    const { kind, operand } = access;
    if (!isRmw(kind) && kind !== Kind.store) return result;
    return kind === Kind.compareExchange && result !== operand ? result : combine(access, result);
  }

  /** Does a writing access that gives `result`. */
  write(access: Access, result: Word): void {
    const { buffer, byteOffset, element, size, little } = access;
    this.#mark(buffer, byteOffset, size);
    writeElement(this.#views[buffer]!, element, byteOffset, combine(access, result), little);
  }

  /** The bytes that a write would replace. */
  save({ buffer, byteOffset, size }: Access, saved: Saved): void {
    const view = this.#views[buffer]!;
    if (size === 1) saved.low = view.getUint8(byteOffset);
    else if (size === 2) saved.low = view.getUint16(byteOffset);
    else {
      saved.low = view.getUint32(byteOffset);
      if (size === 8) saved.high = view.getUint32(byteOffset + 4);
    }
  }

  /** Puts them back. */
  restore({ buffer, byteOffset, size }: Access, { low, high }: Saved): void {
    const view = this.#views[buffer]!;
    if (size === 1) view.setUint8(byteOffset, low);
    else if (size === 2) view.setUint16(byteOffset, low);
    else {
      view.setUint32(byteOffset, low);
      if (size === 8) view.setUint32(byteOffset + 4, high);
    }
  }

  /** Forgets what has been written so far: it is the same in all states. */
  seal(): void {
    this.#cells.length = 0;
    this.#initial.length = 0;
    for (const marked of this.#marked) marked.fill(0);
  }

  #mark(buffer: number, byteOffset: number, size: number): void {
    const marked = this.#marked[buffer]!;
    const last = (byteOffset + size - 1) >>> 1;
    for (let cell = byteOffset >>> 1; cell <= last; cell += 1) {
      if (marked[cell] === 0) {
        marked[cell] = 1;
        this.#cells.push(buffer, cell * 2);
        this.#initial.push(this.#views[buffer]!.getUint16(cell * 2));
      }
    }
  }

  /**
   * Appends everything that tells this state of memory from others to a key: the cells that steps have written, up to the last
   * one that is not as it was at the start. So a key does not depend on which cells happen to have been written already.
   *
   * @returns where the key ends now
   */
  appendTo(key: Uint16Array, from: number): number {
    const cells = this.#cells;
    let end = from;
    for (let i = 0; i < cells.length; i += 2) {
      key[end] = this.#views[cells[i]!]!.getUint16(cells[i + 1]!);
      end += 1;
    }
    while (end > from && key[end - 1] === this.#initial[end - 1 - from]) end -= 1;
    return end;
  }

  /** How many numbers {@link Memory.appendTo} appends at most. */
  get keyLength(): number {
    return this.#cells.length / 2;
  }

  /** All bytes of a buffer, copied. */
  bytes(buffer: number): Uint8Array {
    return new Uint8Array(this.#views[buffer]!.buffer.slice(0, this.#lengths[buffer]));
  }
}
