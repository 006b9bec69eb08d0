/**
 * A slot of real memory: lucet's `Alloc` with its addresses.
 *
 * Invariant MR-3: giving the slot number back is the last thing that dropping does.
 * Invariant MR-11: no page that another can still look at is given to a new tenant or to the system: a slot of which a view
 * is out of reach becomes zero pages, stays accessible there, and is put in quarantine.
 * Invariant MR-12: what is no part of the tenant's present heap, stack, globals or signal stack has no access, the Instance
 * page apart; touching it ends the process. Free slots that are kept warm have access and hold zeros.
 *
 * @see lucet `lucet-runtime-internals/src/alloc/mod.rs`, `Alloc`; `region/mmap.rs`, `drop_alloc`, `reset_heap`
 *
 * @module
 */

import type { MemorySource } from "@memkit/core";
import type { PageRange } from "./driver/driver.js";
import { type HeapPlan, planExpansion } from "./heap-spec.js";
import type { Limits } from "./limits.js";
import { liesInHeap, type ResetOutcome, type Slot } from "./region.js";
import { RegionError } from "./region-error.js";
import type { PreparedData } from "./slot-image.js";
import { type AddrLocation, requirePart, type SlotPart } from "./slot-layout.js";
import { type PagesHome, SlotPages } from "./slot-pages.js";
import type { SlotLedger } from "./slot-pool.js";
import { SlotViews } from "./slot-views.js";

/** How many free slots keep access to their pages, and how many may. Their mappings stay charged. */
interface WarmSlots {
  readonly max: number;
  count: number;
}

/** What the region gives its slots. */
export interface SlotHome extends PagesHome {
  /** What is left in a warm slot is its pages, with access and cleared. */
  readonly pool: SlotLedger<SlotPages>;
  readonly warm: WarmSlots;
  /** To be called when a slot has ended, and everything with it. */
  ended(): void;
}

/** What becomes of a slot that is being dropped. */
type Fate = "warm" | "cold" | "quarantine";

const NO_RANGES: readonly PageRange[] = [];

let heapBufferOf: (slot: MmapSlot) => ArrayBuffer;

/** `slot.heap`: asks its slot for the buffer each time. */
class MmapHeap implements MemorySource {
  readonly #slot: MmapSlot;

  constructor(slot: MmapSlot) {
    this.#slot = slot;
  }

  get buffer(): ArrayBuffer {
    return heapBufferOf(this.#slot);
  }
}

/** The memory of one instance on real pages. Made by `MmapRegion.newInstance`. */
export class MmapSlot implements Slot {
  static {
    heapBufferOf = (slot) => slot.#buffer("heap");
  }

  readonly index: number;
  readonly limits: Limits;
  readonly #home: SlotHome;
  readonly #plan: HeapPlan;
  readonly #data: PreparedData;
  readonly #pages: SlotPages;
  readonly #views: SlotViews;
  #heap: MemorySource | undefined;
  #fate: Fate = "cold";
  #dropped = false;

  /** @internal */
  constructor(home: SlotHome, index: number, start: number, plan: HeapPlan, data: PreparedData) {
    this.index = index;
    this.limits = home.layout.limits;
    this.#home = home;
    this.#plan = plan;
    this.#data = data;
    this.#views = new SlotViews(home.driver, start);
    const left = home.pool.leftoverOf(index);
    if (left !== undefined) home.warm.count -= 1;
    this.#pages = left ?? new SlotPages(home, start);
    this.#begin();
    home.pool.leaks.register(this, index);
  }

  /** Whether the slot has been given back. */
  get dropped(): boolean {
    return this.#dropped;
  }

  /**
   * The heap as guest memory. `heap.buffer` is the present buffer; growing the heap, and a reset that shrinks it, detach the
   * one before. It throws once the slot is dropped.
   *
   * @throws {@link RegionError} `slot-dropped`
   */
  get heap(): MemorySource {
    this.#requireLive();
    this.#heap ??= new MmapHeap(this);
    return this.#heap;
  }

  /**
   * Bytes of heap now, a multiple of 4096.
   *
   * @throws {@link RegionError} `slot-dropped`
   */
  get heapLength(): number {
    this.#requireLive();
    return this.#pages.heapLength;
  }

  /**
   * Address of the slot, which is that of its Instance page. Whoever asks can reach all parts: each is given access.
   *
   * @throws {@link RegionError} `too-many-mappings`, `system-call-failed`
   */
  get start(): number {
    if (!this.#dropped) {
      this.#home.pool.shown(this.index);
      this.#pages.showAll();
    }
    return this.#pages.start;
  }

