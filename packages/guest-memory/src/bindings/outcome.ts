/**
 * What becomes of a host function that failed: a number for the guest, or the guest's end.
 *
 * Invariant GM-31: nothing but a wasm trap leaves a bound function by way of an exception, so a guest cannot swallow what
 * its host threw, nor what the engine throws when it cannot convert a result: a guest that declares another type is not
 * linked (typed-functions.ts). Who could break it: the end of the stack, where there may be no room to make the trap; and
 * what may be suspended, whose result no engine compares with a type before it converts it.
 *
 * @see wiggle `generate/src/funcs.rs`, `GuestError::InFunc`; wasi-common `src/snapshots/preview_1/error.rs`
 * @module
 */

import { GuestError, type GuestErrorDetail } from "../error.js";
import { isTrap } from "../is-trap.js";
import { isCarried, trap } from "../raise-trap.js";
import { type ErrorType, isFailure, unwrapped, type Verdict } from "./error-type.js";
import { Pass } from "./pass.js";
import { textOf } from "./print-value.js";
import type { Plan, Slot } from "./signature.js";

/**
 * Where in a call something happened: the index of the parameter that was being converted, or one of these plus the
 * index of a result. Engines allow a function 1,000 parameters.
 *
 * @see https://webassembly.github.io/spec/js-api/index.html#limits
 */
export const Step = { outs: 1000, run: 2000, results: 3000 } as const;

/** The codes of a value that is none of its type: in a result, the host's doing. */
const VALUE_FAULTS: ReadonlySet<string> = new Set<GuestErrorDetail["code"]>([
  "invalid-enum-value",
  "invalid-flag-value",
  "try-from-int-error",
]);

/**
 * The codes that an implementation's own mistakes have, and no argument of the guest's: those arrive converted and in range.
 * A range, a borrow or a text may be the guest's doing, so those codes are taken for it.
 */
const HOST_FAULTS: ReadonlySet<string> = new Set<GuestErrorDetail["code"]>([
  "try-from-int-error",
  "slice-lengths-differ",
  "not-transparent",
  "stale-handle",
  "wrong-handle-kind",
  "released",
  "async-callback",
  "memory-claimed",
  "invalid-option",
  "options-differ",
]);

/** What ends the guest, and says where by itself: faults of the description or of its use. */
const FATAL: ReadonlySet<string> = new Set<GuestErrorDetail["code"]>([
  "host-threw",
  "invalid-binding",
  "invalid-option",
  "missing-memory",
  "signature-mismatch",
]);

/**
 * Answers for a call in which `raised` was thrown.
 *
 * @param step - where; {@link Step}
 * @returns the errno for the guest
 * @throws a trap that carries the error
 */
export function answer(plan: Plan, step: number, raised: unknown): number {
  try {
    return judge(plan, step, raised);
  } catch (thrown) {
    // What is no trap was thrown by code of the host's that ran because `raised` was looked into.
    throw isCarried(thrown) ? thrown : hostFailed(plan, thrown);
  }
}

function judge(plan: Plan, step: number, raised: unknown): number {
  if (isCarried(raised)) throw raised;
  // The trap of a guest that was entered raw, or the end of the stack, which is nobody's fault in particular; or, which is
  // not to be told apart, an object that a host made of the same class, as Emscripten's abort does: the engine would let a
  // guest swallow that one.
  if (isTrap(raised)) return trap(raised);
  if (step === Step.run) {
    const error = ofRun(plan, raised);
    plan.onFault?.(error);
    return answerForHost(plan, error);
  }
  const guests = raised instanceof GuestError;
  const fatal = guests && FATAL.has(raised.code);
  const error = guests && !fatal ? inFunc(plan, step, raised) : raised;
  plan.onFault?.(error);
  if (!(error instanceof GuestError)) return trap(hostThrew(plan, error));
  if (fatal) return trap(error);
  // A result that is no value of its type is nothing that a guest can do.
  const hosts = step >= Step.results && VALUE_FAULTS.has(unwrapped(error).code);
  return hosts ? trap(hostThrew(plan, error)) : answerForGuest(plan, error);
}

