/**
 * The metadata of a frame that can be in a list: two neighbours, and the metadata of a type of the caller's.
 *
 *     0    next, the slot + 1 of the frame behind, 0 for none
 *     4    prev, the slot + 1 of the frame in front, 0 for none
 *     8    the caller's metadata, up to 32 bytes: vostd's `MetaSlotSmall`
 *
 * A list therefore allocates nothing: its links lie in its frames' slots.
 *
 * @see OSTD `ostd/src/mm/frame/linked_list.rs`, `Link`; vostd `linked_list_owners.rs`, `StoredLink`
 * @module
 */

import { atomic, bool8, type FitsIn, type Struct, struct, u8, u16, u32 } from "@memkit/core";
import { META_SLOT_SMALL_SIZE } from "../slot/layout.js";
import {
  type DropContext,
  expectType,
  type FrameMeta,
  type FrameMetaDefinition,
  made,
  makeFrameMeta,
  refuseMisfit,
} from "./frame-meta.js";
import { layoutText, PT_NODE, textHash } from "./layout-text.js";
import type { MetaLayout } from "./meta-layout.js";
import type { MetaViewMut } from "./meta-view.js";

/** Alignment of the metadata inside: that of its place. */
const META_SLOT_SMALL_ALIGN = 8;

/** The layout of a link around `L`. */
export type LinkLayout<L extends MetaLayout> = Struct<
  readonly [readonly ["next", typeof u32], readonly ["prev", typeof u32], readonly ["inner", L]]
>;

/** The type of frames that can be in a list. */
export interface LinkMeta<L extends MetaLayout = MetaLayout, U extends boolean = boolean>
  extends FrameMeta<LinkLayout<L>, U> {
  /** The type whose metadata is inside. */
  readonly inner: FrameMeta<L, U>;
}

/**
 * The type of frames with the metadata of `inner` that can be in a `LinkedList`. The same object at every call.
 *
 * @throws {@link FrameError} `meta-does-not-fit` if the metadata takes more than 32 bytes or is aligned to more than 8;
 * `invalid-type-name` if the name has more than 90 bytes; `invalid-option` for what is no type
 *
 * @example
 * ```ts
 * import { struct, u32 } from "@memkit/core";
 * import { defineFrameMeta } from "@memkit/frame-meta";
 * import { linkMeta } from "@memkit/frame-meta/list";
 *
 * const page = defineFrameMeta({ name: "page", layout: struct(["owner", u32]) });
 * linkMeta(page).layout.size; // => 12
 * ```
 */
export function linkMeta<L extends MetaLayout, U extends boolean>(
  inner: FrameMeta<L, U> & { readonly layout: L & FitsIn<L, 32, 8> },
): LinkMeta<L, U> {
  const known = LINKS.get(inner);
  if (known !== undefined) return known as unknown as LinkMeta<L, U>;
  expectType(inner);
  const { name, layout, isUntyped, usage, onDrop, onDropPre } = inner as FrameMeta<L, U>;
  refuseMisfit(name, "size", layout.size, META_SLOT_SMALL_SIZE);
  refuseMisfit(name, "alignment", layout.align, META_SLOT_SMALL_ALIGN);
  const inside = insideCore(layout);
  const definition: FrameMetaDefinition<LinkLayout<L>, U> = {
    name: `Link<${name}>`,
    layout: struct(["next", u32], ["prev", u32], ["inner", inside]) as unknown as LinkLayout<L>,
    isUntyped,
    usage,
    ...(onDrop === undefined ? {} : { onDrop: (context) => onDrop(insideOf<L>(context)) }),
    ...(onDropPre === undefined ? {} : { onDropPre: (context) => onDropPre(insideOf<L>(context)) }),
  };
  const link = made({ ...makeFrameMeta(definition, "FrameLink"), inner });
  LINKS.set(inner, link as unknown as LinkMeta);
  return link;
}

const LINKS = new WeakMap<FrameMeta, LinkMeta>();

/** The same layout as core makes it, of those that are written by hand: core puts no others into a record. */
function insideCore(layout: MetaLayout): MetaLayout {
  if (layout.size === 0) return struct(); // see no-fields.ts
  if (textHash(layoutText(layout)) !== PT_NODE) return layout;
  return struct(["nrChildren", u16], ["stray", bool8], ["level", u8], ["lock", atomic(u32)]);
}

/** What the type inside learns: its own metadata, the rest as it is. */
function insideOf<L extends MetaLayout>(context: DropContext<LinkLayout<L>>): DropContext<L> {
  return {
    get meta() {
      return (context.meta as unknown as { readonly inner: MetaViewMut<L> }).inner;
    },
    get dropped() {
      return context.dropped;
    },
    table: context.table,
    paddr: context.paddr,
  };
}
