/**
 * Values as text: equal texts, equal values. For results of operations and states of models.
 *
 * @module
 */

import { realm } from "./realm.js";

/** How deep a value may be; deeper ones are taken for circular. */
const MAX_DEPTH = 32;

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The elements of what has an order of its own, with brackets to tell the kinds apart. */
function elementsText(
  open: string,
  elements: Iterable<unknown>,
  close: string,
  depth: number,
): string {
  return open + Array.from(elements, (element) => text(element, depth + 1)).join(", ") + close;
}

function objectText(value: object, depth: number): string {
  if (depth > MAX_DEPTH) return "...";
  if (Array.isArray(value)) return elementsText("[", value, "]", depth);
  if (value instanceof Map) return elementsText("Map(", value, ")", depth);
  if (value instanceof Set) return elementsText("Set(", value, ")", depth);
  if (value instanceof Error) return `${value.name}(${JSON.stringify(value.message)})`;
  if (realm.isView(value) && !(value instanceof realm.DataView)) {
    return elementsText(`${value.constructor.name}[`, value as Int32Array, "]", depth);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return `[${Reflect.get(value, "constructor")?.name ?? "object"}]`; // a handle: which one cannot be told
  }
  const fields = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${name}: ${text(field, depth + 1)}`);
  return `{${fields.join(", ")}}`;
}

function text(value: unknown, depth: number): string {
  switch (typeof value) {
    case "number":
      return numberText(value);
    case "bigint":
      return `${value}n`;
    case "string":
      return JSON.stringify(value);
    case "function":
    case "symbol":
      return String(value);
    case "object":
      return value === null ? "null" : objectText(value, depth);
    default:
      return String(value);
  }
}

/** The text of a value. Objects with a class of their own are told apart by the name of the class only. */
export const canonical = (value: unknown): string => text(value, 0);
