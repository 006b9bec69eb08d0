/**
 * Guards over arrays: borrowed, borrowed for writing, and borrowed-or-copied.
 *
 * @see wiggle `src/lib.rs`, `GuestSlice`, `GuestSliceMut`, `GuestCow`
 * @module
 */

import { CoreError, type Region, type ValueOf } from "@memkit/core";
import { demandKind } from "./demand.js";
import type { BorrowKind } from "./error.js";
import { GuestError } from "./error.js";
import { Guard } from "./guard.js";
import type { GuestMemory } from "./guest-memory.js";
import { inOurWords } from "./layout-faults.js";
import { bytesOf, type Transparent, type VectorOf, vectorOf } from "./transparent.js";

/** What the array guards share: elements, one by one or all. */
abstract class ElementGuard<T extends Transparent> extends Guard {
  readonly type: T;
  /** Number of elements. */
  readonly length: number;

  protected constructor(
    mem: GuestMemory,
    type: T,
    region: Region,
    kind: BorrowKind | undefined,
    owned?: Uint8Array,
  ) {
    super(mem, region, kind, owned);
    this.type = type;
    this.length = region.len / type.size;
  }

  /**
   * Element `index`, or undefined beyond the end.
   *
   * @throws {@link GuestError} `released`
   */
  at(index: number): ValueOf<T> | undefined {
    const { bytes, type, mem } = this; // asking for the bytes also brings the memory's views up to date
    if (!(Number.isInteger(index) && index >= 0 && index < this.length)) return undefined;
    const at = index * type.size;
    const direct = this.borrowed && mem.watch === null;
    if (direct) return mem.decodeAt(type, this.region.start + at, undefined) as ValueOf<T>;
    return type.read(new DataView(bytes.buffer, bytes.byteOffset), at) as ValueOf<T>;
  }

  /**
   * A copy of all elements, as a typed array.
   *
   * @throws {@link GuestError} `released`
   */
  toVec(): VectorOf<T> {
    return vectorOf(this.type, this.bytes.slice());
  }

  /** The elements as they are now. */
  *[Symbol.iterator](): Generator<ValueOf<T>> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as ValueOf<T>;
  }
}

/**
 * A range of guest memory borrowed for reading.
 *
 * @example
 * ```ts
 * import { u16 } from "@memkit/core";
 * import { GuestMemory } from "@memkit/guest-memory";
 *
 * const mem = new GuestMemory({ buffer: new Uint16Array([7, 8, 9]).buffer });
 * const slice = mem.arrayPtr(u16, 2, 2).asSlice()!;
 * [...slice]; // => [8, 9]
 * mem.tryWrite(u16, 4, 1).ok; // => false
 * slice.drop();
 * mem.tryWrite(u16, 4, 1).ok; // => true
 * ```
 */
export class GuestSlice<T extends Transparent = Transparent> extends ElementGuard<T> {
  /** Made by {@link GuestArrayPtr.asSlice}. */
  constructor(mem: GuestMemory, type: T, region: Region) {
    super(mem, type, region, "shared");
  }

  get guardName(): string {
    return "GuestSlice";
  }
}

/** A range of guest memory borrowed for writing: nobody else may look at it. */
export class GuestSliceMut<T extends Transparent = Transparent> extends ElementGuard<T> {
  /** Made by {@link GuestArrayPtr.asSliceMut}. */
  constructor(mem: GuestMemory, type: T, region: Region) {
    super(mem, type, region, "mut");
  }

  get guardName(): string {
    return "GuestSliceMut";
  }

  /**
   * Stores element `index`.
   *
   * @throws {@link GuestError} `released`, `try-from-int-error`; `CoreError` `index-out-of-range`
   */
  set(index: number, value: ValueOf<T>): void {
    this.demandLive();
    const { type, length } = this;
    if (!(Number.isInteger(index) && index >= 0 && index < length)) {
      throw new CoreError({ code: "index-out-of-range", type: type.name, index, length });
    }
    const encoded = elementBytes(type, [value], 1);
    this.bytes.set(encoded, index * type.size);
  }

  /**
   * Stores all elements.
   *
   * @throws {@link GuestError} `released`, `slice-lengths-differ`, `try-from-int-error`
   */
  copyFromSlice(values: ArrayLike<ValueOf<T>>): void {
    this.demandLive();
    demandLength(this.length, values);
    const encoded = elementBytes(this.type, values, this.length);
    this.bytes.set(encoded); // asked for last: looking at `values` may have grown the memory or ended the borrow
  }
}

/**
 * A range to read, borrowed if the memory allows it and copied if other threads may change it.
 *
 * @see wiggle `src/lib.rs`, `GuestCow`
 */
export class GuestCow<T extends Transparent = Transparent> extends ElementGuard<T> {
  /** Made by {@link GuestArrayPtr.asCow}; `copy` says that the bytes are not the memory's. */
  constructor(mem: GuestMemory, type: T, region: Region, copy?: Uint8Array) {
    super(mem, type, region, copy === undefined ? "shared" : undefined, copy);
  }

  get guardName(): string {
    return "GuestCow";
  }
}

/** @throws {@link GuestError} `try-from-int-error` for what is no list, `slice-lengths-differ` */
export function demandLength(expected: number, values: ArrayLike<unknown>): void {
  demandKind(typeof values === "object" && values !== null, "an array", values);
  const got = values.length;
  if (expected !== got) throw new GuestError({ code: "slice-lengths-differ", expected, got });
}

/** {@link bytesOf}, with values that do not fit in guest memory's words. */
export function elementBytes<T extends Transparent>(
  type: T,
  values: ArrayLike<ValueOf<T>>,
  count: number,
): Uint8Array {
  if (count === 0) return new Uint8Array(0); // an empty typed array may be a detached one
  try {
    return bytesOf(type, values, count);
  } catch (error) {
    throw inOurWords(error);
  }
}
