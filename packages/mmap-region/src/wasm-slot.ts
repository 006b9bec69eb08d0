/**
 * A slot whose heap is a `WebAssembly.Memory`.
 *
 * Nobody can take a memory away from an instance that imported it. Whoever still holds the instance, or `slot.memory`,
 * reads and writes it for ever, and no test from outside tells whether anybody does: a finalizer says that a memory
 * object is gone only when it is too late to use it again. Hence:
 *
 * Invariant MR-5: a memory that a tenant has had is not given to another, except when nobody was ever given `slot.memory`, so
 * that views were all there was of it, and by `uncheckedRecycle`, whose caller answers for the first tenant's instance
 * being gone.
 * Invariant MR-6: every new tenant finds a heap of zeros, but for its own initial data.
 * Invariant MR-7: when a slot is dropped or its memory replaced, every view of the old bytes that the host has taken is
 * dead (length 0), and every heap object of it throws. `memory.grow(0)` does that: growing, by however little, detaches
 * the buffer. Where `memory.toResizableBuffer()` exists (Node 26) a buffer made by it lives through growth, and is
 * detached by `memory.toFixedLengthBuffer()`.
 *
 * @module
 */

import type { MemorySource } from "@memkit/core";
import type { Access, Driver } from "./driver/driver.js";
import { type HeapPlan, largestHeap, planExpansion } from "./heap-spec.js";
import type { Limits } from "./limits.js";
import { HOST_PAGE_SIZE, WASM_PAGE_SIZE } from "./page-size.js";
import { liesInHeap, type ResetOutcome, type Slot } from "./region.js";
import { RegionError, wholeNumber } from "./region-error.js";
import type { DirtyPages } from "./slot-dirty.js";
import type { PreparedData } from "./slot-image.js";
import type { SlotPool } from "./slot-pool.js";
import { WasmPages } from "./wasm-pages.js";

/** What this package uses of a `WebAssembly.Memory`. */
export interface StructuralMemory {
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KiB; returns how many there were. */
  grow(pages: number): number;
}

/**
 * A `WebAssembly.Memory`, to be imported by an instance: the type that the consumer's own library declarations give it, or
 * the structural one where there are none (a project without DOM or worker types).
 */
export type WasmMemory = typeof globalThis extends {
  WebAssembly: { Memory: { readonly prototype: infer M extends StructuralMemory } };
}
  ? M
  : StructuralMemory;

/** A memory in a free slot, of zeros or of the image that is mapped there, and the maximum it was made with. */
export interface Leftover {
  readonly memory: WasmMemory;
  readonly maximum: number;
  readonly pages: WasmPages | undefined;
}

/** What the region gives its slots. */
export interface WasmHome {
  readonly limits: Limits;
  readonly pool: SlotPool<Leftover>;
  readonly driver: Driver | undefined;
  readonly dirty: DirtyPages;
  /** How many memories free slots keep, and how many they may. */
  readonly warm: { readonly max: number; count: number };
}

/** Without a driver a memory is cleared byte by byte; above 1 MiB a new one costs no more than that. */
const LONGEST_FILL = 2 ** 20;

/** A memory of the plan's initial size that can reach the plan's largest, and no further (MR-4). */
function createMemory(plan: HeapPlan): WasmMemory {
  const initial = plan.initialSize / WASM_PAGE_SIZE;
  const maximum = largestHeap(plan) / WASM_PAGE_SIZE;
  try {
    return new WebAssembly.Memory({ initial, maximum });
  } catch (cause) {
    throw new RegionError({ code: "out-of-memory", asked: plan.initialSize }, { cause });
  }
}

function write(memory: WasmMemory, { data }: PreparedData): void {
  const heap = new Uint8Array(memory.buffer);
  for (const { offset, bytes } of data) heap.set(bytes, offset);
}

/** Kills every view of the memory that the host has taken (MR-7). */
function retireViews(memory: WasmMemory): void {
  if ((memory.buffer as { readonly resizable?: boolean }).resizable === true) {
    memory.toFixedLengthBuffer();
  }
  memory.grow(0);
}

/** `slot.heap`: asks its memory for the buffer each time, until it has none. */
class WasmHeap implements MemorySource {
  readonly #slot: number;
  readonly #pages: WasmPages | undefined;
  #memory: WasmMemory | null;
  #end: "slot-dropped" | "heap-replaced" = "slot-dropped";

  constructor(slot: number, memory: WasmMemory, pages: WasmPages | undefined) {
    this.#slot = slot;
    this.#memory = memory;
    this.#pages = pages;
  }