  /**
   * The address of a part's first byte; for the stack that is its lowest.
   *
   * @throws {@link RegionError} `too-many-mappings`, `system-call-failed`: a part is given access when it is first asked for.
   */
  addressOf(part: SlotPart): number {
    requirePart(part);
    if (!this.#dropped) this.#show(part);
    return this.#pages.start + this.#home.layout[part];
  }

  /** The address at which an empty stack begins, one byte behind its last. */
  get stackTop(): number {
    return this.addressOf("stack") + this.limits.stackSize;
  }

  /**
   * What lies at an address.
   *
   * @throws {@link RegionError} `slot-dropped`
   */
  addrLocation(address: number): AddrLocation {
    const offset = typeof address === "number" ? address - this.#pages.start : Number.NaN;
    return this.#home.layout.locate(offset, this.heapLength);
  }

  /**
   * Whether `length` bytes from `offset` lie in the heap. No bytes at all do if `offset` does, so not at its end.
   *
   * @throws {@link RegionError} `slot-dropped`
   */
  memInHeap(offset: number, length: number): boolean {
    return liesInHeap(offset, length, this.heapLength);
  }

  /**
   * The bytes of a part. The array is dead (length 0) once the slot is dropped, and that of the heap also when the heap has
   * grown or shrunk.
   *
   * @throws {@link RegionError} `slot-dropped`, `invalid-argument`; `limits-exceeded` for a heap longer than the engine's arrays
   */
  u8(part: SlotPart): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer(part));
  }

  /** As {@link MmapSlot.u8}, by 2 bytes. */
  u16(part: SlotPart): Uint16Array<ArrayBuffer> {
    return new Uint16Array(this.#buffer(part));
  }

  /** As {@link MmapSlot.u8}, by 4 bytes. */
  u32(part: SlotPart): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#buffer(part));
  }

