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
import type { Driver } from "./driver/driver.js";
import { type HeapPlan, type InitialData, planExpansion } from "./heap-spec.js";
import type { Limits } from "./limits.js";
import { liesInHeap, type ResetOutcome, type Slot } from "./region.js";
import { RegionError } from "./region-error.js";
import type { AddrLocation, Extent, SlotLayout, SlotPart } from "./slot-layout.js";
import type { SlotPool } from "./slot-pool.js";
import { SlotViews } from "./slot-views.js";

/**
 * The most mappings that a slot in use can add: three runs of accessible pages in a reservation that was one mapping
 * split it into seven.
 */
const MAPPINGS_OF_A_SLOT = 6;

/** What a slot that was left warm leaves to its next tenant. */
export interface WarmSlot {
  readonly heapLength: number;
  /** Its charge of mappings, which stands. */
  readonly charged: number;
}

/** How many free slots keep access to their pages, and how many may. Their mappings stay charged. */
interface WarmSlots {
  readonly max: number;
  count: number;
}

/** What the region gives its slots. */
export interface SlotHome {
  readonly driver: Driver;
  readonly layout: SlotLayout;
  readonly pool: SlotPool<WarmSlot>;
  readonly warm: WarmSlots;
  /** To be called when a slot has ended, and everything with it. */
  ended(): void;
}

/** The memory of one instance on real pages. Made by `MmapRegion.newInstance`. */
export class MmapSlot implements Slot {
  readonly index: number;
  readonly limits: Limits;
  /** Address of the slot, which is that of its Instance page. */
  readonly start: number;
  readonly #home: SlotHome;
  readonly #plan: HeapPlan;
  readonly #data: readonly InitialData[];
  readonly #views: SlotViews;
  readonly #heap: MemorySource;
  #heapLength: number;
  /** What the budget wants to know when the mappings are gone. */
  #charged = 0;
  #dropped = false;

  /** @internal */
  constructor(
    home: SlotHome,
    index: number,
    start: number,
    plan: HeapPlan,
    data: readonly InitialData[],
  ) {
    this.index = index;
    this.limits = home.layout.limits;
    this.start = start;
    this.#home = home;
    this.#plan = plan;
    this.#data = data;
    this.#views = new SlotViews(home.driver, start);
    this.#heapLength = plan.initialSize;
    const buffer = (): ArrayBuffer => this.#buffer("heap");
    this.#heap = {
      get buffer() {
        return buffer();
      },
    };
    this.#open();
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
    return this.#heap;
  }

  /**
   * Bytes of heap now, a multiple of 4096.
   *
   * @throws {@link RegionError} `slot-dropped`
   */
  get heapLength(): number {
    this.#requireLive();
    return this.#heapLength;
  }

  /** The address of a part's first byte; for the stack that is its lowest. */
  addressOf(part: SlotPart): number {
    return this.start + this.#home.layout[part];
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
    return this.#home.layout.locate(address - this.start, this.heapLength);
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
   * @throws {@link RegionError} `slot-dropped`
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
    this.#home.driver.protect(this.addressOf("heap") + before, added, "read-write");
    this.#heapLength = before + added;
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
    const length = this.heapLength;
    const { initialSize } = this.#plan;
    const { driver } = this.#home;
    const heap = this.addressOf("heap");
    if (length > initialSize && !this.#views.detach("heap")) {
      throw new RegionError({ code: "view-out-of-reach", slot: this.index, part: "heap" });
    }
    if (length !== 0) driver.discard(heap, length);
    if (length > initialSize) driver.protect(heap + initialSize, length - initialSize, "none");
    this.#heapLength = initialSize;
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
    const [, ...others] = this.#home.layout.accessible(0);
    for (const { offset, length } of others) this.#home.driver.discard(this.start + offset, length);
    return outcome;
  }

  /**
   * Ends all views, gives the memory back to the system, takes access away unless the slot is left warm, and then gives the
   * slot back.
   *
   * If somebody has transferred a view away, its pages become zeros and stay, and the slot is never used again (MR-11).
   *
   * @throws {@link RegionError} `slot-dropped` when it was dropped before; `system-call-failed`, and then the slot is still
   * in use, though its views have ended and its bytes may be zeros.
   */
  drop(): void {
    this.#requireLive();
    const { driver, layout, pool, warm } = this.#home;
    const reachable = this.#views.detachAll();
    for (const { offset, length } of layout.accessible(this.#heapLength)) {
      driver.discard(this.start + offset, length);
    }
    const keepWarm = reachable && warm.count < warm.max && !pool.closed;
    if (!reachable) this.#closeAllBut(this.#views.lost);
    else if (!keepWarm) driver.protect(this.start, layout.size, "none");
    this.#dropped = true;
    pool.leaks.forget(this);
    if (keepWarm) {
      warm.count += 1;
      pool.putLast(this.index, { heapLength: this.#heapLength, charged: this.#charged }); // MR-3
    } else if (reachable) {
      driver.budget.refund(MAPPINGS_OF_A_SLOT, this.#charged);
      pool.putLast(this.index); // MR-3
    } else {
      pool.quarantine(this.index);
    }
    this.#home.ended();
  }

  /** {@link MmapSlot.drop}, unless the slot is dropped already: a `using` block may drop early. */
  [Symbol.dispose](): void {
    if (!this.#dropped) this.drop();
  }

  #requireLive(): void {
    if (this.#dropped) throw new RegionError({ code: "slot-dropped", slot: this.index });
  }

  #buffer(part: SlotPart): ArrayBuffer {
    return this.#views.buffer(part, this.#home.layout.extent(part, this.heapLength));
  }

  /** Gives access to the parts and writes the initial data; what throws leaves a cold slot. */
  #open(): void {
    const { driver, layout, pool, warm } = this.#home;
    const before = pool.leftoverOf(this.index);
    this.#charged = before?.charged ?? driver.budget.charge(MAPPINGS_OF_A_SLOT);
    if (before !== undefined) warm.count -= 1;
    try {
      if (before === undefined) this.#openCold();
      else this.#openWarm(before.heapLength);
      this.#writeInitialData();
    } catch (error) {
      this.#views.detachAll();
      pool.forgetLeftover(this.index);
      driver.protect(this.start, layout.size, "none");
      driver.budget.refund(MAPPINGS_OF_A_SLOT, this.#charged);
      throw error;
    }
  }

  #openCold(): void {
    for (const { offset, length } of this.#home.layout.accessible(this.#heapLength)) {
      this.#home.driver.protect(this.start + offset, length, "read-write");
    }
  }

  /** Only the heap differs from what the last tenant had. */
  #openWarm(before: number): void {
    const { driver } = this.#home;
    const after = this.#heapLength;
    const border = this.addressOf("heap") + Math.min(before, after);
    if (after > before) driver.protect(border, after - before, "read-write");
    else if (after < before) driver.protect(border, before - after, "none");
  }

  #writeInitialData(): void {
    if (this.#data.length === 0) return;
    const heap = this.u8("heap");
    for (const { offset, bytes } of this.#data) heap.set(bytes, offset);
  }

  #closeAllBut(kept: ReadonlySet<SlotPart>): void {
    const { driver, layout } = this.#home;
    const extents: Extent[] = [...kept].map((part) => layout.extent(part, this.#heapLength));
    let from = 0;
    for (const { offset, length } of extents.sort((a, b) => a.offset - b.offset)) {
      if (offset > from) driver.protect(this.start + from, offset - from, "none");
      from = offset + length;
    }
    if (from < layout.size) driver.protect(this.start + from, layout.size - from, "none");
  }
}
