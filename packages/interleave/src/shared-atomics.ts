/**
 * `Atomics`, as the code under test gets it: on shared memory each function is one access, on anything else it is the
 * original.
 *
 * @module
 */

import { accessOf, Kind, pauseOf, WaitResult, type Word } from "./access.js";
import { fit } from "./element.js";
import { unsupported } from "./interleave-error.js";
import { realm } from "./realm.js";
import { hostNow, placeOf, type SharedPlace } from "./shared-array.js";

type AtomicsFunction = (...args: unknown[]) => unknown;

/** The place of an element, after the original has refused what it refuses: other types, indexes out of bounds. */
function byteOf({ target, byteOffset, size }: SharedPlace, index: unknown): number {
  realm.atomics.load(target, index as number); // reads the unused bytes behind the array
  return byteOffset + (Math.trunc(Number(index)) || 0) * size;
}

/** ECMA-262: `Atomics` take integers; a number loses its fraction before it wraps, and NaN is 0. */
function operandOf({ element }: SharedPlace, value: unknown): Word {
  return fit(element, typeof value === "bigint" ? value : integerOf(value));
}

const integerOf = (value: unknown): number => Math.trunc(Number(value)) || 0;

function modify(kind: Kind): AtomicsFunction {
  return (view, index, value, replacement) => {
    const place = placeOf(view);
    if (place === undefined) return original(kind)(view, index, value, replacement);
    const at = byteOf(place, index);
    const { buffer, element } = place;
    const swaps = kind === Kind.compareExchange;
    const operand = operandOf(place, value);
    const other = swaps ? operandOf(place, replacement) : 0;
    const result = hostNow().perform(accessOf(kind, true, buffer, at, element, operand, other));
    // A store returns what it was given, not what fitted.
    if (kind !== Kind.store) return result;
    return typeof value === "bigint"
      ? value
      : Number(value) === Infinity
        ? Infinity
        : integerOf(value);
  };
}

const NAMES = Object.keys(Kind) as (keyof typeof Kind)[];
const original = (kind: Kind): AtomicsFunction =>
  Reflect.get(realm.atomics, NAMES[kind]!) as AtomicsFunction;

function load(view: unknown, index: unknown): unknown {
  const place = placeOf(view);
  if (place === undefined) return original(Kind.load)(view, index);
  const at = byteOf(place, index);
  return hostNow().perform(accessOf(Kind.load, true, place.buffer, at, place.element));
}

function wait(view: unknown, index: unknown, value: unknown, timeout?: unknown): unknown {
  const place = placeOf(view);
  if (place === undefined) return original(Kind.wait)(view, index, value, timeout);
  const at = byteOf(place, index);
  realm.atomics.notify(place.target, index as number, 0); // for its error: only i32 and i64 can be waited on
  const { buffer, element } = place;
  const seen = operandOf(place, value);
  const host = hostNow();
  const limit = timeout === undefined ? Number.POSITIVE_INFINITY : Number(timeout);
  if (limit < Number.POSITIVE_INFINITY) {
    host.perform(accessOf(Kind.park, true, buffer, at, element, seen));
    return "timed-out";
  }
  const found = host.perform(accessOf(Kind.wait, true, buffer, at, element, seen));
  if (found === WaitResult.notEqual) return "not-equal";
  host.perform(accessOf(Kind.wake, true, buffer, at, element));
  return "ok";
}

function notify(view: unknown, index: unknown, count?: unknown): unknown {
  const place = placeOf(view);
  if (place === undefined)
    return realm.atomics.notify(view as Int32Array, index as number, count as number);
  const at = byteOf(place, index);
  realm.atomics.notify(place.target, index as number, 0);
  const most = count === undefined ? Number.POSITIVE_INFINITY : Math.max(0, integerOf(count));
  return hostNow().perform(accessOf(Kind.notify, true, place.buffer, at, place.element, most));
}

function pause(): undefined {
  if (realm.host === undefined) return undefined;
  realm.host.perform(pauseOf([]));
  return undefined;
}

/** What stands in for the global `Atomics`. */
export function sharedAtomics(): object {
  const replaced: Record<string, unknown> = { load, wait, notify, pause };
  for (const name of [
    "add",
    "sub",
    "and",
    "or",
    "xor",
    "exchange",
    "compareExchange",
    "store",
  ] as const) {
    replaced[name] = modify(Kind[name]);
  }
  replaced.waitAsync = (view: unknown, ...rest: unknown[]): unknown => {
    if (placeOf(view) !== undefined) unsupported("Atomics.waitAsync");
    return (Reflect.get(realm.atomics, "waitAsync") as AtomicsFunction)(view, ...rest);
  };
  // What else there is, or will be.
  return Object.defineProperties(
    Object.create(realm.atomics) as object,
    Object.getOwnPropertyDescriptors(replaced),
  );
}
