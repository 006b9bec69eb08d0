/**
 * Untyped memory: frames whose bytes are for anybody to read and write.
 *
 * @see OSTD `ostd/src/mm/frame/untyped.rs`
 * @module
 */

import { CoreError, PAGE_SIZE, type ViewCache, VmReader, VmWriter } from "@memkit/core";
import { frameError } from "../frame-error.js";
import type { DropContext, UntypedMeta } from "../meta/frame-meta.js";
import type { MetaLayout } from "../meta/meta-layout.js";
import type { FrameHandle } from "./handle.js";
import type { Segment } from "./segment.js";
import type { FrameTable } from "./table.js";

const FrameError = /* @__PURE__ */ frameError<"not-untyped">({
  "not-untyped": (d) => `frames of type ${d.type} are not untyped: their bytes are their owner's`,
});

/** What has untyped bytes: a handle on a frame, or on several. */
type Untyped = FrameHandle<UntypedMeta> | Segment<UntypedMeta>;

/** Bytes as readers and writers take them. */
type Bytes = readonly [views: ViewCache | Uint8Array, start: number, len: number];

/** The bytes of `frames` frames from `slot` on, which are in one bank. */
function bytesAt({ slots }: FrameTable, slot: number, frames: number): Bytes {
  const { geometry } = slots;
  const { views } = geometry.memory.banks[geometry.bankOf(slot)]!;
  return [views, geometry.byteOffsetOf(slot), frames * PAGE_SIZE];
}

/** @throws {@link FrameError} `not-untyped`, `type-not-bound` */
function bytesOf(of: Untyped): Bytes {
  const { table } = of;
  const [start, frames] = "frames" in of ? [of.start, of.frames] : [of.paddr, 1];
  if (frames === 0) return [new Uint8Array(0), 0, 0];
  const slot = table.slotAt(start);
  const type = table.types.knownAt(slot);
  if (!type.isUntyped) throw new FrameError({ code: "not-untyped", type: type.name });
  return bytesAt(table, slot, frames);
}

/**
 * The bytes of untyped memory, to be read.
 *
 * @throws {@link FrameError} `not-untyped`; what `VmReader` throws
 * @throws `CoreError` `used-after-drop`
 *
 * @example
 * ```ts
 * import { struct, u32 } from "@memkit/core";
 * import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
 * import { readerOf, writerOf } from "@memkit/frame-meta/untyped";
 *
 * const page = defineFrameMeta({ name: "page", layout: struct(), isUntyped: true });
 * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
 * const frame = Frame.fromUnused(table, 0x1000, page, {});
 * writerOf(frame).writeVal(u32, 7);
 * readerOf(frame).readVal(u32); // => 7
 * ```
 */
export function readerOf(of: Untyped): VmReader {
  return new VmReader(...bytesOf(of));
}

/** The bytes of untyped memory, to be written. @throws as {@link readerOf}, and what `VmWriter` throws */
export function writerOf(of: Untyped): VmWriter {
  return new VmWriter(...bytesOf(of));
}

/** What a type learns about a frame whose last handle has gone, with its bytes. */
export interface ReadableDropContext<L extends MetaLayout = MetaLayout> extends DropContext<L> {
  /** The 4096 bytes of the frame, untyped or not. */
  readonly reader: VmReader;
}

/**
 * An `onDrop`, or `onDropPre`, that reads the bytes of the frame.
 *
 * @example
 * ```ts
 * import { struct, u32 } from "@memkit/core";
 * import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
 * import { withReader, writerOf } from "@memkit/frame-meta/untyped";
 *
 * const seen: number[] = [];
 * const page = defineFrameMeta({
 *   name: "page",
 *   layout: struct(["owner", u32]),
 *   isUntyped: true,
 *   onDrop: withReader(({ meta, reader }) => {
 *     seen.push(meta.owner, reader.readVal(u32));
 *   }),
 * });
 * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(4 * 4096) } });
 * const frame = Frame.fromUnused(table, 0x1000, page, { owner: 7 });
 * writerOf(frame).writeVal(u32, 42);
 * frame.drop();
 * seen; // => [7, 42]
 * ```
 */
export function withReader<L extends MetaLayout, R>(
  hook: (context: ReadableDropContext<L>) => R,
): (context: DropContext<L>) => R {
  return (context) => {
    const { table, paddr } = context;
    return hook({
      table,
      paddr,
      get dropped() {
        return context.dropped;
      },
      get meta() {
        return context.meta;
      },
      get reader() {
        if (context.dropped) throw new CoreError({ code: "used-after-drop", what: "drop context" });
        return new VmReader(...bytesAt(table, table.slotAt(paddr), 1));
      },
    });
  };
}