  /** As {@link MmapSlot.u8}, by 8 bytes. */
  u64(part: SlotPart): BigUint64Array<ArrayBuffer> {
    return new BigUint64Array(this.#buffer(part));
  }

  /** As {@link MmapSlot.u8}, by 8 bytes with a sign: lucet's globals. */
  i64(part: SlotPart): BigInt64Array<ArrayBuffer> {
    return new BigInt64Array(this.#buffer(part));
  }

  /**
   * Adds `bytes`, rounded up to pages of 4096, to the heap. The new bytes are zeros; views of the heap are detached.
   *
   * @param bytes - From 0, which changes nothing, to 2^32 - 1.
   * @returns the length of the heap before, in bytes
   * @throws {@link RegionError} `slot-dropped`, `invalid-argument`, `no-linear-memory`, `limits-exceeded` with lucet's
   * message for each of its limits in `what`, `system-call-failed`. The heap is then as before.
   */
  expandHeap(bytes: number): number {
    const before = this.heapLength;
    const added = planExpansion(this.#plan, before, bytes);
    if (added === 0) return before;
    this.#pages.resize(before + added);
    this.#views.detach("heap"); // one out of reach still has access to all that it shows
    return before;
  }

  /**
   * Puts the heap back to its initial size and its initial data, at the same address; all other bytes are zeros, and their
   * memory is given back to the system. Views of a heap that has grown are detached, others go on.
   *
   * @throws {@link RegionError} `slot-dropped`; `view-out-of-reach` when the heap would have to shrink under a view that
   * was transferred away, and then nothing has changed; `system-call-failed`, and then the heap may have been cleared.
   */
  resetHeap(): ResetOutcome {
    const { initialSize } = this.#plan;
    const shrinks = this.heapLength > initialSize;
    if (shrinks && !this.#views.detach("heap")) {
      throw new RegionError({ code: "view-out-of-reach", slot: this.index, part: "heap" });
    }
    this.#home.driver.discardAll(this.#pages.clearHeap(this.#views.present("heap")));
    if (shrinks) this.#pages.resize(initialSize);
    this.#writeInitialData();
    return "same-memory";
  }

  /**
   * {@link MmapSlot.resetHeap}, and stack, globals and signal stack are zeros again.
   *
   * @throws {@link RegionError} as {@link MmapSlot.resetHeap}
   */
  reset(): ResetOutcome {
    const outcome = this.resetHeap();
    this.#home.driver.discardAll(this.#pages.othersToClear());
    return outcome;
  }

  /**
   * Ends all views, gives the memory back to the system, takes access away unless the slot is left warm, and then gives the
   * slot back.
   *
   * If somebody has transferred a view away, its pages become zeros and stay, and the slot is never used again (MR-11).
   *
   * Wait first for whatever Node does with a view in another thread (`fs.read`, `crypto.randomFill`): it cannot be stopped, and
   * would write into the next tenant's memory, or end the process.
   *
   * @throws {@link RegionError} `slot-dropped` when it was dropped before; `system-call-failed`, and then the slot is still
   * in use, though its views have ended and its bytes may be zeros.
   */
  drop(): void {
    try {
      const ranges = this.beginDrop();
      if (ranges.length !== 0) this.#home.driver.discardAll(ranges);
      this.endDrop();
    } catch (error) {
      this.cancelDrop();
      throw error;
    }
  }

  /** {@link MmapSlot.drop}, unless the slot is dropped already: a `using` block may drop early. */
  [Symbol.dispose](): void {
    if (!this.#dropped) this.drop();
  }

  /**
   * The first half of a drop: ends the views.
   *
   * @returns what must be discarded before {@link MmapSlot.endDrop}
   * @internal
   */
  beginDrop(): readonly PageRange[] {
    this.#requireLive();
    const { pool, warm } = this.#home;
    const room = warm.count < warm.max && !pool.closed;
    const ranges = room ? this.#pages.clearHeap(this.#views.present("heap")) : NO_RANGES;
    const reachable = this.#views.detachAll();
    this.#fate = !reachable ? "quarantine" : room ? "warm" : "cold";
    if (this.#fate !== "warm") return NO_RANGES; // its pages go as a whole
    warm.count += 1;
    const others = this.#pages.othersToClear();
    return others.length === 0 ? ranges : [...ranges, ...others];
  }

  /** The second half came to nothing: the slot is still in use. @internal */
  cancelDrop(): void {
    if (!this.#dropped && this.#fate === "warm") this.#home.warm.count -= 1;
    this.#fate = "cold";
  }

  /** The second half of a drop. @internal */
  endDrop(): void {
    const { pool } = this.#home;
    if (this.#fate === "cold") this.#pages.close();
    else if (this.#fate === "quarantine") this.#pages.closeAllBut(this.#views.lost);
    this.#pages.forget();
    this.#dropped = true;
    pool.leaks.forget(this);
    if (this.#fate === "quarantine") pool.quarantine(this.index);
    else pool.putLast(this.index, this.#fate === "warm" ? this.#pages : undefined); // MR-3
    this.#home.ended();
  }

  /** Whether it is a slot, and one of that home. A Proxy of a slot is none. @internal */
  static isOf(slot: object, home: SlotHome): boolean {
    return #home in slot && slot.#home === home;
  }

  #requireLive(): void {
    if (this.#dropped) throw new RegionError({ code: "slot-dropped", slot: this.index });
  }

  #show(part: SlotPart): void {
    this.#home.pool.shown(this.index);
    this.#pages.show(part);
  }

  #buffer(part: SlotPart): ArrayBuffer {
    requirePart(part);
    const extent = this.#home.layout.extent(part, this.heapLength); // a live slot's
    this.#show(part);
    return this.#views.buffer(part, extent);
  }

  /** Gives access to the heap and puts the initial data there; what throws leaves a cold slot. */
  #begin(): void {
    try {
      this.#pages.begin(this.#plan.initialSize, this.#data);
      this.#writeInitialData();
    } catch (error) {
      this.#views.detachAll();
      this.#home.pool.forgetLeftover(this.index);
      this.#pages.close();
      throw error;
    }
  }

  /** An image is there by itself. */
  #writeInitialData(): void {
    if (this.#pages.mapped !== undefined || this.#data.data.length === 0) return;
    const heap = this.u8("heap");
    for (const { offset, bytes } of this.#data.data) heap.set(bytes, offset);
  }
}

/**
 * Drops slots of one region, their memory given back together.
 *
 * @throws as {@link MmapSlot.drop}; slots before the one that failed are dropped then, the others are still in use.
 */
export function dropTogether(home: SlotHome, slots: readonly MmapSlot[]): void {
  try {
    home.driver.discardAll(slots.flatMap((slot) => [...slot.beginDrop()]));
    for (const slot of slots) slot.endDrop();
  } catch (error) {
    for (const slot of slots) slot.cancelDrop();
    throw error;
  }
}
