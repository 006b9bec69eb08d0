/**
 * The way back to the guest: results stored, borrows gone, or the guest's end.
 *
 * Invariant GM-30: a guest runs on after a bound function only when no borrow of its memory is live.
 * Who could break it: implementations that borrow in a callback which they leave behind.
 *
 * A function that returns a promise leaves the guest suspended; other guests' calls run meanwhile. A borrow that is live at
 * that moment would outlast the call's first part, so it ends the guest at once: the guards are the implementation's, and
 * to release them behind its back would let it write to bytes that are somebody else's by then.
 *
 * @module
 */

import { GuestError } from "../error.js";
import type { GuestMemory } from "../guest-memory.js";
import { isThenable, silence } from "../promise.js";
import { isCarried, trap } from "../raise-trap.js";
import { isFailure } from "./error-type.js";
import type { Raw } from "./lift.js";
import { lowerDirect, store } from "./lower.js";
import { answer, errnoOf, fatal, hostThrew, Step } from "./outcome.js";
import type { Plan, Slot } from "./signature.js";

/** Where results go: the address of the one, or of each. */
export type Places = number | readonly number[];

/** Makes of what an implementation returned what wasm gets. */
export type Finish = (plan: Plan, mem: GuestMemory, result: unknown, to: Places) => unknown;

/** How calls of a function end. */
export function finish({ async, noreturn }: Plan): Finish {
  return noreturn ? neverReturn : async ? suspend : give;
}

/** A result of a call that is over. */
export function give(plan: Plan, mem: GuestMemory, result: unknown, to: Places): Raw | undefined {
  const { outs, direct, error } = plan;
  let raw: Raw | undefined;
  let index = 0;
  try {
    raw = typeof result === "object" && result !== null ? errnoOf(plan, result) : undefined;
    if (raw === undefined) {
      if (outs.length === 1) {
        store(outs[0] as Slot, mem, to as number, result);
      } else if (outs.length > 1) {
        for (; index < outs.length; index++) {
          const value = (result as ArrayLike<unknown>)[index];
          store(outs[index] as Slot, mem, (to as readonly number[])[index] as number, value);
        }
      } else if (direct === undefined && isThenable(result)) {
        throw lostPromise(plan, result);
      } else if (direct === undefined && result !== undefined) {
        refuseValue(plan, result);
      }
      if (direct !== undefined) raw = lowerDirect(direct, mem, result);
      else if (error !== undefined) raw = 0;
    }
  } catch (raised) {
    raw = answer(
      plan,
      Step.results + index,
      isThenable(result) ? lostPromise(plan, result) : raised,
    );
  }
  refuseBorrows(plan, mem);
  return raw;
}

/** A result that may be a promise. */
function suspend(plan: Plan, mem: GuestMemory, result: unknown, to: Places): unknown {
  if (!isThenable(result)) return give(plan, mem, result, to);
  const settled = Promise.resolve(result).then(
    (value) => give(plan, mem, value, to),
    (raised: unknown) => {
      const errno = answer(plan, Step.run, raised);
      refuseBorrows(plan, mem);
      return errno;
    },
  );
  if (!mem.hasOutstandingBorrows()) return settled;
  silence(settled); // the guest has ended by then: nobody waits for the result
  return refuseBorrows(plan, mem, "await");
}

/** What `noreturn` promises. The implementation gives the error to end with, or has thrown it. */
function neverReturn(plan: Plan, _mem: GuestMemory, result: unknown): never {
  if (isCarried(result) || isError(result)) return trap(result);
  if (isThenable(result)) silence(result);
  return trap(fatal("invalid-binding", plan, "it returned, but its description says noreturn"));
}

/** @throws a trap that carries `borrow-outlives-call` */
export function refuseBorrows(plan: Plan, mem: GuestMemory, at: "await" | "end" = "end"): void {
  if (!mem.hasOutstandingBorrows()) return;
  const { module, func } = plan;
  const borrows = mem.outstandingBorrows();
  const when = at === "end" ? "the guest was about to run on" : "it awaited a promise";
  const reason = `${module}.${func} held ${borrows.length} borrow(s) when ${when}; release them first`;
  trap(new GuestError({ code: "borrow-outlives-call", module, func, borrows, reason }));
}

/** Where nothing awaits it, a promise would be lost without a sound. */
function lostPromise(plan: Plan, promise: PromiseLike<unknown>): GuestError {
  silence(promise);
  return fatal("invalid-binding", plan, "it returned a promise; its description must say async");
}

/**
 * A value of a function that has no results. What can fail must not give one: most likely an errno, which the guest would
 * take for success. Of what cannot, JavaScript's functions return this and that, but none an error without meaning it.
 */
function refuseValue(plan: Plan, value: unknown): void {
  if (isError(value)) throw hostThrew(plan, value);
  if (plan.error === undefined && !isFailure(value)) return;
  throw fatal(
    "invalid-binding",
    plan,
    "it returned a value, but has no results; an errno is told by failure()",
  );
}

/** Whether a result is an error. A proxy that cannot be asked is none. */
function isError(value: unknown): boolean {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}
