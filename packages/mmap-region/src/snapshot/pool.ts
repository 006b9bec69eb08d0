/**
 * Guests that wait, pristine, for those who need one: made once, put back to their image after each use, and thrown away when
 * something has broken them.
 *
 * Invariant MR-45: whoever is given a guest finds it as its image is, but for what `reseed` wrote: it is put back before it is idle,
 * and one that cannot be put back, in which somebody still is, or that was poisoned is never given out again.
 * Invariant MR-46: idle guests, leased ones and those that are being made are never more than `maximum`, and nobody waits
 * while a guest is idle.
 * Who could break them: a caller that keeps what it has taken out of a lease, and uses it after `release()`.
 *
 * @module
 */

import { badArgument, requireObject } from "../argument.js";
import { RegionError, wholeNumber } from "../region-error.js";
import type { Guest } from "./guest.js";
import { Image } from "./image.js";
import { Lease } from "./lease.js";
import { type Broken, PoolGuest } from "./pool-guest.js";
import { IdleGuests } from "./pool-idle.js";
import { PoolLedger } from "./pool-ledger.js";
import {
  type CheckoutOptions,
  type Member,
  type PoolMetrics,
  type PoolOptions,
  type PoolPlan,
  poolPlanOf,
} from "./pool-options.js";
import { PoolQueue, requireCheckout, requireKey } from "./pool-queue.js";
import { PoolState } from "./pool-state.js";

const CLOSED: Broken = { reason: "closed", cause: undefined };

/** {@link PoolOptions} of a pool that makes its guests itself. */
export type ImagePoolOptions = Omit<PoolOptions<Guest>, "create"> & {
  /**
   * Makes the imports of each guest. Those that keep state (a memory, an object) must be made anew each time: `state-shared` otherwise
   * for memories, tables and globals that are put back; of others nobody can tell.
   */
  readonly imports?: (() => object) | undefined;
};

/**
 * See the head of this module.
 *
 * @example
 * ```ts
 * import { Pool, snapshot } from "@memkit/mmap-region/snapshot";
 *
 * // (module (memory (export "memory") 1))
 * const hex = "0061736d010000000503010001070a01066d656d6f72790200";
 * const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
 * const module = new WebAssembly.Module(bytes);
 * const image = snapshot(new WebAssembly.Instance(module));
 * const pool = Pool.of(image, module, { maximum: 4 });
 * const lease = await pool.checkout({ key: "tenant" });
 * new Uint8Array(lease.value.memory!.buffer)[0] = 1;
 * lease.release(); // => "reset"
 * const next = await pool.checkout({ key: "tenant" });
 * [next.warm, new Uint8Array(next.value.memory!.buffer)[0]]; // => [true, 0]
 * next.release();
 * await pool.close();
 * image.close();
 * ```
 */
export class Pool<T> {
  private readonly plan: PoolPlan<T>;
  private readonly idle: IdleGuests<PoolGuest<T>> = new IdleGuests();
  /** Idle guests with memory of their own, in the order of being given back. */
  private readonly resident: Set<PoolGuest<T>> = new Set();
  private readonly queue: PoolQueue<Lease<T>> = new PoolQueue();
  private readonly state: PoolState = new PoolState();
  private readonly ledger: PoolLedger = new PoolLedger();
  private residentBytes = 0;
  private leased = 0;
  private creating = 0;
  private closing: { readonly done: Promise<void>; readonly finish: () => void } | undefined =
    undefined;

  /** @throws {@link RegionError} `invalid-argument` */
  constructor(options: PoolOptions<T>) {
    this.plan = poolPlanOf(options);
  }

  /**
   * A pool of instances of one module that all have one image. The pool does not close the image.
   *
   * @param module - A `WebAssembly.Module`: that of the instance which the snapshot was taken of.
   * @throws {@link RegionError} `invalid-argument`
   */
  static of(image: Image, module: object, options: ImagePoolOptions): Pool<Guest> {
    if (!(image instanceof Image)) throw badArgument("image", image, "must be an image");
    requireObject("module", module);
    requireObject("options", options);
    const { imports } = options;
    const create = (): Member<Guest> => {
      const own = imports?.();
      pool.state.requireFreeImports(module, own);
      const guest = image.instantiate(module, own);
      return { value: guest, image, target: guest };
    };
    const pool: Pool<Guest> = new Pool({ ...options, create });
    return pool;
  }

