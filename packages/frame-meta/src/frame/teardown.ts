/**
 * The end of frames: from the last handle to UNUSED.
 *
 * A frame's `onDrop` may drop other frames, whose `onDrop` drops others: a page-table root with four levels below. Calls would
 * go as deep; a list of what is still to do does not. So a drop inside an `onDrop` only puts its frame on the list, and the
 * outermost drop works it off.
 *
 * FM-12: every frame whose last handle went becomes unused, also where `onDrop` threw; what was thrown is reported once, when
 * the list is empty. FM-13: a frame whose type is not bound here stays busy, with its type and metadata, in the table's list of
 * parked frames, until an agent that has bound the type drains it; likewise one of a table whose allocator is not known here.
 *
 * @module
 */

import { frameError } from "../frame-error.js";
import type { HolderKind } from "../model/frame-ledger.js";
import { REF_COUNT_BUSY } from "../ref-count.js";
import { SlotWord } from "../slot/layout.js";
import { parkFrame, takeParked } from "../slot/parked.js";
import { hex } from "../table-error.js";
import { DropScope } from "./drop-scope.js";
import type { FrameHandle } from "./handle.js";
import type { FrameTable, FreeSet } from "./table.js";

const FrameError = /* @__PURE__ */ frameError<"drop-refused" | "drop-failed">({
  "drop-refused": (d) =>
    `frame ${hex(d.pfn)} cannot end: its type refuses, or a page table maps it`,
  "drop-failed": (d) =>
    `${d.failed} errors in ending ${d.frames} frames (see the cause): they are unused, what an onDrop had still to let go of is not`,
});

export class Teardown {
  readonly #table: FrameTable;
  /** Busy frames that are still to be torn down, the next one last. */
  readonly #work: number[] = [];
  /** Those of them that the free set is not told of. */
  readonly #untold = new Set<number>();
  /** Those whose `onDrop` another agent has begun. */
  readonly #ended = new Set<number>();
  /** Who has the list in hand: a drop, or the `batch` of a segment. */
  #holders = 0;
  #errors: unknown[] = [];
  #done = 0;

  constructor(table: FrameTable) {
    this.#table = table;
  }

