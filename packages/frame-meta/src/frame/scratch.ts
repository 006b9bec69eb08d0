/**
 * Where metadata is put together before a slot is touched.
 *
 * A value that its layout refuses must leave the slot as it was, and a value may be an object with getters, which are
 * somebody else's code: none of it may run while a frame is busy. So the value is written here first, and words are copied.
 *
 * @module
 */

import type { Layout } from "@memkit/core";
import type { FrameMeta, MetaValue } from "../meta/frame-meta.js";
import { FRAME_METADATA_MAX_SIZE } from "../slot/layout.js";

export class MetaScratch {
  #words = new Int32Array(FRAME_METADATA_MAX_SIZE / 4);
  #dv = new DataView(this.#words.buffer);
  #busy = false;

  /**
   * The words of a value; good until the next call.
   *
   * @throws what the layout's `write` throws
   */
  encode<M extends FrameMeta>(type: M, value: MetaValue<M>): Int32Array {
    if (type.layout.size === 0) return this.#words;
    if (this.#busy) return new MetaScratch().encode(type, value); // called by a getter of another value
    this.#busy = true;
    try {
      this.#words.fill(0);
      const layout: Layout = type.layout;
      layout.write(this.#dv, 0, value);
    } finally {
      this.#busy = false;
    }
    return this.#words;
  }
}
