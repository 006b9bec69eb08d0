/**
 * `Segment`: handles on frames that follow each other in one bank, as one handle.
 *
 * FM-20: a segment is one handle on each of its frames, and on no other: what it takes it takes from all or from none, and
 * where a frame of it cannot be had, those before it are given back.
 *
 * @see OSTD `ostd/src/mm/frame/segment.rs`, `Segment<M>`
 * @module
 */

import { CoreError, type Droppable, PAGE_SIZE, type Paddr } from "@memkit/core";
import { tableOf } from "../argument.js";
import type { FrameMeta, MetaValue, UntypedMeta } from "../meta/frame-meta.js";
import { Refusal } from "../ref-count.js";
import { refuseFrame } from "../slot/refuse.js";
import { build, buildTaken } from "./build.js";
import { Frame } from "./frame.js";
import { rawOf } from "./raw-handle.js";
import { FrameError } from "./segment-error.js";
import { buildAll, dropSegment, incAll, takeRaws } from "./segment-steps.js";
import { type FrameToken, receive, send } from "./send.js";
import type { FrameTable } from "./table.js";

/** Contiguous frames. Made by {@link Segment.fromUnused} or {@link Segment.fromFrame}. */
export class Segment<M extends FrameMeta = FrameMeta> implements Droppable {
  readonly table: FrameTable;
  #slot: number;
  /** -1 when the handle has ended; 0 is an empty segment, which is alive. */
  #frames: number;

  private constructor(table: FrameTable, slot: number, frames: number) {
    this.table = table;
    this.#slot = slot;
    this.#frames = frames;
  }

  /**
   * Claims the unused frames from `start` up to, not including, `end`.
   *
   * @param metaOf - the metadata of each frame, by address
   * @throws {@link FrameError} `not-aligned`, `out-of-bound`, `mmio`; `reversed-range`, `empty-segment`; for the first frame
   * that cannot be had `unique`, `busy`, `in-use`, `overflow`; `directory-full`, `no-allocator`; `invalid-option` for what is no
   * table or no type; what `metaOf` or the layout
   * throws. The frames that had been claimed are torn down then, and their type is not asked; where its `onDrop` throws,
   * `drop-failed` with the error among the causes.
   *
   * @example
   * ```ts
   * import { FrameTable, unitMeta } from "@memkit/frame-meta";
   * import { Segment } from "@memkit/frame-meta/segment";
   *
   * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(8 * 4096) } });
   * const segment = Segment.fromUnused(table, 0x1000, 0x5000, unitMeta, () => ({}));
   * segment.size; // => 4 * 4096
   * const [low, high] = segment.split(0x1000);
   * low.frames; // => 1
   * high.start; // => 0x2000
   * low.drop();
   * high.drop();
   * ```
   */
  static fromUnused<M extends FrameMeta>(
    table: FrameTable,
    start: number,
    end: number,
    type: M,
    metaOf: (paddr: Paddr) => MetaValue<M>,
  ): Segment<M> {
    if (start % PAGE_SIZE === 0 && end % PAGE_SIZE !== 0) {
      throw new FrameError({ code: "not-aligned", paddr: end });
    }
    const first = tableOf(table).slotAt(start);
    const frames = (end - start) / PAGE_SIZE;
    if (frames < 0) throw new FrameError({ code: "reversed-range", start, end });
    if (frames === 0) throw new FrameError({ code: "empty-segment", start, end });
    const run = table.slots.geometry.runFrom(first);
    if (frames > run) refuseFrame(table.slots, start / PAGE_SIZE + run, Refusal.outOfBound);
    buildAll(table, first, frames, type, metaOf, build);
    return new Segment<M>(table, first, frames);
  }

  /** As {@link Segment.fromUnused}, of frames that the caller has taken out of the free set; if this throws they are in it. @internal */
  static fromTaken<M extends FrameMeta>(
    table: FrameTable,
    first: number,
    frames: number,
    type: M,
    metaOf: (paddr: Paddr) => MetaValue<M>,
  ): Segment<M> {
    buildAll(table, first, frames, type, metaOf, buildTaken);
    return new Segment<M>(table, first, frames);
  }

  /** The frame of a handle, which ends, as a segment of one. */
  static fromFrame<M extends FrameMeta>(frame: Frame<M>): Segment<M> {
    const slot = frame.live();
    frame.table.pin();
    frame.table.turn(slot, "handle", "segment");
    frame.release();
    return new Segment<M>(frame.table, slot, 1);
  }

  /**
   * The segment that {@link Segment.intoRaw} made numbers of.
   *
   * @throws {@link FrameError} as `Frame.fromRaw`; `out-of-bound` where the frames do not follow each other
   */
  static fromRaw(table: FrameTable, raws: readonly number[]): Segment {
    const first = takeRaws(table, raws);
    return new Segment(table, first, raws.length);
  }

  get dropped(): boolean {
    return this.#frames < 0;
  }

  /** Frames in the segment. @throws `CoreError` `used-after-drop` */
  get frames(): number {
    if (this.dropped) throw new CoreError({ code: "used-after-drop", what: "segment" });
    return this.#frames;
  }

  /** Bytes in the segment. */
  get size(): number {
    return this.frames * PAGE_SIZE;
  }

