/**
 * `Repr`: the way of a value into a slot's storage and back.
 *
 * FM-19, the laws: `fromRepr(toRepr(v))` is `v`; `toRepr(fromRepr(r))` is `r`, for every `r` that is well-formed; what
 * `toRepr` makes is well-formed.
 *
 * @see vostd `vstd_extra::cast_ptr::Repr` and its `from_to_repr`, `to_from_repr`, `to_repr_wf`
 * @module
 */

import type { Layout } from "@memkit/core";
import { FRAME_METADATA_MAX_SIZE, META_SLOT_SMALL_SIZE } from "../slot/layout.js";
import { expectType, type FrameMeta, type MetaValue } from "./frame-meta.js";
import { storedPageTablePageMeta } from "./pt-node.js";
import { type MetaSlotStorage, readStorage } from "./storage.js";

/** How a `T` is represented as an `R`. */
export interface Repr<T, R> {
  /** Whether `repr` is what some value is represented as. */
  wf(repr: R): boolean;
  /** @throws what the layout's `write` throws for a value that is none of the type */
  toRepr(value: T): R;
  /** Caller must have checked {@link Repr.wf}. */
  fromRepr(repr: R): T;
}

/**
 * The representation of a type's metadata as storage of a slot.
 *
 * @throws {@link FrameError} `invalid-option` for what is no type
 *
 * @example
 * ```ts
 * import { struct, u32 } from "@memkit/core";
 * import { defineFrameMeta } from "@memkit/frame-meta";
 * import { reprOf } from "@memkit/frame-meta/model";
 *
 * const owned = defineFrameMeta({ name: "owned", layout: struct(["owner", u32]) });
 * const repr = reprOf(owned);
 * const storage = repr.toRepr({ owner: 7 });
 * storage.tag; // => "Empty"
 * repr.fromRepr(storage).owner; // => 7
 * ```
 */
export function reprOf<M extends FrameMeta>(type: M): Repr<MetaValue<M>, MetaSlotStorage> {
  const blank = (): DataView => new DataView(new ArrayBuffer(FRAME_METADATA_MAX_SIZE));
  expectType(type);
  const layout: Layout = type.layout;
  return {
    wf(storage) {
      if (storage.tag !== type.storage) return false;
      try {
        // Not every pattern of bits is a value (a bool of 2), and bytes that no field has must be 0, as `toRepr` leaves them.
        const back = this.toRepr(this.fromRepr(storage));
        return sameBytes(bytesOf(back), bytesOf(storage));
      } catch {
        return false; // the layout refuses these bytes: that is the answer
      }
    },
    toRepr(value) {
      const dv = blank();
      layout.write(dv, 0, value);
      return readStorage(type, dv, 0);
    },
    fromRepr(storage) {
      const dv = blank();
      writeStorageTo(dv, 0, storage);
      return layout.read(dv, 0) as MetaValue<M>;
    },
  };
}

/** Writes a storage at `offset` of a slot: the inverse of `readStorage`. */
function writeStorageTo(dv: DataView, offset: number, storage: MetaSlotStorage): void {
  const into = new Uint8Array(dv.buffer, dv.byteOffset + offset, FRAME_METADATA_MAX_SIZE);
  switch (storage.tag) {
    case "FrameLink": {
      const { next = -1, prev = -1, slot } = storage.link;
      dv.setUint32(offset, next + 1, true);
      dv.setUint32(offset + 4, prev + 1, true);
      into.set(slot, FRAME_METADATA_MAX_SIZE - META_SLOT_SMALL_SIZE);
      return;
    }
    case "PTNode":
      storedPageTablePageMeta.write(dv, offset, storage.node);
      return;
    default:
      into.set(storage.bytes);
  }
}

function bytesOf(storage: MetaSlotStorage): Uint8Array {
  const bytes = new Uint8Array(FRAME_METADATA_MAX_SIZE);
  writeStorageTo(new DataView(bytes.buffer), 0, storage);
  return bytes;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}
