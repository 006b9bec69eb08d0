/**
 * A region whose slots are real memory, mapped by a driver as lucet's `MmapRegion` maps them.
 *
 * Invariants MR-2, MR-25 and MR-26 are the pool's; MR-10 is kept by charging each slot for its mappings before the first of them is made.
 *
 * @see lucet `lucet-runtime-internals/src/region/mmap.rs`, `MmapRegion`
 *
 * @module
 */

import { linear } from "./alloc-strategy.js";
import { badArgument, objectsOf, requireDriver, requireObject } from "./argument.js";
import type { Driver } from "./driver/driver.js";
import { type ModuleSpec, planHeap } from "./heap-spec.js";
import { offerAccount } from "./inspect/account.js";
import { type LimitSizes, Limits } from "./limits.js";
import { dropTogether, MmapSlot, type SlotHome } from "./mmap-slot.js";
import { HOST_PAGE_SIZE } from "./page-size.js";
import type { InstanceOptions, Region } from "./region.js";
import { RegionError, wholeNumberOr } from "./region-error.js";
import { DEFAULT_KEEP_RESIDENT, DirtyPages } from "./slot-dirty.js";
import { dataOf, type PreparedData } from "./slot-image.js";
import { RUNS, SlotLayout } from "./slot-layout.js";
import type { SlotPages } from "./slot-pages.js";
import { type SlotLedger, SlotPool } from "./slot-pool.js";
import { SharedSlots } from "./slot-shared.js";
import { type Slab, SlotSpace } from "./slot-space.js";

/** What a native region may have beyond lucet's. */
export interface MmapRegionOptions {
  /**
   * A guard page behind each slot. Without it the signal stack of one slot touches the Instance page of the next, as in
   * lucet. Default: false.
   */
  readonly slotGuard?: boolean | undefined;
  /**
   * How many free slots may keep access to their pages, so that the next tenant needs fewer system calls, and none if it has
   * the same module. They are cleared like those of any other; their mappings stay. Default: 0, as in lucet.
   */
  readonly warmSlots?: number | undefined;
  /**
   * Bytes that a heap may keep in memory when it is reset, or dropped into a warm slot: up to so many bytes of dirty pages
   * are cleared in place, beyond that all are given back to the system. Default: 256 KiB.
   */
  readonly keepResident?: number | undefined;
  /**
   * Lets other threads take slots, too: see {@link MmapRegion.share}. No slot stays warm then, for another thread could not
   * know what was left in it. Default: false.
   */
  readonly shared?: boolean | undefined;
  /** Asks for huge pages in heaps of 2 MiB and more: fewer faults, more memory. Default: false. */
  readonly hugePages?: boolean | undefined;
}

/** What another thread attaches a shared region by. It can be posted to a worker, or be its `workerData`. */
export interface SharedRegion {
  /** The number of the thread that attaches by this, for {@link MmapRegion.reclaim}. */
  readonly agent: number;
  readonly sizes: LimitSizes;
  readonly alignment: number;
  readonly options: MmapRegionOptions;
  readonly slabs: readonly Slab[];
  /** Whose which slot is. */
  readonly words: SharedArrayBuffer;
  /** The account of the process's mappings. */
  readonly budget: SharedArrayBuffer;
}

type Settings = { readonly [K in keyof MmapRegionOptions]-?: NonNullable<MmapRegionOptions[K]> };

/**
 * A fixed number of slots in reserved address space, under common limits.
 *
 * @example
 * ```ts
 * import { FakeDriver } from "@memkit/mmap-region/fake-driver"; // or `loadDriver` of `./driver`, for real memory
 * import { MmapRegion } from "@memkit/mmap-region/mmap";
 *
 * const region = MmapRegion.create(new FakeDriver(), 2, { heapMemorySize: 65536 });
 * const slot = region.newInstance({ heap: { initialSize: 4096 } });
 * slot.u8("stack").length; // => 131072
 * slot.expandHeap(1); // => 4096
 * slot.heapLength; // => 8192
 * slot.addrLocation(slot.addressOf("heap") + 8192); // => "inaccessible-heap"
 * slot.drop();
 * region.freeSlots; // => 2
 * region.close();
 * ```
 */
