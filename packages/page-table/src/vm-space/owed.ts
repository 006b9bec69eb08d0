/**
 * What an address space gives up that is more than one handle: tables, and ends of whole spaces. Frames in them whose type refuses to go
 * are held until they do (PT-14).
 *
 * @module
 */

import { Frame, type FrameTable } from "@memkit/frame-meta";
import { type Lost, releaseFailed } from "../table/release-failed.js";
import type { Releasable } from "../tlb/flusher.js";

/** The handles, as numbers, of frames that live after a drop which threw this: `release-failed`, or a `drop-failed` because of one. */
function rawsOf(error: unknown): readonly number[] {
  if (!(error instanceof Error)) return [];
  const { raws, code, cause } = error as { raws?: readonly number[]; code?: string } & Error;
  if (code === "release-failed" && raws !== undefined) return raws;
  return code === "drop-failed" && cause instanceof AggregateError
    ? cause.errors.flatMap(rawsOf)
    : [];
}

/** Drops an item, and then, as often as it is dropped again, the frames of it that refused. */
export class Owed implements Releasable {
  private rest: readonly Releasable[];
  private readonly frames: FrameTable;

  constructor(frames: FrameTable, item: Releasable) {
    this.frames = frames;
    this.rest = [item];
  }

  get dropped(): boolean {
    return this.rest.length === 0;
  }

  /** @throws what a `drop` throws; of several frames `release-failed` */
  drop(): void {
    const lost: Lost[] = [];
    this.rest = this.rest.flatMap((item): readonly Releasable[] => {
      try {
        item.drop();
        return [];
      } catch (error) {
        lost.push({ error, raws: [] });
        if (item.dropped === false) return [item];
        return rawsOf(error).map((raw) => Frame.fromRaw(this.frames, raw));
      }
    });
    if (lost.length > 1) throw releaseFailed(lost);
    if (lost.length > 0) throw lost[0]!.error;
  }
}
