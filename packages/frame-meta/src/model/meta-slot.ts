/**
 * The model of a slot: vostd's ghost state, made real. Read-only pictures of one slot at one moment.
 *
 * `MetaSlotOwner` is what the proofs speak about, cell by cell; {@link view} maps it to `MetaSlotModel`, which forgets the cells.
 * Nothing here writes, and nothing of the table depends on it.
 *
 * @see vostd `ostd/specs/mm/frame/meta_owners.rs`
 * @module
 */

import { tableOf } from "../argument.js";
import type { FrameTable } from "../frame/table.js";
import type { FrameMeta, MetaValue } from "../meta/frame-meta.js";
import { reprOf } from "../meta/repr.js";
import { type MetaSlotStorage, readStorage } from "../meta/storage.js";
import { type PageUsageName, USAGE_NAMES } from "../meta/usage.js";
import { type MetaSlotStatus, statusOf } from "../ref-count.js";
import { FRAME_METADATA_MAX_SIZE, SlotWord } from "../slot/layout.js";

/** What a cell holds: verus' `MemContents`. */
export type MemContents<T> =
  | { readonly init: true; readonly value: T }
  | { readonly init: false; readonly value?: never };

const UNINIT: MemContents<never> = { init: false };

/** The four cells of a slot. */
export interface MetadataInnerPerms {
  readonly storage: MemContents<MetaSlotStorage>;
  /** The count word, an int32; `toOstdCount` makes OSTD's u64 of it. */
  readonly refCount: number;
  /** The type word: where OSTD has the address of a vtable, the table's number of a type. */
  readonly vtablePtr: MemContents<number>;
  /** The id of the list that the frame is in, 0 for none. */
  readonly inList: number;
}

/** Everything about one slot. */
export interface MetaSlotOwner {
  readonly innerPerms: MetadataInnerPerms;
  /** Where the slot is in the table's buffer, in bytes. */
  readonly slotVaddr: number;
  /** A number that is no usage, which only a write past the table can leave, is `undefined`. */
  readonly usage: PageUsageName | undefined;
  /** Where the frame is mapped, as far as whoever asks knows; the table itself does not record it. */
  readonly pathsInPt: ReadonlySet<string>;
}

/** A slot without its cells. */
export interface MetaSlotModel {
  readonly status: MetaSlotStatus;
  readonly storage: MemContents<MetaSlotStorage>;
  readonly refCount: number;
  readonly vtablePtr: MemContents<number>;
  readonly inList: number;
  readonly slotVaddr: number;
  readonly usage: PageUsageName | undefined;
}

const NO_PATHS: ReadonlySet<string> = new Set();

/** The slot with number `slot`, which must be one. */
export function ownerOf(
  table: FrameTable,
  slot: number,
  pathsInPt: ReadonlySet<string> = NO_PATHS,
): MetaSlotOwner {
  const { slots, types } = tableOf(table);
  const word = (at: number): number => slots.load(slots.wordOf(slot, at));
  const id = word(SlotWord.type);
  const slotVaddr = slots.wordOf(slot, SlotWord.storage) * 4;
  const type = types.typeOf(id);
  const storage = (): MetaSlotStorage => {
    if (type !== undefined) return readStorage(type, slots.dv, slotVaddr);
    const { buffer, byteOffset } = slots.dv;
    const bytes = new Uint8Array(buffer, byteOffset + slotVaddr, FRAME_METADATA_MAX_SIZE).slice();
    return { tag: "Empty", bytes };
  };
  return {
    innerPerms: {
      storage: id === 0 ? UNINIT : { init: true, value: storage() },
      refCount: word(SlotWord.count),
      vtablePtr: id === 0 ? UNINIT : { init: true, value: id },
      inList: word(SlotWord.list),
    },
    slotVaddr,
    usage: USAGE_NAMES[word(SlotWord.usage)],
    pathsInPt,
  };
}

/**
 * The model of a slot.
 *
 * @example
 * ```ts
 * import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
 * import { ownerOf, view } from "@memkit/frame-meta/model";
 *
 * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
 * view(ownerOf(table, 1)).status; // => "UNUSED"
 * const frame = Frame.fromUnused(table, 0x1000, unitMeta, {});
 * view(ownerOf(table, 1)).status; // => "SHARED"
 * view(ownerOf(table, 1)).usage; // => "Frame"
 * frame.drop();
 * ```
 */
export function view({ innerPerms, slotVaddr, usage }: MetaSlotOwner): MetaSlotModel {
  const { storage, refCount, vtablePtr, inList } = innerPerms;
  return { status: statusOf(refCount), storage, refCount, vtablePtr, inList, slotVaddr, usage };
}

/** A slot whose storage is read as metadata of a type. */
export interface Metadata<M extends FrameMeta> {
  readonly metadata: MetaValue<M>;
  readonly refCount: number;
  readonly vtablePtr: MemContents<number>;
  readonly inList: number;
}

/**
 * The cells of a slot, its storage as metadata of `type`; `undefined` where it is none. FM-19: what `metadataToPerms` makes of
 * it, with the same type, is the same cells.
 */
export function metadataOf<M extends FrameMeta>(
  type: M,
  { storage, refCount, vtablePtr, inList }: MetadataInnerPerms,
): Metadata<M> | undefined {
  const repr = reprOf(type);
  if (!storage.init || !repr.wf(storage.value)) return undefined;
  return { metadata: repr.fromRepr(storage.value), refCount, vtablePtr, inList };
}

/** The inverse of {@link metadataOf}. */
export function metadataToPerms<M extends FrameMeta>(
  type: M,
  { metadata, refCount, vtablePtr, inList }: Metadata<M>,
): MetadataInnerPerms {
  const value = reprOf(type).toRepr(metadata);
  return { storage: { init: true, value }, refCount, vtablePtr, inList };
}