  /** Where the first frame starts; of an empty segment, where it would. */
  get start(): Paddr {
    const { geometry } = this.table.slots;
    if (this.frames === 0 && this.#slot > 0) {
      return (this.table.paddrOf(this.#slot - 1) + PAGE_SIZE) as Paddr;
    }
    return geometry.frames === 0 ? (0 as Paddr) : this.table.paddrOf(this.#slot);
  }

  /** Where the last frame ends. */
  get end(): Paddr {
    return (this.start + this.size) as Paddr;
  }

  /**
   * Two segments: `offset` bytes, and the rest. This one ends.
   *
   * @throws {@link FrameError} `not-aligned`; `offset-out-of-bound` unless 0 < `offset` < `size`
   */
  split(offset: number): [Segment<M>, Segment<M>] {
    const { size } = this;
    if (offset % PAGE_SIZE !== 0) throw new FrameError({ code: "not-aligned", paddr: offset });
    if (!(offset > 0 && offset < size)) {
      throw new FrameError({ code: "offset-out-of-bound", start: offset, end: offset, size });
    }
    const frames = offset / PAGE_SIZE;
    const low = new Segment<M>(this.table, this.#slot, frames);
    const high = new Segment<M>(this.table, this.#slot + frames, this.#frames - frames);
    this.#frames = -1;
    return [low, high];
  }

  /**
   * One more handle on each frame of the bytes `start` up to, not including, `end` of this segment. May be empty.
   *
   * @throws {@link FrameError} `not-aligned`; `offset-out-of-bound` unless 0 <= `start` <= `end` <= `size`; `count-at-max`, and
   * then no count has moved
   */
  slice(start: number, end: number): Segment<M> {
    const { size, table } = this;
    for (const offset of [start, end]) {
      if (offset % PAGE_SIZE !== 0) throw new FrameError({ code: "not-aligned", paddr: offset });
    }
    if (!(start >= 0 && start <= end && end <= size)) {
      throw new FrameError({ code: "offset-out-of-bound", start, end, size });
    }
    const first = this.#slot + start / PAGE_SIZE;
    const frames = (end - start) / PAGE_SIZE;
    incAll(table, first, frames);
    return new Segment<M>(table, first, frames);
  }

  /** One more handle on every frame. @throws {@link FrameError} `count-at-max`, and then no count has moved */
  clone(): Segment<M> {
    return this.slice(0, this.size);
  }

  /** Takes the first frame out of the segment, or `undefined` if it is empty. No count moves. */
  takeFirst(): Frame<M> | undefined {
    if (this.frames === 0) return undefined;
    const slot = this.#slot;
    this.table.pin();
    this.table.turn(slot, "segment", "handle");
    this.#slot += 1;
    this.#frames -= 1;
    return new Frame<M>(this.table, slot);
  }

  /** Takes frames out from the front, one by one; what is not taken stays. */
  *[Symbol.iterator](): IterableIterator<Frame<M>> {
    for (let frame = this.takeFirst(); frame !== undefined; frame = this.takeFirst()) yield frame;
  }

  /**
   * This segment as one of frames with type `N`, or `undefined` where a frame has another type. The segment stays. An empty one
   * is a segment of every type: it has no frame to ask.
   */
  tryAs<N extends FrameMeta>(type: N): Segment<N> | undefined {
    const { types } = this.table;
    for (let i = 0; i < this.frames; i += 1) {
      if (!types.isNumberOf(types.idAt(this.#slot + i), type)) return undefined;
    }
    return this as unknown as Segment<N>;
  }

  /** This segment as one of untyped memory, or `undefined` where the type of a frame is not. The segment stays. */
  tryAsUntyped(): Segment<UntypedMeta> | undefined {
    const { types } = this.table;
    for (let i = 0; i < this.frames; i += 1) {
      if (types.typeAt(this.#slot + i)?.isUntyped !== true) return undefined;
    }
    return this as unknown as Segment<UntypedMeta>;
  }

  /** Makes a number of each handle; the segment ends without moving a count. {@link Segment.fromRaw} takes them back. */
  intoRaw(): number[] {
    const { table } = this;
    const raws = Array.from({ length: this.frames }, (_, i) => rawOf(table.slots, this.#slot + i));
    for (let i = 0; i < raws.length; i += 1) {
      table.pin();
      table.turn(this.#slot + i, "segment", "raw");
    }
    this.#frames = -1;
    return raws;
  }

  /** As {@link Frame.send}: all of its handles, with one token. @throws {@link FrameError} `too-many-in-transit` */
  send(): FrameToken {
    const token = send(this.table, "segment", this.#slot, this.frames);
    this.#frames = -1;
    return token;
  }

  /** As {@link Frame.receive}. @throws {@link FrameError} `not-in-transit`, `wrong-kind` */
  static receive(table: FrameTable, token: FrameToken): Segment {
    const { slot, frames } = receive(table, "segment", token);
    return new Segment(table, slot, frames);
  }

  /**
   * One handle less on every frame. Frames whose last one it was are torn down together.
   *
   * @throws {@link FrameError} `drop-refused`, or what `onDropPre` threw: the segment stays as it was; where another agent let
   * go of a frame in the middle of this, it covers the frames from that one on. `drop-failed`: all frames are done with.
   * @throws `CoreError` `used-after-drop`
   */
  drop(): void {
    const count = this.frames;
    const first = this.#slot;
    this.#frames = -1; // first: an `onDrop` that comes back here must not find it live
    const left = dropSegment(this.table, first, count);
    if (left === undefined) return;
    this.#slot = first + count - left.frames;
    this.#frames = left.frames;
    throw left.error;
  }

  /** Drops it unless it has ended: what `using` calls. */
  [Symbol.dispose](): void {
    if (!this.dropped) this.drop();
  }
}
