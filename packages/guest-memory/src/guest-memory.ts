/**
 * `GuestMemory`: the one class through which a host touches a guest's memory.
 *
 * @see wiggle `src/lib.rs`, trait `GuestMemory`
 * @module
 */

import {
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  type Layout,
  type MemorySource,
  type PointerEnv,
  u8,
  u16,
  u32,
  u64,
} from "@memkit/core";
import { brand } from "./brand.js";
import type { GuestMemoryOptions } from "./claim.js";
import { GuestArrayPtr } from "./guest-array-ptr.js";
import { GuestPtr } from "./guest-ptr.js";
import { GuestStrPtr } from "./guest-str-ptr.js";
import type { Num } from "./live-scalars.js";
import { GuestPointers } from "./pointer-env.js";
import { TypedMemory } from "./typed-memory.js";

/**
 * A guest's memory, checked: every access is in bounds, aligned, and refused where a borrow forbids it.
 *
 * Final: users implement {@link MemorySource} and, if they must, {@link BorrowPolicy}; not this.
 *
 * @example
 * ```ts
 * import { struct, u32 } from "@memkit/core";
 * import { GuestMemory } from "@memkit/guest-memory";
 *
 * const mem = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
 * const point = struct(["x", u32], ["y", u32]);
 * mem.write(point, 8, { x: 1, y: 2 });
 * mem.readU32(12); // => 2
 * mem.read(point, 8); // => { x: 1, y: 2 }
 * ```
 */
export class GuestMemory extends TypedMemory {
  /** @internal Turns pointer fields into {@link GuestPtr} and back. */
  readonly pointers: PointerEnv;

  /**
   * @throws `CoreError` `invalid-source`, `source-detached`, `source-threw`
   * @throws {@link GuestError} `memory-claimed`, `invalid-option`, `options-differ`
   */
  constructor(source: MemorySource, options: GuestMemoryOptions = {}) {
    super(source, options);
    this.pointers = new GuestPointers(this);
    if (new.target === GuestMemory && this.views.resizable) {
      // biome-ignore lint/correctness/noConstructorReturn: a caller need not know that there are two kinds
      return new ResizableMemory(source, options);
    }
  }

  /**
   * A pointer to a `type` at `offset`. Nothing is checked before it is used.
   *
   * @throws {@link GuestError} `try-from-int-error` if `offset` is no address at all
   */
  ptr<L extends Layout>(type: L, offset: number): GuestPtr<L> {
    return new GuestPtr(this, this.own(type), this.normalise(offset));
  }

  /**
   * A pointer to `len` elements of `type` at `offset`. Nothing is checked before it is used.
   *
   * @throws {@link GuestError} `try-from-int-error`
   */
  arrayPtr<L extends Layout>(type: L, offset: number, len: number): GuestArrayPtr<L> {
    return new GuestArrayPtr(this, this.own(type), this.normalise(offset), this.normalise(len));
  }

  /**
   * A pointer to `len` bytes of UTF-8 at `offset`. Nothing is checked before it is used.
   *
   * @throws {@link GuestError} `try-from-int-error`
   */
  strPtr(offset: number, len: number): GuestStrPtr {
    return new GuestStrPtr(this, this.normalise(offset), this.normalise(len));
  }
}

brand(GuestMemory, "GuestMemory");

/** A memory over a resizable buffer: its scalar methods take the slow path of live-scalars.ts at once. */
class ResizableMemory extends GuestMemory {}
for (const type of [u8, i8, u16, i16, u32, i32, u64, i64, f32, f64] as readonly Num[]) {
  const name = type.name.toUpperCase();
  const methods = {
    [`read${name}`](this: GuestMemory, ptr: number): number {
      return this.liveRead(type, ptr);
    },
    [`write${name}`](this: GuestMemory, ptr: number, value: number): void {
      this.liveWrite(type, ptr, value);
    },
  };
  Object.defineProperties(ResizableMemory.prototype, Object.getOwnPropertyDescriptors(methods));
}
