/**
 * State that must exist once per realm although a package may be loaded several times (ESM beside CommonJS).
 *
 * Kept on `globalThis` under a registered symbol; the version in the key changes when the shape of the state does.
 *
 * @module
 */

/** `@memkit/<package>/v<major>`: the key of one package's shared state. */
export type RegistryKey = `@memkit/${string}/v${number}`;

/**
 * Returns the realm's state for `key`, made by `init` at the first call.
 *
 * @example
 * ```ts
 * import { sharedRegistry } from "@memkit/core";
 *
 * const first = sharedRegistry("@memkit/example/v1", () => ({ seen: 0 }));
 * first.seen += 1;
 * sharedRegistry("@memkit/example/v1", () => ({ seen: 0 })).seen; // => 1
 * ```
 */
export function sharedRegistry<T extends object>(key: RegistryKey, init: () => T): T {
  const symbol = Symbol.for(key);
  const realm = globalThis as { [symbol]?: T };
  const present = realm[symbol];
  if (present !== undefined) return present;
  const made = init();
  Object.defineProperty(globalThis, symbol, { value: made });
  return made;
}
