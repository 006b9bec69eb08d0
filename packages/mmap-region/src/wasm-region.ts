/**
 * A region whose slots are `WebAssembly.Memory` objects: it works wherever wasm does, without native code.
 *
 * The engine reserves the address space and traps on access beyond the memory, which is what lucet's guard pages are
 * for; stack, globals and signal stack are the engine's own and outside these limits.
 *
 * @see lucet `lucet-runtime-internals/src/region/mmap.rs`, `MmapRegion`
 *
 * @module
 */

import { linear } from "./alloc-strategy.js";
import { requireDriver, requireObject } from "./argument.js";
import type { Driver } from "./driver/driver.js";
import { type HeapPlan, largestHeap, type ModuleSpec, planHeap } from "./heap-spec.js";
import { type LimitSizes, Limits } from "./limits.js";
import { WASM_PAGE_SIZE, WASM32_MAX_PAGES } from "./page-size.js";
import type { InstanceOptions, Region } from "./region.js";
import { RegionError, wholeNumberOr } from "./region-error.js";
import { DEFAULT_KEEP_RESIDENT, DirtyPages } from "./slot-dirty.js";
import { dataOf, type PreparedData } from "./slot-image.js";
import { SlotPool } from "./slot-pool.js";
import { type Leftover, type WasmHome, WasmSlot } from "./wasm-slot.js";

/** What a wasm region may have beyond the engine's memories. */
export interface WasmRegionOptions {
  /**
   * What `loadDriver` found. With it a reset and a drop give memory back to the system at once, images are mapped instead of
   * copied, and memories can have guard pages. Default: none.
   */
  readonly driver?: Driver | undefined;
  /**
   * How many free slots may keep a memory for their next tenant. Only those do whose memory nobody was ever given
   * (`slot.memory`): an instance that has a memory has it for ever. Default: 100.
   */
  readonly warmSlots?: number | undefined;
  /** With a driver, as that of a native region. Default: 256 KiB. */
  readonly keepResident?: number | undefined;
}

/** @see wasmtime `PoolingAllocationConfig::max_unused_warm_slots`, its default */
const WARM_SLOTS = 100;

/** A wasm memory is made of whole pages: a size between two of them could not be kept exactly, so it is refused. */
function requireWasmPages(argument: string, value: number): void {
  if (value % WASM_PAGE_SIZE === 0) return;
  throw new RegionError({
    code: "invalid-argument",
    argument,
    value,
    reason: "a wasm heap is made of pages of 65536 bytes: the size must be a multiple of that",
  });
}

/** Whether the new tenant could not tell this memory from a fresh one. */
function fits(left: Leftover, plan: HeapPlan, mapped: PreparedData | undefined): boolean {
  const { memory, maximum, pages } = left;
  if (maximum !== largestHeap(plan) || memory.buffer.byteLength !== plan.initialSize) return false;
  return pages?.mapped === mapped;
}

/**
 * A fixed number of slots, each a wasm memory under common limits.
 *
 * @example
 * ```ts
 * import { WasmRegion } from "@memkit/mmap-region";
 *
 * const region = WasmRegion.create(2, { heapMemorySize: 4 * 65536 });
 * const slot = region.newInstance({ heap: { initialSize: 65536 } });
 * slot.expandHeap(65536); // => 65536
 * slot.heapLength; // => 131072
 * region.freeSlots; // => 1
 * slot.drop();
 * region.freeSlots; // => 2
 * ```
 */
export class WasmRegion implements Region<WasmSlot> {
  readonly backend = "wasm";
  readonly limits: Limits;
  /** What gives memory back to the system, if anything does. */
  readonly driver: Driver | undefined;
  readonly #pool: SlotPool<Leftover>;
  readonly #home: WasmHome;

  private constructor(capacity: number, limits: Limits, options: WasmRegionOptions) {
    const { driver } = options;
    this.limits = limits;
    this.driver = driver;
    this.#pool = new SlotPool(capacity);
    const dirty = new DirtyPages(
      wholeNumberOr("keepResident", options.keepResident, DEFAULT_KEEP_RESIDENT),
    );
    const warm = { max: wholeNumberOr("warmSlots", options.warmSlots, WARM_SLOTS), count: 0 };
    this.#home = { limits, pool: this.#pool, driver, dirty, warm };
  }

