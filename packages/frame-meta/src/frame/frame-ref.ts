/**
 * `FrameRef`: a borrowed frame.
 *
 * @see OSTD `ostd/src/mm/frame/frame_ref.rs`
 * @module
 */

import type { Paddr } from "@memkit/core";
import type { FrameMeta } from "../meta/frame-meta.js";
import type { MetaView } from "../meta/meta-view.js";
import type { Frame } from "./frame.js";

/**
 * A look at a frame through somebody else's handle. It is not counted; it ends with the handle, and then every use throws
 * `used-after-drop`. Made by `frame.borrow()`.
 */
export class FrameRef<M extends FrameMeta = FrameMeta> {
  readonly #parent: Frame<M>;

  /** @internal */
  constructor(parent: Frame<M>) {
    this.#parent = parent;
  }

  /** Where the frame starts. */
  get paddr(): Paddr {
    return this.#parent.paddr;
  }

  /** The metadata, to be read; it ends with the handle. */
  get meta(): MetaView<M["layout"]> {
    return this.#parent.meta;
  }

  /** Handles on the frame, at this moment. */
  get referenceCount(): number {
    return this.#parent.referenceCount;
  }

  /** Whether the handle has ended. */
  get dropped(): boolean {
    return this.#parent.dropped;
  }

  /** A handle of one's own. @throws {@link FrameError} `count-at-max` */
  clone(): Frame<M> {
    return this.#parent.clone();
  }
}
