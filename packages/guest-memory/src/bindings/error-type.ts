/**
 * Error types: how a failure becomes the number that a guest is told, or the guest's end.
 *
 * Two kinds of failure arise in a host function. What the guest did, a `GuestError`, is judged by `guest`; what the host's
 * own classes say, by `host`. Whatever neither declares is a fault of the host's, and ends the guest: to return some errno
 * for it would let the guest run on after something that nobody foresaw.
 *
 * @see wiggle `GuestErrorType`, `UserErrorConversion`; wasi-common `src/snapshots/preview_1/error.rs`
 * @module
 */

import { type Enumeration, isRecord, Kind } from "@memkit/core";
import { demandOption } from "../demand.js";
import { GuestError } from "../error.js";

/** The number that the guest gets, or `"trap"`: it is not to survive this. */
export type Verdict = number | "trap";

/** A class, or anything else with `instanceof`, and what its instances mean. */
export type Declared<T> = readonly [
  type: abstract new (...args: never) => T,
  verdict: (error: T) => Verdict,
];

/** How an {@link ErrorType} judges; see {@link errorType}. */
export interface ErrorTypeOptions<T extends readonly unknown[]> {
  /** For what the guest did. Never given an `in-func`, but what happened in there. Default: {@link guestVerdict}. */
  readonly guest?: (error: GuestError) => Verdict;
  /**
   * For the host's own errors: implementations may throw or return instances of these classes. The first that fits is
   * asked. No `GuestError` gets there, so `Error` may stand at the end for everything else.
   */
  readonly host?: { readonly [I in keyof T]: Declared<T[I]> };
}

/** An enumeration that functions return, 0 being success, and what failures mean in it. */
export interface ErrorType<T = unknown> {
  /** The numbers. */
  readonly type: Enumeration;
  /** @internal */
  readonly guest: (error: GuestError) => Verdict;
  /** @internal */
  readonly host: readonly Verdicts[];
  /** For the compiler only, never present: what implementations may return or throw. */
  readonly "~declares"?: T;
}

/** A {@link Declared} of some class. */
type Verdicts = readonly [
  type: { [Symbol.hasInstance](value: unknown): boolean },
  verdict: (error: never) => Verdict,
];

/**
 * An enumeration as the error of functions.
 *
 * @param type - its first case means success
 * @throws {@link GuestError} `invalid-option` for what is no enumeration, no function or no list of classes
 *
 * @example
 * ```ts
 * import { enumeration, u8 } from "@memkit/core";
 * import { errorType } from "@memkit/guest-memory/bindings";
 *
 * class Refused extends Error {}
 * const errno = enumeration(u8, ["ok", "inval", "refused"]).named("errno");
 * const error = errorType(errno, { host: [[Refused, () => errno.cases.refused]] });
 * error.type.name; // => "errno"
 * ```
 */
export function errorType<T extends readonly unknown[] = readonly []>(
  type: Enumeration,
  options: ErrorTypeOptions<T> = {},
): ErrorType<T[number]> {
  demandOption(isRecord(type) && type.kind === Kind.enum, "type", type);
  demandOption(isRecord(options), "options", options);
  const { guest = (error: GuestError) => guestVerdict(type, error), host = [] } = options;
  demandOption(typeof guest === "function", "guest", guest);
  demandOption(Array.isArray(host) && host.every(isDeclared), "host", host);
  return Object.freeze({ type, guest, host: Object.freeze([...host]) });
}

/** A class, or something with an `instanceof` of its own, and a function. */
const isDeclared = (declared: unknown): boolean =>
  Array.isArray(declared) &&
  typeof declared[1] === "function" &&
  (typeof declared[0] === "function" || isRecord(declared[0]));

/** The cases that {@link guestVerdict} looks for, by what happened. The rest of `GuestError`'s codes trap. */
const CASE_NAMES: Readonly<Record<string, string>> = {
  "invalid-flag-value": "inval",
  "invalid-enum-value": "inval",
  "ptr-borrowed": "fault",
  "slice-lengths-differ": "fault",
  "borrow-checker-out-of-handles": "fault",
  "invalid-utf8": "ilseq",
  "try-from-int-error": "overflow",
};

/**
 * wasi-common's verdict on what a guest did: flags and enumerations `inval`, borrows `fault`, text `ilseq`, numbers
 * `overflow`; pointers that cannot be right trap, since no program would go on sensibly.
 *
 * Cases are found by these names, whatever their letters' case and with or without an `E` in front: `inval`, `EINVAL`. A
 * case that `type` does not have traps.
 *
 * @see wasi-common `src/snapshots/preview_1/error.rs`, `From<GuestError>`
 */
export function guestVerdict(type: Enumeration, error: GuestError): Verdict {
  const wanted = CASE_NAMES[error.code];
  if (wanted === undefined) return "trap";
  const found = type.names.findIndex((name) => name.toLowerCase().replace(/^e/, "") === wanted);
  return found < 0 ? "trap" : found;
}

const FAILURE: unique symbol = Symbol.for("@memkit/guest-memory/Failure") as never;

/**
 * An errno to return or to throw; made by {@link failure}. Not an `Error`: no stack is taken, so a guest that probes a
 * thousand absent files costs a thousand small objects and not a thousand stack traces.
 */
export interface Failure {
  /** The number that the guest gets. */
  readonly errno: number;
}

/**
 * What the implementation of a function returns, or throws, to make the guest see `errno`.
 *
 * @param errno - not 0, which means success: a guest would go on with results that nobody stored
 * @throws {@link GuestError} `invalid-option` for what is no integer from 1 to 2^32 - 1
 *
 * @example
 * ```ts
 * import { failure } from "@memkit/guest-memory/bindings";
 *
 * failure(8).errno; // => 8
 * ```
 */
export function failure(errno: number): Failure {
  const fits = typeof errno === "number" && errno >>> 0 === errno && errno !== 0;
  demandOption(fits, "errno", errno);
  return Object.freeze({ errno, [FAILURE]: true }) as Failure;
}

/** Whether `value` was made by {@link failure}, of whichever copy of this package. */
export function isFailure(value: unknown): value is Failure {
  return typeof value === "object" && value !== null && FAILURE in value;
}

/** The innermost error of what host functions on the way wrapped as `in-func`. */
export function unwrapped(error: GuestError): GuestError {
  let inner = error;
  while (inner.code === "in-func" && inner.cause instanceof GuestError) inner = inner.cause;
  return inner;
}
