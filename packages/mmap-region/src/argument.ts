/**
 * Proofs of what a caller has given, where its type says more than a number's: bad input is refused before anything has
 * changed, with a `RegionError` and not with whatever the engine says of a property of null.
 *
 * @module
 */

import type { Driver } from "./driver/driver.js";
import { RegionError } from "./region-error.js";

/** Characters of a text that a message repeats: enough to know it by. */
const LONGEST = 40;

/** What of a value can be said in a message, however hostile the value: nothing of it is called. */
function nameOf(value: unknown): number | string {
  if (typeof value === "number") return value;
  if (typeof value === "string") return JSON.stringify(value.slice(0, LONGEST));
  return value === null ? "null" : typeof value;
}

/** `invalid-argument`, with what kind of value was given. */
export function badArgument(argument: string, value: unknown, reason: string): RegionError {
  return new RegionError({ code: "invalid-argument", argument, value: nameOf(value), reason });
}

/** @throws {@link RegionError} `invalid-argument` for what has no properties */
export function requireObject(argument: string, value: unknown): asserts value is object {
  if (typeof value === "object" && value !== null) return;
  throw badArgument(argument, value, "must be an object");
}

/** @throws {@link RegionError} `invalid-argument` for what has no method of that name */
export function requireMethod(argument: string, value: unknown, method: string): void {
  const has = typeof value === "object" && value !== null;
  if (has && typeof (value as Record<string, unknown>)[method] === "function") return;
  throw badArgument(argument, value, `must have a method ${method}`);
}

/**
 * The elements of what can be iterated over, each of them an object.
 *
 * @throws {@link RegionError} `invalid-argument`; what the iterator throws
 */
export function objectsOf<T extends object>(argument: string, values: Iterable<T>): T[] {
  const given: unknown = values;
  const iterable =
    typeof given === "object" &&
    given !== null &&
    Symbol.iterator in given &&
    !ArrayBuffer.isView(given);
  if (!iterable) throw badArgument(argument, given, "must be an array, or another iterable");
  const elements: T[] = [];
  for (const element of values) {
    requireObject(`${argument}[${elements.length}]`, element);
    elements.push(element);
  }
  return elements;
}

/** @throws {@link RegionError} `invalid-argument` for what `loadDriver` cannot have found */
export function requireDriver(driver: Driver): void {
  const given: unknown = driver;
  requireObject("driver", given);
  const { then, reserve } = given as Readonly<Record<string, unknown>>;
  if (typeof then === "function") {
    throw badArgument("driver", given, "is a promise: await loadDriver(), and give its `driver`");
  }
  if (typeof reserve !== "function") {
    throw badArgument("driver", given, "must be the `driver` of what await loadDriver() returns");
  }
  requireObject("driver.capabilities", driver.capabilities);
  requireObject("driver.budget", driver.budget);
}
