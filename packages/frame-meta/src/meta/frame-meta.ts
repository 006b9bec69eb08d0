/**
 * Types of metadata, after OSTD's `AnyFrameMeta`: what a frame carries, and what happens when its last handle goes.
 *
 * FM-10: the metadata of every frame fits its slot: a type that takes more than 40 bytes, or is aligned to more than 64, does
 * not compile, and is refused at run time too. Nobody can break it: the only way to a type is through here, and what has not come
 * this way is refused before a table is touched.
 *
 * @see OSTD `ostd/src/mm/frame/meta.rs`, `AnyFrameMeta`
 * @module
 */

import type { FitsIn, Paddr, Struct, ValueOf } from "@memkit/core";
import { objectOf, refuseOption } from "../argument.js";
import type { FrameTable } from "../frame/table.js";
import { frameError } from "../frame-error.js";
import { FRAME_METADATA_MAX_ALIGN, FRAME_METADATA_MAX_SIZE } from "../slot/layout.js";
import { layoutText, PT_NODE, textHash } from "./layout-text.js";
import { ATOMIC, type MetaLayout, STRUCT } from "./meta-layout.js";
import type { MetaViewMut } from "./meta-view.js";
import { NO_FIELDS } from "./no-fields.js";
import { type FrameUsage, PageUsage } from "./usage.js";

const FrameError = /* @__PURE__ */ frameError<"meta-does-not-fit" | "invalid-type-name">({
  "meta-does-not-fit": (d) =>
    `metadata ${d.type} has a ${d.what} of ${d.got}: a slot has room for ${d.max}`,
  "invalid-type-name": (d) => `a type's name has 1 to 96 bytes of UTF-8, not ${d.bytes}`,
});

/**
 * What a type learns about a frame whose last handle has gone. The views in it end with the call. For the frame's bytes too wrap the
 * function in `withReader` of `@memkit/frame-meta/untyped`.
 */
export interface DropContext<L extends MetaLayout = MetaLayout> {
  /** The metadata, which is nobody else's any more. */
  readonly meta: MetaViewMut<L>;
  /** The table, to drop what the frame holds. Frames that are dropped by that are torn down after this call. */
  readonly table: FrameTable;
  /** Where the frame is. */
  readonly paddr: Paddr;
  /** Whether the call has returned. */
  readonly dropped: boolean;
}

/** What a type is made of. */
export interface FrameMetaDefinition<L extends MetaLayout, U extends boolean> {
  /** 1 to 96 bytes of UTF-8. Agents that define the same type give it the same name. */
  readonly name: string;
  /** The fields. */
  readonly layout: L;
  /** Whether the frame's bytes are memory for anybody to read and write. `false` if not given. */
  readonly isUntyped?: U;
  /** What `PageUsage` the frames have. `Frame` if not given. */
  readonly usage?: FrameUsage;
  /**
   * The `atomic(u32)` field that is 1 while somebody may write the other fields of a shared frame: see `Frame.withLock`. None if
   * not given.
   */
  readonly lock?: string;
  /**
   * Called after the last handle has gone, before the frame becomes unused. What it throws is reported when the drop is done;
   * the frame becomes unused all the same.
   */
  onDrop?(context: DropContext<L>): void;
  /**
   * Called before {@link FrameMetaDefinition.onDrop}: `false` refuses the drop, and the handle stays. While this runs the handle, or
   * the list, has ended. Not asked for frames of a segment that could not be built.
   */
  onDropPre?(context: DropContext<L>): boolean;
}

/** Which case of `MetaSlotStorage` a type is. */
export type StorageTag = "Empty" | "Untyped" | "FrameLink" | "PTNode";

/** A type of metadata. Made by {@link defineFrameMeta}. */
export interface FrameMeta<L extends MetaLayout = MetaLayout, U extends boolean = boolean> {
  readonly name: string;
  readonly layout: L;
  readonly isUntyped: U;
  readonly usage: FrameUsage;
  /** Of name, layout, untypedness, usage and lock: what agents agree by. */
  readonly hash: bigint;
  /** Where the lock is in the metadata, in bytes; -1 if there is none. */
  readonly lockOffset: number;
  /** Which case of `MetaSlotStorage` this is. */
  readonly storage: StorageTag;
  /** As defined: see {@link FrameMetaDefinition.onDrop}. */
  onDrop?(context: DropContext<L>): void;
  /** As defined: see {@link FrameMetaDefinition.onDropPre}. */
  onDropPre?(context: DropContext<L>): boolean;
}

/** A type of untyped memory. */
export type UntypedMeta = FrameMeta<MetaLayout, true>;

/** The host value of a type's metadata. */
export type MetaValue<M extends FrameMeta> = ValueOf<M["layout"]>;

