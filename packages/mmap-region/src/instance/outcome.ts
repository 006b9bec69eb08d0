/**
 * What an exception says of the guest or the slot that it came out of.
 *
 * @module
 */

import { RegionError } from "../region-error.js";

/** How engines report a stack that is too deep: as an ordinary error, by a message that has not changed in ten years. */
const STACK_OVERFLOWS: Readonly<Record<string, readonly string[]>> = {
  /** V8; JavaScriptCore, with a full stop. */
  RangeError: ["Maximum call stack size exceeded", "Maximum call stack size exceeded."],
  /** SpiderMonkey. */
  InternalError: ["too much recursion"],
};

function isTrap(thrown: unknown): boolean {
  if (thrown instanceof WebAssembly.RuntimeError) return true;
  if (!(thrown instanceof Error)) return false;
  return STACK_OVERFLOWS[thrown.name]?.includes(thrown.message) ?? false;
}

/**
 * What the engine says if it stopped the guest, which is lucet's fault; undefined for whatever else was thrown.
 *
 * Anybody can throw anything, also what throws when it is looked at: that is not the engine's.
 */
export function faultOf(thrown: unknown): string | undefined {
  try {
    return isTrap(thrown) ? wordsOf(thrown) : undefined;
  } catch {
    return undefined;
  }
}

/** A reset that refuses before it has begun, by what the slots' `reset` say of their errors. */
export function leavesSlotAsItWas(error: unknown): boolean {
  return error instanceof RegionError && error.code !== "system-call-failed";
}

/** What the engine's own error says. Of what others have thrown nothing is called. */
export function wordsOf(thrown: unknown): string {
  const own = thrown instanceof Error && Object.getOwnPropertyDescriptor(thrown, "message")?.value;
  return typeof own === "string" ? own : "it does not say why";
}
