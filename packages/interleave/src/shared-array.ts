/**
 * Typed arrays over shared buffers, as the code under test gets them: every element read or written is an access.
 *
 * A Proxy around a real array over the same (otherwise unused) bytes: `length`, `byteOffset`, `buffer`, `instanceof` and
 * the tag are the real array's, elements are the explorer's. The built-in methods refuse a Proxy, so they are replaced by the
 * generic ones of Array, which work element by element; a method that has no counterpart throws `unsupported`.
 *
 * @module
 */

import { accessOf, Kind, type Word } from "./access.js";
import { ELEMENTS, fit } from "./element.js";
import { InterleaveError, unsupported } from "./interleave-error.js";
import { type Host, realm } from "./realm.js";

/** What the replaced `Atomics` has to know about an array. */
export interface SharedPlace {
  /** The real array, for the errors that the real `Atomics` would throw. */
  readonly target: Int32Array;
  readonly buffer: number;
  readonly byteOffset: number;
  readonly element: number;
  readonly size: number;
}

/** A key that only replaced arrays answer. Cheaper than a WeakMap, which the collector has to go through again and again. */
const PLACE = Symbol("place");

/** Where a replaced array is, or undefined for anything else. */
export function placeOf(view: unknown): SharedPlace | undefined {
  return typeof view === "object" && view !== null
    ? (view as { readonly [PLACE]?: SharedPlace })[PLACE]
    : undefined;
}

/** Who answers accesses. @throws {@link InterleaveError} `not-running` */
export function hostNow(): Host {
  if (realm.host === undefined) throw new InterleaveError({ code: "not-running" });
  return realm.host;
}

/** The element that a property key names, or -1. */
function indexOfKey(key: string | symbol, length: number): number {
  if (typeof key !== "string") return -1;
  const first = key.charCodeAt(0);
  if (!(first >= 48 && first <= 57)) return -1; // a digit
  const index = Number(key);
  return index < length && Number.isInteger(index) && String(index) === key ? index : -1;
}

class ElementTrap implements ProxyHandler<Int32Array>, SharedPlace {
  readonly target: Int32Array;
  readonly buffer: number;
  readonly byteOffset: number;
  readonly element: number;
  readonly size: number;
  readonly #length: number;

  constructor(target: Int32Array, buffer: number, element: number) {
    this.target = target;
    this.buffer = buffer;
    this.byteOffset = target.byteOffset;
    this.element = element;
    this.size = ELEMENTS[element]!.size;
    this.#length = target.length;
  }

  #read(index: number): Word {
    const at = this.byteOffset + index * this.size;
    return hostNow().perform(accessOf(Kind.load, false, this.buffer, at, this.element));
  }

  #write(index: number, value: unknown): void {
    const at = this.byteOffset + index * this.size;
    const word = fit(this.element, value);
    hostNow().perform(accessOf(Kind.store, false, this.buffer, at, this.element, word));
  }

  get(target: Int32Array, key: string | symbol): unknown {
    const index = indexOfKey(key, this.#length);
    if (index >= 0) return this.#read(index);
    if (key === PLACE) return this;
    if (Object.hasOwn(METHODS, key)) return METHODS[key as keyof typeof METHODS];
    if (key === "constructor") return Reflect.get(globalThis, ELEMENTS[this.element]!.array);
    const value: unknown = Reflect.get(target, key, target);
    if (typeof value === "function" && Object.hasOwn(TYPED_ARRAY, key)) {
      return generic(key, value);
    }
    return value;
  }

  set(target: Int32Array, key: string | symbol, value: unknown): boolean {
    const index = indexOfKey(key, this.#length);
    if (index < 0) return Reflect.set(target, key, value, target);
    this.#write(index, value);
    return true;
  }

  getOwnPropertyDescriptor(
    target: Int32Array,
    key: string | symbol,
  ): PropertyDescriptor | undefined {
    const index = indexOfKey(key, this.#length);
    if (index < 0) return Reflect.getOwnPropertyDescriptor(target, key);
    return { value: this.#read(index), writable: true, enumerable: true, configurable: true };
  }

  defineProperty(target: Int32Array, key: string | symbol, property: PropertyDescriptor): boolean {
    const index = indexOfKey(key, this.#length);
    if (index < 0) return Reflect.defineProperty(target, key, property);
    if ("value" in property) this.#write(index, property.value);
    return true;
  }
}

const TYPED_ARRAY: object = Object.getPrototypeOf(Int32Array.prototype);

/** Methods that Array has not, or has with another result. `this` is the replaced array. */
const METHODS = {
  subarray(this: Int32Array, start?: number, end?: number): unknown {
    // The real one computes begin and length of the part.
    const part = placeOf(this)!.target.subarray(start, end);
    return sharedArray(part, placeOf(this)!.buffer, placeOf(this)!.element);
  },
  set(this: Int32Array, from: ArrayLike<number>, offset = 0): void {
    const values = Array.prototype.slice.call(from); // all of them first: the ranges may overlap
    const start = Math.trunc(Number(offset)) || 0;
    if (start < 0 || start + values.length > this.length) {
      throw new RangeError("offset is out of bounds");
    }
    values.forEach((value, i) => {
      this[start + i] = value;
    });
  },
  fill(this: Int32Array, value: unknown, start?: number, end?: number): unknown {
    const word = fit(placeOf(this)!.element, value); // also where there is nothing to fill
    return Array.prototype.fill.call(this, word, start, end);
  },
  slice(this: Int32Array, start?: number, end?: number): unknown {
    return privateArray(this, Array.prototype.slice.call(this, start, end));
  },
  map(this: Int32Array, callback: (value: unknown) => unknown, self?: unknown): unknown {
    return privateArray(this, Array.prototype.map.call(this, callback, self));
  },
  filter(this: Int32Array, callback: (value: unknown) => unknown, self?: unknown): unknown {
    return privateArray(this, Array.prototype.filter.call(this, callback, self));
  },
} as const;

/** An unshared array of the same type, made by the original constructor. */
function privateArray(like: Int32Array, values: readonly unknown[]): unknown {
  const { target } = placeOf(like)!;
  const made = new (target.constructor as Int32ArrayConstructor)(values.length);
  values.forEach((value, i) => {
    made[i] = value as number;
  });
  return made;
}

/** Copying methods: their results would be Array's. Those that change the array in place, `sort` too, work as Array's do. */
const WITHOUT_COUNTERPART: readonly (string | symbol)[] = [
  "with",
  "toReversed",
  "toSorted",
  "sort", // by text where no comparison is given
];

function generic(key: string | symbol, method: unknown): unknown {
  const counterpart: unknown = Reflect.get(Array.prototype, key);
  if (typeof counterpart !== "function" || WITHOUT_COUNTERPART.includes(key)) {
    return () => unsupported(`${String(key)} of a typed array over shared memory`);
  }
  return method === Reflect.get(TYPED_ARRAY, key) ? counterpart : method;
}

/** The replacement of `target`, an array over shared buffer number `buffer`. */
export function sharedArray(target: object, buffer: number, element: number): object {
  return new Proxy(target as Int32Array, new ElementTrap(target as Int32Array, buffer, element));
}