/** The errno that a returned value means; undefined if it is no failure, but a result. */
export function errnoOf(plan: Plan, value: unknown): number | undefined {
  const verdict = plan.error && verdictOfHost(plan, plan.error, value);
  return verdict === undefined ? undefined : settle(plan, verdict, value);
}

/** What the implementation threw; a `GuestError` as what it means there. */
function ofRun(plan: Plan, raised: unknown): unknown {
  const hosts = raised instanceof GuestError && HOST_FAULTS.has(unwrapped(raised).code);
  return hosts ? hostThrew(plan, raised) : raised;
}

/** For what the implementation threw: declared by the host, or done by the guest, or neither. */
function answerForHost(plan: Plan, raised: unknown): number {
  const errno = errnoOf(plan, raised);
  if (errno !== undefined) return errno;
  return raised instanceof GuestError
    ? answerForGuest(plan, raised)
    : trap(hostThrew(plan, raised));
}

function answerForGuest(plan: Plan, error: GuestError): number {
  if (plan.error === undefined || FATAL.has(error.code)) return trap(error);
  return settle(plan, judged(plan, plan.error.guest, unwrapped(error)), error);
}

function verdictOfHost(plan: Plan, { host }: ErrorType, value: unknown): Verdict | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (isFailure(value)) return value.errno;
  if (value instanceof GuestError) return undefined; // the guest's, even if `Error` is declared
  for (const [type, verdict] of host) {
    if (type[Symbol.hasInstance](value)) return judged(plan, verdict, value);
  }
  return undefined;
}

/** What `verdict` says; if it throws, that is a fault of the host's. */
function judged<T>(plan: Plan, verdict: (error: T) => Verdict, error: unknown): Verdict {
  try {
    return verdict(error as T);
  } catch (thrown) {
    return hostFailed(plan, thrown);
  }
}

function settle(plan: Plan, verdict: Verdict, raised: unknown): number {
  if (verdict === "trap") {
    return trap(raised instanceof GuestError ? raised : hostThrew(plan, raised));
  }
  const { name, names } = (plan.error as ErrorType).type;
  // 0 is success, of which there is none: the results have not been stored.
  if (Number.isInteger(verdict) && verdict > 0 && verdict < names.length) return verdict;
  const detail = { code: "invalid-enum-value", type: name, got: verdict, path: "" } as const;
  return trap(hostThrew(plan, new GuestError(detail, { cause: raised })));
}

/**
 * Ends the guest for what code of the host's threw that a call runs beside its implementation. The end of the stack is nobody's
 * fault there either: whose frame was the last one is chance.
 *
 * @throws a trap that carries `host-threw`, or the end of the stack, or what a trap carried already
 */
export function hostFailed(plan: Plan, thrown: unknown): never {
  return trap(isTrap(thrown) ? thrown : hostThrew(plan, thrown));
}

/** For a fault of the host's: what it threw is the cause. */
export function hostThrew({ module, func }: Plan, cause: unknown): GuestError {
  const what = textOf(() => (cause instanceof Error ? `: ${cause.message}` : ""));
  const reason = `the host failed in ${module}.${func}${what}; this is no fault of the guest's`;
  return new GuestError({ code: "host-threw", module, func, reason }, { cause });
}

/** wiggle's `InFunc`, with its words for the location. */
function inFunc({ module, func, params, outs }: Plan, step: number, cause: GuestError): GuestError {
  const slot = step < Step.outs ? params[step] : outs[step % Step.outs];
  const location = `${step < Step.outs ? verbOf(slot) : "write"} ${slot?.layout.name}`;
  return new GuestError({ code: "in-func", module, func, location }, { cause });
}

const verbOf = (slot: Slot | undefined): string =>
  slot?.pass === Pass.memory ? "read" : "convert";

/** A GuestError that says by itself where it happened. */
export function fatal(
  code: "missing-memory" | "invalid-binding",
  { module, func }: Plan,
  reason: string,
): GuestError {
  return new GuestError({ code, module, func, reason: `${module}.${func}: ${reason}` });
}