export class MmapRegion implements Region<MmapSlot> {
  readonly backend = "mmap";
  readonly limits: Limits;
  readonly driver: Driver;
  readonly #pool: SlotLedger<SlotPages>;
  readonly #space: SlotSpace;
  readonly #home: SlotHome;
  readonly #settings: Settings;

  private constructor(
    driver: Driver,
    layout: SlotLayout,
    pool: SlotLedger<SlotPages>,
    space: SlotSpace,
    settings: Settings,
  ) {
    this.limits = layout.limits;
    this.driver = driver;
    this.#pool = pool;
    this.#space = space;
    this.#settings = settings;
    const { warmSlots, keepResident, hugePages } = settings;
    const warm = { max: warmSlots, count: 0 };
    const dirty = new DirtyPages(keepResident);
    const ended = (): void => this.#releaseIfDone();
    this.#home = { driver, layout, pool, warm, dirty, hugePages, ended };
    offerAccount(this, () => ({
      driver,
      layout,
      slabs: space.slabs,
      quarantined: pool.quarantined,
      isWarm: (number) => pool.leftoverOf(number) !== undefined,
    }));
  }

  /**
   * Reserves the address space of all slots, without memory and without access.
   *
   * @param capacity - Slots, from 0 to 2^32 - 1. With the default limits each takes 8 GiB of address space, of which a
   * process on Linux x64 has 128 TiB: about 14,700 fit into nine tenths of that.
   * @param sizes - The limits of every slot; what is left out has lucet's defaults.
   * @throws {@link RegionError} `invalid-argument` as {@link Limits.validate}, `limits-exceeded`, `unsupported`,
   * `out-of-address-space`, `too-many-mappings`, `system-call-failed`. Nothing is reserved then.
   */
  static create(
    driver: Driver,
    capacity: number,
    sizes: Partial<LimitSizes> = {},
    options: MmapRegionOptions = {},
  ): MmapRegion {
    return MmapRegion.createAligned(driver, capacity, sizes, 0, options);
  }

  /**
   * {@link MmapRegion.create}, with the address of every heap a multiple of `heapAlignment`.
   *
   * @param heapAlignment - A power of two; 0 asks for nothing.
   * @throws {@link RegionError} as {@link MmapRegion.create}
   */
  static createAligned(
    driver: Driver,
    capacity: number,
    sizes: Partial<LimitSizes>,
    heapAlignment: number,
    options: MmapRegionOptions = {},
  ): MmapRegion {
    requireDriver(driver);
    requireObject("options", options);
    const limits = new Limits(sizes); // a copy, for MR-1 also of what is, or claims to be, a Limits
    limits.validate();
    if (driver.pageSize !== HOST_PAGE_SIZE) {
      const capability = `pages of ${driver.pageSize} bytes; limits count in pages of ${HOST_PAGE_SIZE}`;
      throw new RegionError({ code: "unsupported", backend: "mmap", capability });
    }
    const layout = new SlotLayout(limits, heapAlignment, options.slotGuard ?? false);
    const settings = settingsOf(options);
    const pool = settings.shared
      ? SharedSlots.create<SlotPages>(capacity)
      : new SlotPool<SlotPages>(capacity);
    const space = SlotSpace.reserve(driver, layout, capacity);
    return new MmapRegion(driver, layout, pool, space, settings);
  }

  /**
   * A region that another thread has created, for this one to take slots of. Slots are dropped by the thread that took them;
   * whoever drops the last one of a closed region gives its address space back.
   *
   * @param handle - What {@link MmapRegion.share} returned there: one for each thread.
   * @throws {@link RegionError} `invalid-argument`
   */
  static attach(driver: Driver, handle: SharedRegion): MmapRegion {
    requireDriver(driver);
    requireObject("handle", handle);
    const { agent, sizes, alignment, options, slabs, words, budget } = handle;
    requireObject("handle.options", options);
    const settings = settingsOf(options);
    const layout = new SlotLayout(new Limits(sizes), alignment, settings.slotGuard);
    const ranges = objectsOf("handle.slabs", slabs);
    requireWords("handle.words", words);
    requireWords("handle.budget", budget);
    const pool = SharedSlots.join<SlotPages>(words, agent);
    const space = SlotSpace.adopt(driver, layout, ranges, pool.capacity);
    driver.budget.join(budget);
    return new MmapRegion(driver, layout, pool, space, settings);
  }

