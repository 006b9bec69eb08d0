/**
 * `HugePage`: what a tracked huge page was, for who takes it out of a table.
 *
 * Not a `Segment`, though one may have been mapped: who maps pages only does not pay for what segments can do.
 *
 * @module
 */

import { CoreError, type Droppable } from "@memkit/core";
import type { Paddr } from "@memkit/core/address";
import type { Frame, FrameTable } from "@memkit/frame-meta";
import { releaseFailed } from "./release-failed.js";

/**
 * A handle on all frames of a huge page. Map it again, drop it, or make a segment of it:
 * `Segment.fromRaw(page.table, page.intoRaw())`.
 */
export class HugePage implements Droppable {
  readonly table: FrameTable;
  private readonly whole: number;
  private held: readonly Frame[];

  /** @internal */
  constructor(table: FrameTable, held: readonly Frame[]) {
    this.table = table;
    this.whole = held.length;
    this.held = held;
  }

  get dropped(): boolean {
    return this.held.length === 0;
  }

  private live(): readonly Frame[] {
    if (this.dropped) throw new CoreError({ code: "used-after-drop", what: "huge page" });
    return this.held;
  }

  /** Frames in a row; 0 where only some of them are left. */
  get frames(): number {
    return this.live().length === this.whole ? this.whole : 0;
  }

  /** Where the first of them starts. */
  get start(): Paddr {
    return this.live()[0]!.paddr;
  }

  /** Makes numbers of it, which ends: those of `Segment.intoRaw`. */
  intoRaw(): number[] {
    const raws = this.live().map((frame) => frame.intoRaw());
    this.held = [];
    return raws;
  }

  /**
   * Lets go of the frames.
   *
   * @throws {@link PageTableError} `release-failed`: those that refused to go it still has, all others are gone. `CoreError`
   * `used-after-drop`
   */
  drop(): void {
    const errors: unknown[] = [];
    this.held = this.live().filter((frame) => {
      try {
        frame.drop();
      } catch (error) {
        errors.push(error);
      }
      return !frame.dropped;
    });
    if (errors.length > 0) throw releaseFailed(errors);
  }

  /** Drops it unless it has ended: what `using` calls. */
  [Symbol.dispose](): void {
    if (!this.dropped) this.drop();
  }
}
