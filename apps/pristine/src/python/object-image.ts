/**
 * An image of JavaScript objects: what is reachable from some roots, as it was, to be put back as often as is wanted.
 *
 * It knows plain data: objects with their own properties and their prototype, arrays, maps, sets, and arrays of bytes.
 * Functions and everything that keeps its state where nobody can look are kept by identity.
 *
 * Invariant PR-2: after `restore` every object of the image has exactly the properties, the prototype, the entries and the
 * bytes that it had. Who could break it: state in closures and private fields.
 *
 * @module
 */

type Key = string | symbol;

/** Can be put back. */
interface Kept {
  restore(): void;
}

class KeptObject implements Kept {
  readonly #object: object;
  readonly #prototype: object | null;
  readonly #keys: readonly Key[];
  readonly #values: readonly unknown[];

  constructor(object: object) {
    this.#object = object;
    this.#prototype = Object.getPrototypeOf(object) as object | null;
    // Accessors are code, which says the same as before when its data do; those of their own are refused by `ObjectImage`.
    this.#keys = Reflect.ownKeys(object);
    this.#values = this.#keys.map((key) => Reflect.get(object, key) as unknown);
  }

  restore(): void {
    const object = this.#object;
    // A file that is called `__proto__` makes itself the prototype of its directory's table.
    if (Object.getPrototypeOf(object) !== this.#prototype) {
      Object.setPrototypeOf(object, this.#prototype);
    }
    const keys = this.#keys;
    const now = Reflect.ownKeys(object);
    const same = now.length === keys.length && now.every((key, n) => key === keys[n]);
    if (!same) {
      // All of them, so that their order is the old one again: a directory is listed in it.
      for (const key of now) {
        if (!isFixed(object, key)) Reflect.deleteProperty(object, key);
      }
    }
    for (let n = 0; n < keys.length; n++) {
      const key = keys[n]!;
      const value = this.#values[n];
      if (!same || Reflect.get(object, key) !== value) define(object, key, value);
    }
  }
}

const isFixed = (object: object, key: Key): boolean =>
  Object.getOwnPropertyDescriptor(object, key)?.configurable === false;

/** `__proto__` is a setter on most objects, and a property all the same when it is defined. */
function define(object: object, key: Key, value: unknown): void {
  if (Object.hasOwn(object, key)) Reflect.set(object, key, value);
  else {
    const descriptor = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(object, key, descriptor);
  }
}

class KeptBytes implements Kept {
  readonly #bytes: Uint8Array;
  readonly #copy: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#copy = bytes.slice();
  }

  restore(): void {
    // A comparison takes a third of what a copy does, and leaves shared pages shared.
    if (Buffer.compare(this.#bytes, this.#copy) !== 0) this.#bytes.set(this.#copy);
  }
}

class KeptEntries implements Kept {
  readonly #collection: Map<unknown, unknown> | Set<unknown>;
  readonly #entries: readonly (readonly [unknown, unknown])[];

  constructor(collection: Map<unknown, unknown> | Set<unknown>) {
    this.#collection = collection;
    this.#entries = [...collection.entries()];
  }

  restore(): void {
    const collection = this.#collection;
    collection.clear();
    for (const [key, value] of this.#entries) {
      if (collection instanceof Map) collection.set(key, value);
      else collection.add(key);
    }
  }
}

/** See the head of this module. */
export class ObjectImage {
  readonly #kept: Kept[] = [];
  readonly #seen: Set<object> = new Set();

  /** @param foreign - Whether an object is somebody else's: it is kept by identity, and not looked into. */
  constructor(roots: readonly object[], foreign: (object: object) => boolean = () => false) {
    const pending: unknown[] = [...roots];
    while (pending.length > 0) {
      const value = pending.pop();
      if (typeof value !== "object" || value === null) continue;
      if (this.#seen.has(value) || foreign(value)) continue;
      this.#seen.add(value);
      pending.push(...this.#keep(value));
    }
    this.#seen.clear();
  }

  /** Of objects that it puts back. */
  get size(): number {
    return this.#kept.length;
  }

  restore(): void {
    for (const kept of this.#kept) kept.restore();
  }

  /** Keeps one, and says what it leads to. */
  #keep(object: object): unknown[] {
    if (object instanceof Uint8Array) {
      this.#kept.push(new KeptBytes(object));
      return [];
    }
    if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer || isOpaque(object)) return [];
    const led: unknown[] = [];
    if (object instanceof Map || object instanceof Set) {
      this.#kept.push(new KeptEntries(object));
      led.push(...[...object.entries()].flat());
    }
    this.#kept.push(new KeptObject(object));
    for (const key of Reflect.ownKeys(object)) {
      const descriptor = Object.getOwnPropertyDescriptor(object, key);
      if (descriptor !== undefined && "value" in descriptor) led.push(descriptor.value);
    }
    return led;
  }
}

/** Objects whose state is not in their properties. */
const OPAQUE: readonly (abstract new (...values: never[]) => object)[] = [
  Promise,
  WeakMap,
  WeakSet,
  WeakRef,
  Date,
  RegExp,
  WebAssembly.Memory,
  WebAssembly.Table,
  WebAssembly.Global,
  WebAssembly.Instance,
  WebAssembly.Module,
];

const isOpaque = (object: object): boolean => OPAQUE.some((kind) => object instanceof kind);