  /**
   * A guest: that which the key had last if it is idle, or without a key the last of those that were used without one, whose pages are
   * the likeliest to be in a cache; else the one that has been idle longest, whose own key is the least likely to ask; else a new one,
   * else the next that is given back.
   *
   * @throws {@link RegionError} `invalid-argument`, `pool-closed`, `pool-full`, `pool-timeout`; `state-shared` for a new guest that has
   * another's memory, table or global; the signal's reason; what `create` and `reseed` throw
   */
  async checkout(options: CheckoutOptions = {}): Promise<Lease<T>> {
    requireCheckout(options);
    const now = this.tryCheckout(options.key);
    if (now !== undefined) return now;
    const { queue, plan } = this;
    // Those for whom a guest is being made wait for nobody to end.
    if (this.alive >= plan.maximum && queue.size - this.creating >= plan.maxWaiting) {
      throw new RegionError({ code: "pool-full", waiting: queue.size - this.creating });
    }
    const lease = queue.wait(options, () => undefined);
    this.ledger.waits += 1;
    this.makeForThoseWhoWait();
    return lease;
  }

  /**
   * As {@link Pool.checkout}, of the idle guests: undefined when there is none.
   *
   * @throws {@link RegionError} `invalid-argument`, `pool-closed`; what `reseed` throws
   */
  tryCheckout(key?: string): Lease<T> | undefined {
    if (key !== undefined) requireKey(key);
    this.requireOpen();
    for (let guest = this.take(key); guest !== undefined; guest = this.take(key)) {
      // Somebody has kept an export, and called it since.
      if (guest.used) guest.reset();
      if (guest.broken === undefined) return this.lease(guest, key);
      this.destroy(guest);
    }
    return undefined;
  }

  /**
   * Makes guests until so many are alive.
   *
   * @throws {@link RegionError} `invalid-argument`, `pool-closed`; what `create` throws, when the others are made
   */
  async warm(count: number): Promise<void> {
    wholeNumber("count", count, this.plan.maximum);
    this.requireOpen();
    const made: Promise<void>[] = [];
    const errors: unknown[] = [];
    while (this.alive < count) made.push(this.make((error) => errors.push(error)));
    await Promise.all(made);
    if (errors.length > 0) throw errors[0];
  }

  /**
   * Calls `work` with a guest, and gives the guest back when it is done.
   *
   * @throws {@link RegionError} as {@link Pool.checkout}; whatever `work` throws
   */
  async use<R>(
    work: (value: T) => R | PromiseLike<R>,
    options: CheckoutOptions = {},
  ): Promise<Awaited<R>> {
    const lease = await this.checkout(options);
    try {
      return await lease.run(work);
    } finally {
      lease.release();
    }
  }

  /** Counts until now, and what there is now. A plain object, new each time. */
  get metrics(): PoolMetrics {
    const { idle, leased, creating, queue, residentBytes } = this;
    const now = { idle: idle.size, leased, creating, waiting: queue.size, residentBytes };
    return this.ledger.metrics(now);
  }

  /**
   * Gives out no more guests, and tells those who wait so (`pool-closed`). Idle guests go at once, leased ones when they are given
   * back; the promise is fulfilled when none is left. A second call waits for the same. The first also throws what `destroy` or
   * `onDiscard` has thrown.
   */
  close(): Promise<void> {
    if (this.closing !== undefined) return this.closing.done;
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.closing = { done, finish };
    for (let waiter = this.queue.shift(); waiter !== undefined; waiter = this.queue.shift()) {
      waiter.reject(new RegionError({ code: "pool-closed" }));
    }
    const errors: unknown[] = [];
    for (let guest = this.take(undefined); guest !== undefined; guest = this.take(undefined)) {
      guest.broken = CLOSED;
      try {
        this.destroy(guest);
      } catch (error) {
        errors.push(error); // the others go all the same
      }
    }
    this.finishWhenEmpty();
    return errors.length === 0 ? done : done.then(() => Promise.reject(errors[0]));
  }