  /**
   * Asks the type of a frame, which this agent has just made busy, whether it may go.
   *
   * @param before - the count that it had, 1 or `REF_COUNT_UNIQUE`, and has again if this throws
   * @param kind - what held it, in the ledger, and holds it again then
   * @param handle - what has ended, and lives again then
   * @throws {@link FrameError} `drop-refused`, or what `onDropPre` threw
   */
  ask(slot: number, before: number, kind: HolderKind, handle?: FrameHandle): void {
    const { types, ledger } = this.#table;
    const type = types.typeAt(slot);
    // F2: a page table still leads here, so the handle that went was not its to give.
    if (ledger !== undefined && ledger.count(slot, "path") > 0) {
      this.#refuse(slot, before, kind, handle);
    }
    if (type?.onDropPre === undefined) return; // of a type that is not bound it is asked when the frame is drained
    const scope = new DropScope(this.#table, slot, type);
    let agreed: boolean;
    try {
      agreed = type.onDropPre(scope) !== false;
    } catch (error) {
      this.giveBack(slot, before, kind, handle);
      throw error;
    } finally {
      scope.dropped = true;
    }
    if (!agreed) this.#refuse(slot, before, kind, handle);
  }

  /** Refuses the end of a frame, which has its count again. */
  #refuse(slot: number, before: number, kind: HolderKind, handle: FrameHandle | undefined): never {
    this.giveBack(slot, before, kind, handle);
    throw new FrameError({ code: "drop-refused", pfn: this.#table.slots.geometry.pfnOf(slot) });
  }

  /**
   * Ends a busy frame whose type agrees: now, or when the drop that is under way is done.
   *
   * @param tell - whether the free set learns of it
   * @throws {@link FrameError} `drop-failed`; the frame is unused then too
   */
  finish(slot: number, tell = true): void {
    const type = this.#table.types.typeAt(slot);
    if (type === undefined || this.#table.lacksAllocator) this.park(slot);
    else if (type.onDrop === undefined) this.#free(slot, tell);
    else {
      if (!tell) this.#untold.add(slot);
      this.#work.push(slot);
      if (this.#holders === 0) this.batch(nothing);
    }
  }

  /** Busy to what it was before. */
  giveBack(slot: number, before: number, kind: HolderKind, handle?: FrameHandle): void {
    const table = this.#table;
    const { slots } = table;
    table.pin();
    slots.stepAt(slots.wordOf(slot, SlotWord.count), REF_COUNT_BUSY, before);
    table.turn(slot, "busy", kind);
    handle?.revive(slot);
  }

  /** Leaves a busy frame to an agent that can end it. */
  park(slot: number): void {
    const table = this.#table;
    table.pin();
    parkFrame(table.slots, slot);
    table.lose(slot, "busy");
  }

  /**
   * Ends a busy frame of an agent that died when it had begun to: `onDrop` does not run a second time.
   *
   * @internal
   */
  abandon(slot: number): void {
    this.#ended.add(slot);
    this.#work.push(slot);
    if (this.#holders === 0) this.batch(nothing);
  }

  /**
   * Runs `drops`, which may end many frames, and tears them down together.
   *
   * @throws what `drops` throws, or {@link FrameError} `drop-failed` with it among the causes
   */
  batch(drops: () => void): void {
    this.#holders += 1;
    try {
      drops();
    } catch (error) {
      if (this.#holders > 1) throw error;
      this.#workOff();
      if (this.#errors.length === 0) throw error;
      this.#errors.unshift(error);
    } finally {
      if (this.#holders === 1) this.#workOff();
      this.#holders -= 1;
    }
    if (this.#holders === 0) this.#report();
  }

  /**
   * See `FrameTable.drain`.
   *
   * @param freed - where to put the slots that are torn down, for who wants to know of them though this throws
   */
  drain(freed: number[] = []): number {
    const table = this.#table;
    this.batch(() => {
      for (const slot of this.#takeParked()) {
        const known = table.types.typeAt(slot) !== undefined && !table.lacksAllocator;
        if (!(known && this.#agrees(slot))) this.park(slot);
        else {
          this.#work.push(slot);
          freed.push(slot);
        }
      }
    });
    return freed.length;
  }

  #takeParked(): number[] {
    const table = this.#table;
    table.pin();
    const taken = takeParked(table.slots);
    for (const slot of taken) table.ledger?.acquire(slot, "busy");
    table.unpin();
    return taken;
  }

  /** As {@link Teardown.ask}, for a frame that nobody can be given back. */
  #agrees(slot: number): boolean {
    try {
      this.ask(slot, REF_COUNT_BUSY, "busy");
      return true;
    } catch (error) {
      if (!(error instanceof FrameError && error.code === "drop-refused")) this.#errors.push(error);
      return false;
    }
  }

  #workOff(): void {
    for (let slot = this.#work.pop(); slot !== undefined; slot = this.#work.pop()) {
      this.#done += 1;
      try {
        this.#finishOne(slot);
      } catch (error) {
        this.#errors.push(error); // the ledger's: it must not keep the frames behind it
      }
    }
  }

  #finishOne(slot: number): void {
    const type = this.#table.types.typeAt(slot);
    if (this.#ended.delete(slot)) {
      this.#release(slot, true, "ending");
      return;
    }
    if (type?.onDrop !== undefined) {
      this.#table.pin();
      this.#table.turn(slot, "busy", "ending"); // whoever finds it so does not run `onDrop` again
      const scope = new DropScope(this.#table, slot, type);
      this.#collect(() => type.onDrop?.(scope));
      scope.dropped = true;
    }
    this.#release(slot, !this.#untold.delete(slot), type?.onDrop === undefined ? "busy" : "ending");
  }

  /** The end of a frame whose type has nothing to do about it: at once, for nothing can come of it. */
  #free(slot: number, tell: boolean): void {
    this.#done += 1;
    this.#release(slot, tell, "busy");
    if (this.#holders === 0) this.#report();
  }

  #release(slot: number, tell: boolean, kind: "busy" | "ending"): void {
    const table = this.#table;
    const { slots, freeSet } = table;
    table.pin();
    // Before the frame is unused: it must not be claimed by address and found in the free set afterwards.
    if (tell && freeSet !== undefined) this.#tell(freeSet, slots.geometry.pfnOf(slot));
    const refusal = slots.releaseAt(slots.wordOf(slot, SlotWord.count));
    freeSet?.settle?.();
    table.lose(slot, kind);
    if (refusal < 0) this.#blame(slot, refusal);
  }

  /** The slot was written over while its frame was busy: it cannot be freed, and that is all that can be said. */
  #blame(slot: number, refusal: number): void {
    this.#collect(() => this.#table.refuse(slot, refusal));
  }

  /** By hand, not by `#collect`: a closure for each frame would be more garbage than its handle. */
  #tell(freeSet: FreeSet, pfn: number): void {
    try {
      freeSet.add(pfn);
    } catch (error) {
      this.#errors.push(error);
    }
  }

  /** Runs somebody else's code; what it throws is reported when the list is empty. */
  #collect(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#errors.push(error);
    }
  }

  #report(): void {
    const errors = this.#errors;
    const frames = this.#done;
    this.#done = 0;
    if (errors.length === 0) return;
    this.#errors = [];
    const cause = new AggregateError(errors, `${errors.length} errors`);
    throw new FrameError({ code: "drop-failed", frames, failed: errors.length }, { cause });
  }
}

function nothing(): void {
  // `batch` of the work that is on the list already.
}