/** The longest name, in bytes: what an entry of the directory has room for. */
const MAX_TYPE_NAME = 96;

/** The mark of what was made here, by whichever copy of this package. No copy of a type has it: it is not enumerable. */
const MADE = /* @__PURE__ */ Symbol.for("@memkit/frame-meta/type");

/** Marks a type as made here. @internal */
export function made<M extends FrameMeta>(type: M): M {
  return Object.freeze(Object.defineProperty(type, MADE, { value: true }));
}

/** @throws {@link FrameError} `invalid-option` for what is no type of metadata, such as its definition @internal */
export function expectType(type: FrameMeta): void {
  const marked = type as (FrameMeta & { readonly [MADE]?: true }) | undefined;
  if (!marked?.[MADE]) refuseOption("type", `${typeof type}, not made by defineFrameMeta`);
}

/** @internal */
export function makeFrameMeta<L extends MetaLayout, U extends boolean>(
  definition: FrameMetaDefinition<L, U>,
  storage: StorageTag,
): FrameMeta<L, U> {
  const { name, layout, isUntyped = false as U, usage = "Frame", onDrop, onDropPre } = definition;
  const bytes = new TextEncoder().encode(name).length;
  if (!(typeof name === "string" && bytes >= 1 && bytes <= MAX_TYPE_NAME)) {
    throw new FrameError({ code: "invalid-type-name", bytes });
  }
  refuseMisfit(name, "size", layout.size, FRAME_METADATA_MAX_SIZE);
  refuseMisfit(name, "alignment", layout.align, FRAME_METADATA_MAX_ALIGN);
  const lockOffset = lockOffsetOf(definition);
  const text = `${name};${layoutText(layout)};${isUntyped};${usage};${lockOffset}`;
  return made({
    name,
    layout,
    isUntyped,
    usage,
    hash: textHash(text),
    lockOffset,
    storage,
    ...(onDrop === undefined ? {} : { onDrop }),
    ...(onDropPre === undefined ? {} : { onDropPre }),
  });
}

/** @throws {@link FrameError} `invalid-option` unless the lock is an atomic u32 of the record */
function lockOffsetOf({
  lock,
  layout,
}: {
  readonly lock?: string;
  readonly layout: MetaLayout;
}): number {
  if (lock === undefined) return -1;
  const field = layout.fields.find(({ name }) => name === lock);
  if (field?.type.kind !== ATOMIC || field.type.size !== 4 || field.offset % 4 !== 0) {
    refuseOption("lock", `${lock}, no atomic u32`);
  }
  return field.offset;
}

/** @throws {@link FrameError} `meta-does-not-fit` if there is more than the most @internal */
export function refuseMisfit(
  type: string,
  what: "size" | "alignment",
  got: number,
  max: number,
): void {
  if (got > max) throw new FrameError({ code: "meta-does-not-fit", type, what, got, max });
}

/**
 * Makes a type of metadata.
 *
 * @throws {@link FrameError} `meta-does-not-fit`, `invalid-type-name`; `invalid-option` for a `lock` that is no atomic u32 of the
 * layout, and for what is no layout of a record or no use that a frame can have
 *
 * @example
 * ```ts
 * import { atomic, struct, u32 } from "@memkit/core";
 * import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
 *
 * const pageCache = defineFrameMeta({
 *   name: "page-cache",
 *   layout: struct(["file", u32], ["readers", atomic(u32)]),
 *   isUntyped: true,
 * });
 * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
 * const frame = Frame.fromUnused(table, 0x1000, pageCache, { file: 7, readers: 0 });
 * frame.meta.file; // => 7
 * frame.meta.readers.add(1); // => 0
 * frame.drop();
 * ```
 */
export function defineFrameMeta<L extends MetaLayout, U extends boolean = false>(
  definition: FrameMetaDefinition<L, U> & { readonly layout: L & FitsIn<L, 40, 64> },
): FrameMeta<L, U> {
  const {
    layout,
    isUntyped,
    usage = "Frame",
  } = objectOf<FrameMetaDefinition<L, U>>("definition", definition);
  const use = PageUsage[usage];
  if (layout?.kind !== STRUCT) refuseOption("layout", layout);
  if (!(use > 0 && use < PageUsage.MMIO)) refuseOption("usage", usage);
  const isNode = textHash(layoutText(layout)) === PT_NODE;
  const storage = isUntyped === true ? "Untyped" : isNode ? "PTNode" : "Empty";
  return makeFrameMeta<L, U>(definition, storage);
}

/** No metadata at all: OSTD's `()`. */
export const unitMeta: FrameMeta<Struct<readonly []>, false> = /* @__PURE__ */ makeFrameMeta(
  { name: "()", layout: NO_FIELDS, isUntyped: false as const },
  "Empty",
);
