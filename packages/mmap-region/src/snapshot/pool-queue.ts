/**
 * Those who wait for a guest, first come, first served; each until it is served, its signal is aborted, or its time is over.
 *
 * @module
 */

import { badArgument, requireMethod, requireObject } from "../argument.js";
import { RegionError } from "../region-error.js";
import type { CheckoutOptions } from "./pool-options.js";

interface Waiter<L> {
  readonly key: string | undefined;
  readonly resolve: (lease: L) => void;
  readonly reject: (error: unknown) => void;
}

/** The longest time that a timer takes: 2^31 - 1 ms (HTML, "timers": the timeout is a signed long). */
const MAX_TIMEOUT = 0x7fff_ffff;

/** @throws {@link RegionError} `invalid-argument`; the signal's reason when it has been aborted */
export function requireCheckout(options: CheckoutOptions): void {
  requireObject("options", options);
  const { key, signal, timeout } = options;
  if (key !== undefined) requireKey(key);
  const given: unknown = timeout;
  const isTime = typeof given === "number" && given >= 0 && given <= MAX_TIMEOUT;
  if (given !== undefined && !isTime) {
    throw badArgument("timeout", given, `must be milliseconds from 0 to ${MAX_TIMEOUT}`);
  }
  if (signal === undefined) return;
  requireMethod("signal", signal, "addEventListener");
  if (signal.aborted) throw signal.reason;
}

/** @throws {@link RegionError} `invalid-argument` */
export function requireKey(key: string): void {
  if (typeof key !== "string") throw badArgument("key", key, "must be a string");
}

/** See the head of this module. */
export class PoolQueue<L> {
  private readonly waiters: Set<Waiter<L>> = new Set();

  get size(): number {
    return this.waiters.size;
  }

  /** @param gone - Called when somebody has stopped waiting. */
  wait({ key, signal, timeout }: CheckoutOptions, gone: () => void): Promise<L> {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const end = (): void => {
        if (timer !== undefined) clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter<L> = {
        key,
        resolve: (lease) => {
          end();
          resolve(lease);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const leave = (error: unknown): void => {
        this.waiters.delete(waiter);
        waiter.reject(error);
        gone();
      };
      const abort = (): void => leave(signal?.reason);
      this.waiters.add(waiter);
      signal?.addEventListener("abort", abort);
      if (timeout === undefined) return;
      const over = (): void => leave(new RegionError({ code: "pool-timeout", waited: timeout }));
      timer = setTimeout(over, timeout);
    });
  }

  /** The first of them, who waits no more: its answer is the caller's to give. */
  shift(): Waiter<L> | undefined {
    for (const waiter of this.waiters) {
      this.waiters.delete(waiter);
      return waiter;
    }
    return undefined;
  }
}
