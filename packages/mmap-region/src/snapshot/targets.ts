/**
 * What snapshots need of WebAssembly's objects, told by what they can do and not by their class: they may come from another
 * realm, and a consumer's library declarations may not know them.
 *
 * @module
 */

import { badArgument } from "../argument.js";

/** A `WebAssembly.Memory`. */
export interface MemoryTarget {
  readonly buffer: ArrayBufferLike;
  /** Adds pages of 64 KiB; returns how many there were. */
  grow(pages: number): number;
}

/** A `WebAssembly.Instance`, or whatever has its exports. */
export interface InstanceTarget {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** A `WebAssembly.Global`. */
export interface GlobalTarget {
  value: unknown;
}

/** A number, or a bigint where addresses have 64 bits. */
export type Index = number | bigint;

/** A `WebAssembly.Table`. */
export interface TableTarget {
  readonly length: Index;
  /** The element: a function, an object or null. */
  get(index: Index): unknown;
  /** Puts an element in its place. */
  set(index: Index, value: unknown): void;
  /** Adds elements; returns how many there were. */
  grow(elements: Index, value?: unknown): Index;
}

/** A number as the table wants it. */
export const indexOf = (table: TableTarget, index: number): Index =>
  typeof table.length === "bigint" ? BigInt(index) : index;

type Kind = "Memory" | "Global" | "Table" | "Instance";

/** The classes, where the engine has them; lib.dom's own types for them are nobody's business. */
const engine = globalThis as {
  readonly WebAssembly?: Readonly<Record<Kind, { prototype: object }>>;
};

/** Whether the engine's own getter takes the value: that cannot be pretended, and works across realms. */
function branded(kind: Kind, property: string, value: unknown): boolean {
  const prototype = engine.WebAssembly?.[kind].prototype;
  const getter = prototype && Object.getOwnPropertyDescriptor(prototype, property)?.get;
  if (getter === undefined || typeof value !== "object" || value === null) return false;
  try {
    getter.call(value);
    return true;
  } catch {
    return false; // the getter's TypeError is the answer
  }
}

export const isMemory = (value: unknown): value is MemoryTarget =>
  branded("Memory", "buffer", value);
export const isTable = (value: unknown): value is TableTarget => branded("Table", "length", value);
/** Not so for a guest, nor for an object that was made with exports. */
export const isInstance = (value: unknown): boolean => branded("Instance", "exports", value);
export const isGlobal = (value: unknown): value is GlobalTarget => {
  // The getter of `value` also throws for types that JavaScript cannot see (v128), so the class is asked about.
  const prototype = engine.WebAssembly?.Global.prototype;
  const inherits = prototype !== undefined && typeof value === "object" && value !== null;
  return (
    inherits &&
    (Object.prototype.isPrototypeOf.call(prototype, value) || branded("Global", "value", value))
  );
};

/** @throws {@link RegionError} `invalid-argument` for what is neither a memory nor has exports */
export function requireTarget(value: unknown): MemoryTarget | InstanceTarget {
  if (isMemory(value)) return value;
  const exports = (value as Partial<InstanceTarget> | null | undefined)?.exports;
  if (typeof exports === "object" && exports !== null) return value as InstanceTarget;
  throw badArgument("target", value, "must be a WebAssembly.Memory or a WebAssembly.Instance");
}