  /**
   * A handle by which one more thread can {@link MmapRegion.attach} the region.
   *
   * @throws {@link RegionError} `unsupported` for a region that was not created with `shared: true`
   *
   * @example
   * ```ts
   * import { FakeDriver } from "@memkit/mmap-region/fake-driver";
   * import { MmapRegion } from "@memkit/mmap-region/mmap";
   *
   * const region = MmapRegion.create(new FakeDriver(), 4, {}, { shared: true });
   * const handle = region.share(); // new Worker(file, { workerData: handle }), where MmapRegion.attach(driver, handle)
   * handle.agent; // => 2
   * region.reclaim(handle.agent); // once the worker's "exit" event has come
   * ```
   */
  share(): SharedRegion {
    const pool = this.#shared();
    const { slotGuard, keepResident, hugePages } = this.#settings;
    return {
      agent: pool.nextAgent(),
      sizes: { ...this.limits },
      alignment: this.#home.layout.alignment,
      options: { slotGuard, keepResident, hugePages, shared: true },
      slabs: this.#space.slabs.map((slab) => ({ ...slab })),
      words: pool.words,
      budget: this.driver.budget.share(),
    };
  }

  /**
   * Takes back what a thread that has ended, in whatever way, has not dropped. Slots of which it has shown nobody anything are
   * free again; the others become zeros and are in quarantine, for a view of them may live on in a third thread (MR-26).
   *
   * To be called by one thread when the other is gone for certain: on a worker's `"exit"` event.
   *
   * @param agent - {@link SharedRegion.agent} of the handle that the thread had.
   * @throws {@link RegionError} `unsupported` for a region that is not shared, `invalid-argument` for this thread itself;
   * `system-call-failed`, and then the slot counts as this thread's
   */
  reclaim(agent: number): void {
    const pool = this.#shared();
    const { driver, layout } = this.#home;
    pool.reclaim(agent, (number, shown) => {
      const start = this.#space.startOf(number);
      if (!shown) {
        driver.remap(start, layout.size, "none");
        pool.putLast(number);
        return;
      }
      for (const run of RUNS) {
        const { offset, length } = layout.run(run, this.limits.heapMemorySize);
        if (length !== 0) driver.remap(start + offset, length, "read-write");
      }
      pool.quarantine(number);
    });
    this.#releaseIfDone();
  }

  get capacity(): number {
    return this.#pool.capacity;
  }

  get freeSlots(): number {
    return this.#pool.free;
  }

  /** Those in use and those in quarantine. */
  get usedSlots(): number {
    return this.#pool.capacity - this.#pool.free;
  }

  /** Slots that nobody gets again, for a view of them is out of reach. */
  get quarantinedSlots(): number {
    return this.#pool.quarantined.length;
  }

  /** How many reservations hold the slots: 1 unless the system granted no run of addresses that long. */
  get slabs(): number {
    return this.#space.slabs.length;
  }

