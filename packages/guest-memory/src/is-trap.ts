/**
 * Which errors are the engine's own ends of a guest.
 *
 * @module
 */

import { isCarried } from "./raise-trap.js";

/** Whether an error is the engine's: a trap, or the exhaustion of the stack, which the standard calls one too. */
export function isTrap(raised: unknown): raised is Error {
  if (raised instanceof WebAssembly.RuntimeError) return true;
  return raised instanceof Error && (isStackOverflow(raised) || isCarried(raised));
}

/**
 * V8 and JavaScriptCore throw a RangeError, SpiderMonkey an InternalError. Neither has a class of its own, and hosts
 * have errors of both names, so the engines' words decide, the whole of them.
 *
 * Compared, not matched: this runs where the stack ends, and a regular expression that has to be compiled there
 * aborts the process (V8: "RegExpCompiler Allocation failed") or throws a SyntaxError, which a guest can swallow.
 */
function isStackOverflow({ name, message }: Error): boolean {
  return name === "RangeError"
    ? message === "Maximum call stack size exceeded" ||
        message === "Maximum call stack size exceeded."
    : name === "InternalError" && message === "too much recursion";
}
