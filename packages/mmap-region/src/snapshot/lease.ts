/**
 * A guest that somebody has for a while.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import { enterable } from "./occupancy.js";
import type { PoolGuest } from "./pool-guest.js";

/**
 * See the head of this module. Made by `pool.checkout`.
 *
 * What was taken out of `value` (exports, memories, views) must not be used after `release()`: the guest is somebody else's then.
 */
export class Lease<T> {
  /** Who asked. */
  readonly key: string | undefined;
  /** Whether the key had this guest last. */
  readonly warm: boolean;
  private guest: PoolGuest<T> | undefined;
  private readonly giveBack: (guest: PoolGuest<T>) => boolean;

  /** @internal */
  constructor(guest: PoolGuest<T>, warm: boolean, giveBack: (guest: PoolGuest<T>) => boolean) {
    this.key = guest.key;
    this.warm = warm;
    this.guest = guest;
    this.giveBack = giveBack;
  }

  /** What `create` made. @throws {@link RegionError} `lease-released` */
  get value(): T {
    return this.held().member.value;
  }

  /**
   * Calls `work`, counted as inside the guest until it returns, or until the promise that it returns settles. A trap that comes out
   * of it breaks the guest. For guests of `Pool.of` their own exports do the same.
   *
   * @throws {@link RegionError} `lease-released`; whatever `work` throws
   */
  run<R>(work: (value: T) => R): R {
    const { member, occupancy } = this.held();
    return enterable(occupancy, work)(member.value);
  }

  /** Has `release` throw the guest away. @throws {@link RegionError} `lease-released` */
  poison(): void {
    this.held().broken ??= { reason: "poisoned", cause: undefined };
  }

  /**
   * Gives the guest back: put back to its image, or thrown away if that cannot be (see {@link DiscardReason}).
   *
   * @throws {@link RegionError} `lease-released`; what `destroy` and `onDiscard` throw
   */
  release(): "reset" | "discarded" {
    const guest = this.held();
    this.guest = undefined;
    return this.giveBack(guest) ? "reset" : "discarded";
  }

  private held(): PoolGuest<T> {
    if (this.guest === undefined) throw new RegionError({ code: "lease-released" });
    return this.guest;
  }
}