  /**
   * Takes a free slot and gives access to its Instance page, the initial heap, the stack, the globals and the signal stack.
   *
   * @throws {@link RegionError} `region-closed`, `region-full`, and for the module and the options `invalid-argument`,
   * `incorrect-module` and `limits-exceeded`, in lucet's order; `too-many-mappings`, `system-call-failed`. Nothing has
   * changed then.
   */
  newInstance(module: ModuleSpec, options: InstanceOptions = {}): MmapSlot {
    requireObject("module", module);
    requireObject("options", options);
    const plan = planHeap(this.limits, module.heap, options.heapLimit, HOST_PAGE_SIZE);
    requireHostPages("initialSize", plan.initialSize);
    const data = dataOf(module, plan.initialSize);
    const position = this.#choose(options, plan.initialSize, data);
    const index = this.#pool.numberAt(position);
    try {
      const slot = new MmapSlot(this.#home, index, this.#space.startOf(index), plan, data);
      this.#pool.take(position);
      return slot;
    } catch (error) {
      this.#pool.abandon(position);
      this.#releaseIfDone(); // another thread may have closed the region meanwhile
      throw error;
    }
  }

  /**
   * Drops many slots, the memory of those that stay warm given back by one call of the system.
   *
   * @throws {@link RegionError} `invalid-argument` for a slot of another region and `slot-dropped`: then nothing has changed.
   * Otherwise as the slots' `drop`; then some have been dropped and the others are still in use.
   */
  dropAll(slots: Iterable<MmapSlot>): void {
    const all = [...new Set(objectsOf("slots", slots))];
    for (const slot of all) {
      if (!MmapSlot.isOf(slot, this.#home)) {
        const reason = "must be a slot of this region";
        throw new RegionError({
          code: "invalid-argument",
          argument: "slots",
          value: typeof slot.index === "number" ? slot.index : typeof slot,
          reason,
        });
      }
      if (slot.dropped) throw new RegionError({ code: "slot-dropped", slot: slot.index });
    }
    dropTogether(this.#home, all);
  }

  /**
   * Gives out no more slots. Slots in use live on; when the last is dropped, the address space is given back.
   *
   * @throws {@link RegionError} `region-closed` when it was closed before.
   */
  close(): void {
    this.#pool.close();
    this.#releaseIfDone();
  }

  /** {@link MmapRegion.close}, unless the region is closed already. */
  [Symbol.dispose](): void {
    if (!this.#pool.closed) this.close();
  }

  /** A warm slot that needs no change, unless the caller has a strategy. */
  #choose({ allocStrategy }: InstanceOptions, heapLength: number, data: PreparedData): number {
    if (allocStrategy !== undefined || this.#home.warm.count === 0) {
      return this.#pool.choose(allocStrategy ?? linear);
    }
    const mapped = data.imageFor(this.driver) === undefined ? undefined : data;
    const fits = (left: SlotPages): boolean =>
      left.heapLength === heapLength && left.mapped === mapped;
    const position = this.#pool.find(fits);
    return position === -1 ? this.#pool.choose(linear) : position;
  }

  #shared(): SharedSlots<SlotPages> {
    if (this.#pool instanceof SharedSlots) return this.#pool;
    const capability = "sharing a region that was not created with shared: true";
    throw new RegionError({ code: "unsupported", backend: "mmap", capability });
  }

  #releaseIfDone(): void {
    const pool = this.#pool;
    if (!pool.closed || pool.live !== 0) return;
    if (pool instanceof SharedSlots && !pool.release()) return;
    this.#space.release(this.#pool.quarantined); // what was charged for warm slots, the next look finds gone
  }
}

/** What another thread sent; `instanceof` would need the name, which not every page has. */
function requireWords(argument: string, value: unknown): void {
  const tag = Object.prototype.toString.call(value);
  if (tag === "[object SharedArrayBuffer]") return;
  throw badArgument(argument, value, "must be what MmapRegion.share returned: a SharedArrayBuffer");
}

/** Asked before anything is reserved. @throws {@link RegionError} `invalid-argument` */
function settingsOf(options: MmapRegionOptions): Settings {
  const warmSlots = wholeNumberOr("warmSlots", options.warmSlots, 0);
  if (options.shared === true && warmSlots !== 0) {
    const capability = "warm slots (warmSlots) in a shared region";
    throw new RegionError({ code: "unsupported", backend: "mmap", capability });
  }
  return {
    shared: options.shared ?? false,
    slotGuard: options.slotGuard ?? false,
    warmSlots,
    keepResident: wholeNumberOr("keepResident", options.keepResident, DEFAULT_KEEP_RESIDENT),
    hugePages: options.hugePages ?? false,
  };
}

/** Access is given by whole pages: a size between two of them could not be kept exactly, so it is refused. */
function requireHostPages(argument: string, value: number): void {
  if (value % HOST_PAGE_SIZE === 0) return;
  throw new RegionError({
    code: "invalid-argument",
    argument,
    value,
    reason: "a heap is made of host pages of 4096 bytes: the size must be a multiple of that",
  });
}
