/**
 * What a pool is told, and what is said of it.
 *
 * @module
 */

import { badArgument, requireMethod, requireObject } from "../argument.js";
import { wholeNumber } from "../region-error.js";
import type { Image } from "./image.js";
import type { EngineName } from "./options.js";
import type { InstanceTarget, MemoryTarget } from "./targets.js";

/** One guest of a pool, which shows its image: it was applied to `target`, or `target` was instantiated from it. */
export interface Member<T> {
  /** What a lease gives out. */
  readonly value: T;
  /** Shared by all members, or one of its own. */
  readonly image: Image;
  /** What `image.reset` is called with. */
  readonly target: MemoryTarget | InstanceTarget;
  /** Called once, when the pool has let the guest go: an image of its own is closed here. */
  readonly destroy?: (() => void) | undefined;
}

/**
 * Why a guest was thrown away.
 *
 * - `poisoned` by whoever had it
 * - `trapped` when something was thrown out of it that `poisons` says breaks a guest
 * - `inside` when it was given back while a call had not returned
 * - `grown` beyond its image, and the image refuses that
 * - `failed` when it could not be put back, or `reseed` threw
 * - `evicted` because idle guests kept more than `keepResident`, and its memory could not be given back otherwise
 * - `closed` with the pool
 */
export type DiscardReason = (typeof DISCARD_REASONS)[number];
export const DISCARD_REASONS = [
  "poisoned",
  "trapped",
  "inside",
  "grown",
  "failed",
  "evicted",
  "closed",
] as const;

/** See the head of this module. */
export interface PoolOptions<T> {
  /**
   * Makes a guest, whose memories, tables and globals are no other guest's (`state-shared`). What it throws goes to whoever waits.
   */
  readonly create: () => Member<T> | Promise<Member<T>>;
  /** Guests that may be alive: idle, leased and being made. */
  readonly maximum: number;
  /** Checkouts that may wait for others to end. One more throws `pool-full`. Default: no limit. */
  readonly maxWaiting?: number | undefined;
  /**
   * Bytes of memory of their own that idle guests may keep together; of those beyond, the longest idle give it back, and fault
   * it in again when they are next used. Default: no limit but each image's own `keepResident`.
   */
  readonly keepResident?: number | undefined;
  /** Called each time before a guest is given out: whatever must differ from the image (seeds, keys, clocks) is written here. */
  readonly reseed?: ((value: T) => void) | undefined;
  /**
   * Whether what was thrown out of a guest's call, or of `lease.run`, says that the guest is broken. Default: traps
   * and stack overflow. A guest whose stack pointer no snapshot reaches is broken by every exception of a host function.
   */
  readonly poisons?: ((error: unknown) => boolean) | undefined;
  /** Called after a guest was thrown away; `cause` is the error that was the reason, if one was. */
  readonly onDiscard?: ((value: T, reason: DiscardReason, cause: unknown) => void) | undefined;
}

/** An `AbortSignal`, whichever library declares it. */
export interface CheckoutSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** Has the listener called once the signal aborts. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Forgets a listener that was added. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/** How a guest is asked for. */
export interface CheckoutOptions {
  /** Who asks: it gets the guest that it had last, if that is idle, whose pages are then in memory already. */
  readonly key?: string | undefined;
  /** Ends the wait: the checkout throws the signal's reason. */
  readonly signal?: CheckoutSignal | undefined;
  /** Milliseconds to wait, after which the checkout throws `pool-timeout`. Default: no limit. */
  readonly timeout?: number | undefined;
}

/** What the resets by one engine have cost. */
export interface ResetMetrics {
  readonly count: number;
  readonly microseconds: number;
  /** Pages of 4096 bytes that were written again: with `copy` all, with `discard` none, for nobody counts what is dropped. */
  readonly pages: number;
}

/** See {@link Pool.metrics}. All counts are since the pool was made, but for those of guests and of bytes now. */
export interface PoolMetrics {
  /** Guests given out. */
  readonly checkouts: number;
  /** Of these, to the key that had the same guest last. */
  readonly hits: number;
  /** Of these, after a wait, be it for the making of a guest. */
  readonly waits: number;
  readonly created: number;
  readonly destroyed: number;
  readonly discards: Readonly<Record<DiscardReason, number>>;
  /** By the engine of a guest's longest memory. */
  readonly resets: Readonly<Record<EngineName, ResetMetrics>>;
  readonly idle: number;
  readonly leased: number;
  readonly creating: number;
  readonly waiting: number;
  /** Bytes of memory of their own that idle guests have, as their last resets left them. */
  readonly residentBytes: number;
}

/** Whether an error is a trap, or stack overflow, which leaves a guest wherever it was: the default of `poisons`. */
export function isTrap(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return true;
  return error instanceof RangeError && error.message.includes("call stack");
}

/** Options that have been looked through. */
export type PoolPlan<T> = PoolOptions<T> & {
  readonly maxWaiting: number;
  readonly keepResident: number;
  readonly poisons: (error: unknown) => boolean;
};

function functionOr<F>(argument: string, value: F | undefined): F | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw badArgument(argument, value, "must be a function");
}

/** @throws {@link RegionError} `invalid-argument` */
export function poolPlanOf<T>(options: PoolOptions<T>): PoolPlan<T> {
  requireObject("options", options);
  requireMethod("options", options, "create");
  const { create, maxWaiting, keepResident } = options;
  const maximum = wholeNumber("maximum", options.maximum);
  if (maximum === 0) throw badArgument("maximum", maximum, "must be at least 1");
  const orNoLimit = (argument: string, value: number | undefined): number =>
    value === undefined ? Number.POSITIVE_INFINITY : wholeNumber(argument, value);
  return {
    create,
    maximum,
    maxWaiting: orNoLimit("maxWaiting", maxWaiting),
    keepResident: orNoLimit("keepResident", keepResident),
    reseed: functionOr("reseed", options.reseed),
    poisons: functionOr("poisons", options.poisons) ?? isTrap,
    onDiscard: functionOr("onDiscard", options.onDiscard),
  };
}
