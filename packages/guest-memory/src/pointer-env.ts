/**
 * Pointers in values as `GuestPtr`, `GuestArrayPtr` and `GuestStrPtr`.
 *
 * @module
 */

import { Kind, type Pointer, type PointerEnv } from "@memkit/core";
import { GuestArrayPtr } from "./guest-array-ptr.js";
import type { GuestMemory } from "./guest-memory.js";
import { GuestPtr } from "./guest-ptr.js";
import { GuestStrPtr } from "./guest-str-ptr.js";

/** Stands for the address that a pointer of another memory does not have in this one: it is none, and says why. */
export const FOREIGN = "a pointer into another memory";

/** Makes pointers of one memory from addresses, and addresses from pointers; plain numbers are addresses too. */
export class GuestPointers implements PointerEnv {
  readonly #mem: GuestMemory;

  constructor(mem: GuestMemory) {
    this.#mem = mem;
  }

  fromAddress(type: Pointer, address: number, len: number | undefined): unknown {
    if (len === undefined) return new GuestPtr(this.#mem, type.element, address);
    if (type.kind === Kind.strPtr) return new GuestStrPtr(this.#mem, address, len);
    return new GuestArrayPtr(this.#mem, type.element, address, len);
  }

  toAddress(type: Pointer, value: unknown): unknown {
    const pointer = type.kind === Kind.ptr ? value instanceof GuestPtr : isRange(value);
    if (pointer && !this.#mem.isSame((value as GuestPtr | Range).mem)) return FOREIGN;
    if (type.kind === Kind.ptr) return pointer ? (value as GuestPtr).offset : value;
    return pointer ? (value as Range).offsetBase : (value as { readonly ptr?: unknown }).ptr;
  }

  toLength(_: Pointer, value: unknown): unknown {
    return (value as { readonly len?: unknown }).len;
  }
}

type Range = GuestArrayPtr | GuestStrPtr;

function isRange(value: unknown): value is Range {
  return value instanceof GuestArrayPtr || value instanceof GuestStrPtr;
}
