/**
 * Errors that a guest cannot swallow.
 *
 * `trap(error)` inside an import raises a real trap that carries `error`; the wrapper through which the host entered
 * the guest (wrap-instance.ts) takes it out again and throws the typed error.
 *
 * Invariant GM-11: a guest never runs on after `trap`. What the engine guarantees for its own traps holds, because it is
 * one of them. Who could break it: an import between the two that catches everything and returns.
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import { unreachableTrap } from "./trap-module.js";

/** What each trap was raised for, by the engine's error object: nested entries need no stack of their own. */
const carried = (): WeakMap<object, { readonly error: unknown }> =>
  sharedRegistry("@memkit/guest-memory/traps/v1", () => new WeakMap());

/**
 * Raises a WebAssembly trap that carries `error`. Call it in an import, for what the guest must not survive.
 *
 * @throws a `WebAssembly.RuntimeError` whose `cause` is `error`; {@link wrapInstance} turns it back into `error`
 *
 * @example
 * ```ts
 * import { GuestError } from "@memkit/guest-memory";
 * import { trap, trapCause } from "@memkit/guest-memory/instance";
 *
 * let raised: unknown;
 * try {
 *   trap(new GuestError({ code: "exit", status: 3 }));
 * } catch (error) {
 *   raised = error;
 * }
 * raised instanceof WebAssembly.RuntimeError; // => true
 * String(trapCause(raised)); // => "GuestError: the guest exited with status 3"
 * ```
 */
export function trap(error: unknown): never {
  try {
    return unreachableTrap();
  } catch (raised) {
    // An error that came out of a nested guest travels on as what it was raised for, not as its wrapping.
    const origin = isCarried(error) ? trapCause(error) : error;
    if (typeof raised === "object" && raised !== null) {
      carried().set(raised, { error: origin });
      // For whoever sees the trap itself, as those do who call an import or a raw export.
      Object.defineProperty(raised, "cause", { value: origin, configurable: true, writable: true });
    }
    throw raised;
  }
}

/** What {@link trap} was called with, if `raised` is a trap that it raised; else undefined. */
export function trapCause(raised: unknown): unknown {
  return typeof raised === "object" && raised !== null ? carried().get(raised)?.error : undefined;
}

/** Whether {@link trap} raised this. */
export function isCarried(raised: unknown): boolean {
  return typeof raised === "object" && raised !== null && carried().has(raised);
}
