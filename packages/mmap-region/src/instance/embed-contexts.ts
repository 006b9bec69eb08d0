/**
 * Values of the host that host functions need: at most one of each type, as in lucet's `CtxMap`.
 *
 * lucet's key is a type, so ours is a class: what in Rust is a newtype is a small class here. lucet's borrow errors have no
 * counterpart, for a reference of JavaScript can always be taken.
 *
 * Invariant MR-17: of each type there is at most one value; a reset leaves them alone, the end of the instance does not.
 *
 * @see lucet `lucet-runtime-internals/src/embed_ctx.rs`, `CtxMap`
 *
 * @module
 */

import { RegionError } from "../region-error.js";

/** A class, as the key of its one value. */
export type EmbedType<T> = abstract new (...args: never[]) => T;

/** The embed contexts of one instance, or of the builder that makes it. */
export class EmbedContexts {
  readonly #values: Map<EmbedType<unknown>, unknown>;

  /** @param from - Contexts to begin with. */
  constructor(from?: EmbedContexts) {
    this.#values = new Map(from === undefined ? [] : from.#values);
  }

  /** How many there are. */
  get size(): number {
    return this.#values.size;
  }

  /** Whether there is a value of that type. */
  contains(type: EmbedType<unknown>): boolean {
    return this.#values.has(type);
  }

  /** The value, or undefined when there is none of that type. */
  get<T>(type: EmbedType<T>): T | undefined {
    return this.#values.get(type) as T | undefined; // `insert` let nothing else in
  }

  /**
   * Puts a value in, and returns the one of the same type that was there.
   *
   * @throws {@link RegionError} `invalid-argument` for a value that is not of the type
   */
  insert<T>(type: EmbedType<T>, value: T): T | undefined {
    if (typeof type !== "function" || !(value instanceof type)) {
      throw new RegionError({
        code: "invalid-argument",
        argument: "embed context",
        value: typeof value,
        reason: "must be an instance of the class that it is inserted under",
      });
    }
    const before = this.get(type);
    this.#values.set(type, value);
    return before;
  }

  /** Takes a value out and returns it, or undefined when there was none. */
  remove<T>(type: EmbedType<T>): T | undefined {
    const value = this.get(type);
    this.#values.delete(type);
    return value;
  }

  /** Takes all out. */
  clear(): void {
    this.#values.clear();
  }
}
