/**
 * `MetaSlotStorage`: the union of what a slot's storage can be, told apart by the slot's type word.
 *
 * The model works with these four cases, and so does everything that looks at a frame without knowing its type. Types of a
 * program's own are `Empty` to it: 40 bytes that it gives no meaning. (vostd has 39, since its tag is one of the 40.)
 *
 * @see vostd `ostd/specs/mm/frame/meta_owners.rs`, `MetaSlotStorage`
 * @module
 */

import type { Layout } from "@memkit/core";
import { FRAME_METADATA_MAX_SIZE, META_SLOT_SMALL_SIZE } from "../slot/layout.js";
import type { FrameMeta } from "./frame-meta.js";
import type { StoredPageTablePageMeta } from "./pt-node.js";

/** What a link leaves for the metadata inside: 32 bytes. */
export type MetaSlotSmall = Uint8Array;

/** A frame's place in a list. */
export interface StoredLink {
  /** The slot of the frame behind, or `undefined` for the last one. */
  readonly next: number | undefined;
  /** The slot of the frame in front, or `undefined` for the first one. */
  readonly prev: number | undefined;
  /** The metadata inside. */
  readonly slot: MetaSlotSmall;
}

/** What a slot's storage is. */
export type MetaSlotStorage =
  /** Bytes without a meaning to the model. */
  | { readonly tag: "Empty"; readonly bytes: Uint8Array }
  /** Metadata of untyped memory. */
  | { readonly tag: "Untyped"; readonly bytes: Uint8Array }
  /** A frame that can be in a list. */
  | { readonly tag: "FrameLink"; readonly link: StoredLink }
  /** A page-table node. */
  | { readonly tag: "PTNode"; readonly node: StoredPageTablePageMeta };

const bytesAt = (dv: DataView, offset: number, length: number): Uint8Array =>
  new Uint8Array(dv.buffer, dv.byteOffset + offset, length).slice();

const neighbour = (word: number): number | undefined => (word === 0 ? undefined : word - 1);

/** The storage at `offset` of a slot with this type. A copy. */
export function readStorage(type: FrameMeta, dv: DataView, offset: number): MetaSlotStorage {
  switch (type.storage) {
    case "FrameLink": {
      const next = neighbour(dv.getUint32(offset, true));
      const prev = neighbour(dv.getUint32(offset + 4, true));
      const slot = bytesAt(dv, offset + 8, META_SLOT_SMALL_SIZE);
      return { tag: "FrameLink", link: { next, prev, slot } };
    }
    case "PTNode": {
      const layout = type.layout as Layout<unknown> as Layout<StoredPageTablePageMeta>; // that is what the tag says
      return { tag: "PTNode", node: layout.read(dv, offset) };
    }
    default:
      return { tag: type.storage, bytes: bytesAt(dv, offset, FRAME_METADATA_MAX_SIZE) };
  }
}