  get buffer(): ArrayBuffer {
    if (this.#memory !== null) {
      this.#pages?.renewGuards();
      return this.#memory.buffer;
    }
    throw new RegionError({ code: this.#end, slot: this.#slot });
  }

  /** Kills all views and lets the memory go (MR-7). */
  retire(end: "slot-dropped" | "heap-replaced"): void {
    if (this.#memory !== null) retireViews(this.#memory);
    this.#memory = null;
    this.#end = end;
  }
}

/** The memory of one instance. Made by `WasmRegion.newInstance`. */
export class WasmSlot implements Slot {
  readonly index: number;
  readonly limits: Limits;
  readonly #home: WasmHome;
  readonly #plan: HeapPlan;
  readonly #data: PreparedData;
  #memory: WasmMemory | null;
  #pages: WasmPages | undefined;
  #heap: WasmHeap;
  /** Whether anybody was given the memory itself, which nobody can take back. */
  #lent = false;

  /** @internal */
  constructor(
    home: WasmHome,
    index: number,
    plan: HeapPlan,
    data: PreparedData,
    leftover: Leftover | undefined,
  ) {
    this.index = index;
    this.limits = home.limits;
    this.#home = home;
    this.#plan = plan;
    this.#data = data;
    this.#memory = leftover?.memory ?? createMemory(plan);
    this.#pages = leftover === undefined ? pagesOf(home, this.#memory) : leftover.pages;
    this.#heap = new WasmHeap(index, this.#memory, this.#pages);
    this.#fill(this.#memory, this.#pages);
    home.pool.leaks.register(this, index);
  }

  /** Whether the slot has been given back. */
  get dropped(): boolean {
    return this.#memory === null;
  }

  /**
   * The memory, to be imported by the instance that runs in the slot. Whoever keeps it keeps access to it, also after
   * {@link WasmSlot.drop} (MR-5).
   *
   * @throws {@link RegionError} `slot-dropped`
   */
  get memory(): WasmMemory {
    const memory = this.#live();
    this.#lent = true;
    return memory;
  }

  /**
   * The memory as the host should see it: `heap.buffer` is the present buffer, also after the guest has grown it, and
   * throws once the slot is dropped (`slot-dropped`) or has got another memory (`heap-replaced`).
   *
   * @throws {@link RegionError} `slot-dropped`
   */
  get heap(): MemorySource {
    if (this.#memory !== null) return this.#heap;
    throw new RegionError({ code: "slot-dropped", slot: this.index });
  }

  /**
   * Bytes of heap now, a multiple of 65,536.
   *
   * @throws {@link RegionError} `slot-dropped`
   */
  get heapLength(): number {
    return this.#live().buffer.byteLength;
  }

  /**
   * Adds `bytes`, rounded up to pages of 65,536, to the heap. The new bytes are zeros; views of the heap are detached.
   *
   * @param bytes - From 0, which changes nothing, to 2^32 - 1.
   * @returns the length of the heap before, in bytes
   * @throws {@link RegionError} `slot-dropped`, `invalid-argument`, `no-linear-memory`, `limits-exceeded` with lucet's
   * message for each of its limits in `what`, `out-of-memory` when the engine refuses. The heap is then as before.
   */
  expandHeap(bytes: number): number {
    const memory = this.#live();
    const before = memory.buffer.byteLength;
    const added = planExpansion(this.#plan, before, bytes);
    if (added === 0) return before;
    try {
      memory.grow(added / WASM_PAGE_SIZE);
    } catch (cause) {
      throw new RegionError({ code: "out-of-memory", asked: before + added }, { cause });
    }
    this.#pages?.renewGuards();
    return before;
  }

  /**
   * Whether `length` bytes from `offset` lie in the heap. No bytes at all do if `offset` does, so not at its end.
   *
   * @throws {@link RegionError} `slot-dropped`
   */
  memInHeap(offset: number, length: number): boolean {
    return liesInHeap(offset, length, this.heapLength);
  }

  /** {@link WasmSlot.resetHeap}: the slot holds nothing else of its instance. */
  reset(): ResetOutcome {
    return this.resetHeap();
  }

  /**
   * Puts the heap back to its initial size, zeroed, with its initial data. The tenant stays the same.
   *
   * A heap that has not grown is cleared in place (`same-memory`): instances that import it go on with the cleared one. A
   * wasm memory cannot shrink, so one that has grown is replaced (`new-memory`): `slot.memory` and `slot.heap` are
   * new, the old heap object throws `heap-replaced`, views of it are dead. An instance that imported the old memory keeps
   * it, apart from this slot: nothing it does reaches the new one. Either way globals and tables are the instance's and
   * are not reset: instantiate again for a pristine guest.
   *
   * @throws {@link RegionError} `slot-dropped`; `out-of-memory` when the engine refuses the new memory, and then nothing
   * has changed.
   */
  resetHeap(): ResetOutcome {
    const memory = this.#live();
    if (memory.buffer.byteLength === this.#plan.initialSize) {
      if (!this.#clear(memory, this.#pages)) write(memory, this.#data);
      return "same-memory";
    }
    const fresh = createMemory(this.#plan);
    const pages = pagesOf(this.#home, fresh);
    this.#fill(fresh, pages);
    this.#letGo();
    this.#heap.retire("heap-replaced");
    this.#memory = fresh;
    this.#pages = pages;
    this.#lent = false;
    this.#heap = new WasmHeap(this.index, fresh, pages);
    return "new-memory";
  }

  /**
   * Gives the slot back. Its memory is never given to another tenant if anybody was given `slot.memory` (MR-5): it is let go,
   * and freed when the last instance that imported it is. With a driver its pages go back to the system at once, so that
   * whoever still has it finds what was there first.
   *
   * Wait first for whatever Node does with a view in another thread (`fs.read`, `crypto.randomFill`): it cannot be stopped, and
   * would write into the next tenant's memory.
   *
   * @throws {@link RegionError} `slot-dropped` when it was dropped before.
   */
  drop(): void {
    const memory = this.#live();
    const { warm, pool, driver } = this.#home;
    const cheap = driver !== undefined || memory.buffer.byteLength <= LONGEST_FILL;
    if (!this.#lent && cheap && warm.count < warm.max && !pool.closed) {
      this.#recycle();
    } else {
      this.#letGo();
      this.#end();
      pool.putLast(this.index); // MR-3
    }
  }

  /** {@link WasmSlot.drop}, unless the slot is dropped already: a `using` block may drop early. */
  [Symbol.dispose](): void {
    if (this.#memory !== null) this.drop();
  }

  /**
   * Drops the slot and leaves its memory, zeroed, to the next tenant: what the function `uncheckedRecycle` calls, where
   * the caller's duties are listed.
   *
   * @internal
   */
  uncheckedRecycle(): void {
    this.#live();
    this.#recycle();
  }

  /** What the function `uncheckedGuard` calls. @internal */
  uncheckedGuard(offset: number, length: number, access: Access): void {
    const memory = this.#live();
    requireGuard(offset, length, memory.buffer.byteLength);
    if (this.#pages === undefined) {
      const capability = "guard pages without a native driver";
      throw new RegionError({ code: "unsupported", backend: "wasm", capability });
    }
    this.#pages.guard(offset, length, access);
  }

  #recycle(): void {
    const memory = this.#live();
    const { pool, warm } = this.#home;
    // One that has grown can never again be as small as this slot's tenants want it.
    const reusable = memory.buffer.byteLength === this.#plan.initialSize;
    this.#pages?.dropGuards();
    const pages = this.#pages;
    if (reusable)
      this.#clear(memory, pages); // MR-6
    else this.#letGo();
    this.#end();
    const leftover = { memory, maximum: largestHeap(this.#plan), pages };
    if (reusable && !pool.closed) warm.count += 1;
    pool.putLast(this.index, reusable ? leftover : undefined); // MR-3
  }

  #live(): WasmMemory {
    if (this.#memory !== null) return this.#memory;
    throw new RegionError({ code: "slot-dropped", slot: this.index });
  }

  /** Puts the initial data into a memory that is as it was first. */
  #fill(memory: WasmMemory, pages: WasmPages | undefined): void {
    if (pages?.mapped === undefined && pages?.map(this.#data) !== true) write(memory, this.#data);
  }

  /** @returns whether the data are there again by themselves */
  #clear(memory: WasmMemory, pages: WasmPages | undefined): boolean {
    if (pages !== undefined) return pages.clear();
    new Uint8Array(memory.buffer).fill(0);
    return false;
  }

  /** The memory is nobody's any more, as far as the region knows. */
  #letGo(): void {
    this.#pages?.dropGuards();
    this.#pages?.letGo();
  }

  #end(): void {
    this.#heap.retire("slot-dropped");
    this.#memory = null;
    this.#pages = undefined;
    this.#home.pool.leaks.forget(this);
  }
}

function pagesOf({ driver, dirty }: WasmHome, memory: WasmMemory): WasmPages | undefined {
  return driver === undefined ? undefined : new WasmPages(driver, dirty, memory);
}

/** A range of whole host pages within the heap. */
function requireGuard(offset: number, length: number, heapLength: number): void {
  const reason = "a guard is made of host pages of 4096 bytes within the heap";
  for (const [argument, value] of [
    ["offset", offset],
    ["length", length],
  ] as const) {
    if (wholeNumber(argument, value) % HOST_PAGE_SIZE !== 0 || value > heapLength) {
      throw new RegionError({ code: "invalid-argument", argument, value, reason });
    }
  }
  if (length !== 0 && offset + length <= heapLength) return;
  throw new RegionError({ code: "invalid-argument", argument: "length", value: length, reason });
}
