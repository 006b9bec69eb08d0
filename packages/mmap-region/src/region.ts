/**
 * What a region of slots is, whatever holds their memory.
 *
 * @see lucet `lucet-runtime-internals/src/region.rs`, `Region`
 *
 * @module
 */

import type { Droppable, MemorySource } from "@memkit/core";
import type { AllocStrategy } from "./alloc-strategy.js";
import type { ModuleSpec } from "./heap-spec.js";
import type { Limits } from "./limits.js";

/** What may differ from one instance of a module to the next. */
export interface InstanceOptions {
  /** The most bytes this instance's heap may have; at most the region's `heapMemorySize`, which is the default. */
  readonly heapLimit?: number | undefined;
  /** Which free slot to take. Default: {@link linear}. */
  readonly allocStrategy?: AllocStrategy | undefined;
}

/** How a reset went. */
export type ResetOutcome =
  /** The memory was cleared where it is; instances that import it see it cleared. */
  | "same-memory"
  /** The slot has another memory; `slot.heap` must be read again. */
  | "new-memory";

/** The memory of one instance by offsets into its heap: what is the same on every backend. */
export interface Alloc {
  /** The limits of the region. */
  readonly limits: Limits;
  /** The heap, as guest memory. Stays right while the heap grows. @throws `slot-dropped` */
  readonly heap: MemorySource;
  /** Bytes of heap now. @throws `slot-dropped` */
  readonly heapLength: number;
  /** Adds bytes to the heap and returns the length before. */
  expandHeap(bytes: number): number;
  /** Puts the heap back to its initial size and contents. */
  resetHeap(): ResetOutcome;
  /**
   * Whether `length` bytes from `offset` lie in the heap. No bytes at all do if `offset` does, so not at its end.
   *
   * @throws `slot-dropped`
   */
  memInHeap(offset: number, length: number): boolean;
}

/**
 * Lucet's question, for offsets. What is not a whole number from 0 to 2^53 - 1 is not in a heap.
 *
 * @see lucet `alloc/mod.rs`, `Alloc::mem_in_heap`
 */
export function liesInHeap(offset: number, length: number, heapLength: number): boolean {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  return (
    whole && offset >= 0 && length >= 0 && offset < heapLength && length <= heapLength - offset
  );
}

/** The memory of one instance, from `newInstance` to `drop`. */
export interface Slot extends Alloc, Droppable {
  /** The number of the slot in its region, from 0. */
  readonly index: number;
  /** Puts everything that the slot holds of its instance back: the heap, and what else the backend has. */
  reset(): ResetOutcome;
}

/** The slots that a region gives out; of a union of regions, any of theirs. */
export type SlotOf<R extends Region<Slot>> = ReturnType<R["newInstance"]>;

/** A fixed number of slots under common limits. */
export interface Region<S extends Slot> {
  /** What holds the memory. */
  readonly backend: string;
  readonly limits: Limits;
  /** How many slots there are. */
  readonly capacity: number;
  /** How many of them are free. */
  readonly freeSlots: number;
  /** How many are not. */
  readonly usedSlots: number;
  /** Takes a free slot and gives it the memory that the module asks for. */
  newInstance(module: ModuleSpec, options?: InstanceOptions): S;
  /** Gives out no more slots. Those in use live on. */
  close(): void;
  /** Closes the region unless that has been done. */
  [Symbol.dispose](): void;
}
