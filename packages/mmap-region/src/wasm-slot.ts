/**
 * A slot whose heap is a `WebAssembly.Memory`.
 *
 * Nobody can take a memory away from an instance that imported it. Whoever still holds the instance, or `slot.memory`,
 * reads and writes it for ever, and no test from outside tells whether anybody does: a finalizer says that a memory
 * object is gone only when it is too late to use it again. Hence:
 *
 * Invariant MR-5: a memory that a tenant has had is not given to another, except by `uncheckedRecycle`, whose caller answers
 * for the first tenant's instance being gone.
 * Invariant MR-6: every new tenant finds a heap of zeros, but for its own initial data.
 * Invariant MR-7: when a slot is dropped or its memory replaced, every view of the old bytes that the host has taken is
 * dead (length 0), and every heap object of it throws. `memory.grow(0)` does that: growing, by however little, detaches
 * the buffer. Where `memory.toResizableBuffer()` exists (Node 26) a buffer made by it lives through growth, and is
 * detached by `memory.toFixedLengthBuffer()`.
 *
 * @module
 */

import type { MemorySource } from "@memkit/core";
import { type HeapPlan, type InitialData, largestHeap, planExpansion } from "./heap-spec.js";
import type { Limits } from "./limits.js";
import { WASM_PAGE_SIZE } from "./page-size.js";
import { liesInHeap, type ResetOutcome, type Slot } from "./region.js";
import { RegionError } from "./region-error.js";
import type { SlotPool } from "./slot-pool.js";

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

/** A zeroed memory in a free slot, and the maximum it was made with. */
export interface Leftover {
  readonly memory: WasmMemory;
  readonly maximum: number;
}

/** A memory of the plan's initial size that can reach the plan's largest, and no further (MR-4). */
export function createMemory(plan: HeapPlan): WasmMemory {
  const initial = plan.initialSize / WASM_PAGE_SIZE;
  const maximum = largestHeap(plan) / WASM_PAGE_SIZE;
  try {
    return new WebAssembly.Memory({ initial, maximum });
  } catch (cause) {
    throw new RegionError({ code: "out-of-memory", asked: plan.initialSize }, { cause });
  }
}

function write(memory: WasmMemory, data: readonly InitialData[]): void {
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
  #memory: WasmMemory | null;
  #end: "slot-dropped" | "heap-replaced" = "slot-dropped";

  constructor(slot: number, memory: WasmMemory) {
    this.#slot = slot;
    this.#memory = memory;
  }

  get buffer(): ArrayBuffer {
    if (this.#memory !== null) return this.#memory.buffer;
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
  readonly #pool: SlotPool<Leftover>;
  readonly #plan: HeapPlan;
  readonly #data: readonly InitialData[];
  #memory: WasmMemory | null;
  #heap: WasmHeap;

  /** @internal */
  constructor(
    index: number,
    limits: Limits,
    pool: SlotPool<Leftover>,
    plan: HeapPlan,
    data: readonly InitialData[],
    memory: WasmMemory,
  ) {
    this.index = index;
    this.limits = limits;
    this.#pool = pool;
    this.#plan = plan;
    this.#data = data;
    this.#memory = memory;
    this.#heap = new WasmHeap(index, memory);
    write(memory, data);
    pool.leaks.register(this, index);
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
    if (this.#memory !== null) return this.#memory;
    throw new RegionError({ code: "slot-dropped", slot: this.index });
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
    return this.memory.buffer.byteLength;
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
    const memory = this.memory;
    const before = memory.buffer.byteLength;
    const added = planExpansion(this.#plan, before, bytes);
    if (added === 0) return before;
    try {
      memory.grow(added / WASM_PAGE_SIZE);
    } catch (cause) {
      throw new RegionError({ code: "out-of-memory", asked: before + added }, { cause });
    }
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
    const memory = this.memory;
    if (memory.buffer.byteLength === this.#plan.initialSize) {
      new Uint8Array(memory.buffer).fill(0);
      write(memory, this.#data);
      return "same-memory";
    }
    const fresh = createMemory(this.#plan);
    write(fresh, this.#data);
    this.#heap.retire("heap-replaced");
    this.#memory = fresh;
    this.#heap = new WasmHeap(this.index, fresh);
    return "new-memory";
  }

  /**
   * Gives the slot back. Its memory is let go, never given to another tenant (MR-5); it is freed when the last instance
   * that imported it is.
   *
   * @throws {@link RegionError} `slot-dropped` when it was dropped before.
   */
  drop(): void {
    this.#end();
    this.#pool.putLast(this.index); // MR-3
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
    const memory = this.memory;
    const length = memory.buffer.byteLength;
    // One that has grown can never again be as small as this slot's tenants want it.
    const reusable = length === this.#plan.initialSize;
    if (reusable) new Uint8Array(memory.buffer).fill(0); // MR-6
    this.#end();
    this.#pool.putLast(
      this.index,
      reusable ? { memory, maximum: largestHeap(this.#plan) } : undefined,
    ); // MR-3
  }

  #end(): void {
    if (this.#memory === null) throw new RegionError({ code: "slot-dropped", slot: this.index });
    this.#heap.retire("slot-dropped");
    this.#memory = null;
    this.#pool.leaks.forget(this);
  }
}
