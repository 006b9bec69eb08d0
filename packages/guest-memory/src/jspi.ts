/**
 * JavaScript Promise Integration: suspending a guest while its host awaits.
 *
 * @see https://github.com/WebAssembly/js-promise-integration
 * @module
 */

import { GuestError } from "./error.js";

type AnyFunction = (...args: never[]) => unknown;

interface Jspi {
  readonly Suspending?: new (fn: AnyFunction) => object;
  readonly promising?: (fn: AnyFunction) => (...args: unknown[]) => Promise<unknown>;
}

/** Looked up at each use: a polyfill may come late. */
const jspi = (): Jspi => WebAssembly as Jspi;

function missing(name: string): never {
  const feature = `WebAssembly.${name}`;
  const reason = `${feature} is missing: suspending a guest needs Node 24, Chrome 137 or newer`;
  throw new GuestError({ code: "jspi-missing", feature, reason });
}

/**
 * An import for which the guest is suspended while its promise is pending.
 *
 * @throws {@link GuestError} `jspi-missing`
 */
export function suspending(fn: AnyFunction): object {
  const { Suspending } = jspi();
  return Suspending === undefined ? missing("Suspending") : new Suspending(fn);
}

/**
 * An export that may be suspended: it returns a promise.
 *
 * @throws {@link GuestError} `jspi-missing`
 */
export function promising(fn: AnyFunction): (...args: unknown[]) => Promise<unknown> {
  const { promising } = jspi();
  return promising === undefined ? missing("promising") : promising(fn);
}