  /** Guests that there are, or will be. */
  private get alive(): number {
    return this.idle.size + this.leased + this.creating;
  }

  private requireOpen(): void {
    if (this.closing !== undefined) throw new RegionError({ code: "pool-closed" });
  }

  private take(key: string | undefined): PoolGuest<T> | undefined {
    const guest = this.idle.take(key);
    if (guest !== undefined && this.resident.delete(guest)) {
      this.residentBytes -= guest.residentBytes;
    }
    return guest;
  }

  /** Gives out a guest that is in no list. */
  private lease(guest: PoolGuest<T>, key: string | undefined): Lease<T> {
    const warm = key !== undefined && guest.key === key;
    guest.key = key;
    this.leased += 1;
    try {
      this.plan.reseed?.(guest.member.value);
    } catch (cause) {
      guest.broken ??= { reason: "failed", cause };
      this.giveBack(guest);
      throw cause;
    }
    this.ledger.checkouts += 1;
    if (warm) this.ledger.hits += 1;
    return new Lease(guest, warm, this.giveBack);
  }

  /** @returns whether it can be used again */
  private readonly giveBack = (guest: PoolGuest<T>): boolean => {
    if (this.closing !== undefined) guest.broken ??= CLOSED;
    const start = performance.now();
    guest.reset();
    if (guest.broken === undefined) this.ledger.reset(guest, performance.now() - start);
    this.leased -= 1;
    if (guest.broken === undefined) {
      this.offer(guest);
      return true;
    }
    this.destroy(guest);
    return false;
  };

  /** Gives a pristine guest to the first who waits, or keeps it. */
  private offer(guest: PoolGuest<T>): void {
    const waiter = this.queue.shift();
    if (waiter !== undefined) {
      try {
        waiter.resolve(this.lease(guest, waiter.key));
      } catch (error) {
        waiter.reject(error);
      }
      return;
    }
    this.idle.add(guest);
    if (guest.residentBytes > 0) {
      this.resident.add(guest);
      this.residentBytes += guest.residentBytes;
    }
    while (this.residentBytes > this.plan.keepResident) this.evict();
  }

  /** Has the guest that has been idle longest give its memory back. */
  private evict(): void {
    for (const guest of this.resident) {
      this.resident.delete(guest);
      this.residentBytes -= guest.residentBytes;
      guest.trim();
      // What is copied keeps its memory for as long as it lives.
      if (guest.residentBytes > 0) guest.broken ??= { reason: "evicted", cause: undefined };
      if (guest.broken !== undefined) {
        this.idle.remove(guest);
        this.destroy(guest);
      }
      return;
    }
  }

  /** Lets a guest go that is in no list any more. */
  private destroy(guest: PoolGuest<T>): void {
    const { reason, cause } = guest.broken ?? { reason: "poisoned", cause: undefined };
    this.state.release(guest.parts);
    this.ledger.destroy(reason);
    this.makeForThoseWhoWait();
    this.finishWhenEmpty();
    guest.member.destroy?.();
    this.plan.onDiscard?.(guest.member.value, reason, cause);
  }

  private makeForThoseWhoWait(): void {
    // One of those who wait is told of a failure: as many are made as there are.
    const tell = (error: unknown): void => this.queue.shift()?.reject(error);
    while (this.creating < this.queue.size && this.alive < this.plan.maximum) void this.make(tell);
  }

  private async make(failed: (error: unknown) => void): Promise<void> {
    this.creating += 1;
    let guest: PoolGuest<T>;
    try {
      guest = new PoolGuest(await this.plan.create(), this.plan.poisons, this.state);
    } catch (error) {
      this.creating -= 1;
      failed(error);
      this.makeForThoseWhoWait();
      this.finishWhenEmpty();
      return;
    }
    this.creating -= 1;
    this.ledger.created += 1;
    if (this.closing === undefined) this.offer(guest);
    else {
      guest.broken = CLOSED;
      this.destroy(guest);
    }
  }

  private finishWhenEmpty(): void {
    if (this.closing !== undefined && this.alive === 0) this.closing.finish();
  }
}