  /**
   * Makes a region. No memory is made before an instance asks for it.
   *
   * @param capacity - Slots, from 0 to 2^32 - 1. The engine reserves 8 to 10 GiB of address space for each memory in
   * use, so that about 13,000 to 16,000 fit into a process on Linux x64, whatever the capacity.
   * @param sizes - The limits of every slot; what is left out has lucet's defaults. `heapMemorySize` must be a multiple
   * of 65,536 and at most 4 GiB.
   * @throws {@link RegionError} `invalid-argument` as {@link Limits.validate}, `unsupported`
   */
  static create(
    capacity: number,
    sizes: Partial<LimitSizes> = {},
    options: WasmRegionOptions = {},
  ): WasmRegion {
    requireObject("options", options);
    const { driver } = options;
    if (driver !== undefined) requireDriver(driver);
    if (driver?.name === "fake") {
      const capability = "the fake driver, which does not see the engine's memories";
      throw new RegionError({ code: "unsupported", backend: "wasm", capability });
    }
    const limits = new Limits(sizes); // a copy, for MR-1 also of what is, or claims to be, a Limits
    limits.validate();
    requireWasmPages("heapMemorySize", limits.heapMemorySize);
    if (limits.heapMemorySize > WASM32_MAX_PAGES * WASM_PAGE_SIZE) {
      const capability = "heaps of more than 0x100000000 bytes (heapMemorySize)";
      throw new RegionError({ code: "unsupported", backend: "wasm", capability });
    }
    return new WasmRegion(capacity, limits, options);
  }

  get capacity(): number {
    return this.#pool.capacity;
  }

  get freeSlots(): number {
    return this.#pool.free;
  }

  get usedSlots(): number {
    return this.#pool.capacity - this.#pool.free;
  }

  /**
   * Takes a free slot and makes the memory that the module asks for.
   *
   * @throws {@link RegionError} `region-closed`, `region-full`, and for the module and the options `invalid-argument`,
   * `incorrect-module` and `limits-exceeded`, in lucet's order; `out-of-memory` when the engine refuses. Nothing has
   * changed then.
   */
  newInstance(module: ModuleSpec, options: InstanceOptions = {}): WasmSlot {
    requireObject("module", module);
    requireObject("options", options);
    const { heap } = module;
    const plan = planHeap(this.limits, heap, options.heapLimit, WASM_PAGE_SIZE);
    requireWasmPages("heapLimit", plan.heapLimit);
    requireWasmPages("initialSize", plan.initialSize);
    requireWasmPages("maxSize", plan.maxSize ?? 0);
    const data = dataOf(module, plan.initialSize);
    const mapped = data.imageFor(this.driver) === undefined ? undefined : data;
    const position = this.#choose(options, plan, mapped);
    const index = this.#pool.numberAt(position);
    const left = this.#pool.leftoverOf(index);
    const reused = left !== undefined && fits(left, plan, mapped) ? left : undefined;
    const slot = new WasmSlot(this.#home, index, plan, data, reused);
    if (left !== undefined) this.#home.warm.count -= 1;
    this.#pool.take(position);
    return slot;
  }

  /**
   * Gives out no more slots and lets unused memories go. Slots in use live on until they are dropped.
   *
   * @throws {@link RegionError} `region-closed` when it was closed before.
   */
  close(): void {
    this.#pool.close();
  }

  /** A slot with a memory that fits, unless the caller has a strategy. */
  #choose(
    { allocStrategy }: InstanceOptions,
    plan: HeapPlan,
    mapped: PreparedData | undefined,
  ): number {
    if (allocStrategy !== undefined || this.#home.warm.count === 0) {
      return this.#pool.choose(allocStrategy ?? linear);
    }
    const position = this.#pool.find((left) => fits(left, plan, mapped));
    return position === -1 ? this.#pool.choose(linear) : position;
  }

  /** {@link WasmRegion.close}, unless the region is closed already. */
  [Symbol.dispose](): void {
    if (!this.#pool.closed) this.#pool.close();
  }
}
