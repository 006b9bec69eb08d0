/**
 * How values print in traces: as wiggle's `Debug` and `Display` do, with names in place of numbers.
 *
 * @see wiggle `generate/src/types/flags.rs`, `impl Display`
 * @module
 */

import { type Enumeration, type Flags, Kind, type Layout } from "@memkit/core";

/** What `print` says; nothing if it fails. Values of a host's may run its code, or have no text. */
export function textOf(print: () => string): string {
  try {
    return print();
  } catch {
    return "";
  }
}

/** A value of `layout`, for a reader. Names of cases and flags; everything else as JavaScript has it. */
export function printValue(layout: Layout, value: unknown): string {
  if (layout.kind === Kind.enum && typeof value === "number") {
    return (layout as Enumeration).nameOf(value) ?? String(value);
  }
  if (layout.kind === Kind.flags) return printFlags(layout as Flags, value as number | bigint);
  return plain(value);
}

/** `car_config(automatic|suv (0x5))`. */
function printFlags({ name, names, bits }: Flags, value: number | bigint): string {
  const set = BigInt(value);
  const on = names.filter((each) => (set & BigInt(bits[each] as number | bigint)) !== 0n);
  return `${name}(${on.join("|") || "empty"} (0x${set.toString(16)}))`;
}

/** Records by their fields, arrays by their elements; pointers and guards say what they are. */
function plain(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(plain).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Object.getPrototypeOf(value) !== Object.prototype) return String(value);
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${plain(field)}`);
  return `{ ${fields.join(", ")} }`;
}
