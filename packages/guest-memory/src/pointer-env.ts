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
    if (type.kind === Kind.ptr) return value instanceof GuestPtr ? value.offset : value;
    return isRange(value) ? value.offsetBase : (value as { readonly ptr?: unknown }).ptr;
  }

  toLength(_: Pointer, value: unknown): unknown {
    return (value as { readonly len?: unknown }).len;
  }
}

function isRange(value: unknown): value is GuestArrayPtr | GuestStrPtr {
  return value instanceof GuestArrayPtr || value instanceof GuestStrPtr;
}
