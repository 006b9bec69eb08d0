/**
 * How a value fails to be one of a type's values, as the detail of the error that says so.
 *
 * A check returns its misfit instead of throwing it, so that every record on the way out can put its field's name in
 * front of `path`, and only a value that fails pays for the path.
 *
 * @module
 */

import type { LayoutErrorDetail } from "./layout-error.js";

/** The details of `value-out-of-range`, `invalid-enum-value` and `invalid-flag-value`. */
export type Misfit = Extract<LayoutErrorDetail, { readonly path: string }>;

/** Numbers as they are, everything else by a name that is safe to log. */
function shown(value: unknown): number | bigint | string {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value !== "object") return typeof value;
  try {
    return Array.isArray(value) ? "an array" : "an object";
  } catch {
    return "an object"; // a revoked proxy, which is not even no array
  }
}

/** `value` is not of the host type that `type` wants, or outside its range. */
export function outOfRange(type: string, value: unknown, path = ""): Misfit {
  return { code: "value-out-of-range", type, got: shown(value), path };
}

/** `got` is in range, but the enumeration, variant or bool `type` has no such case. */
export function unknownCase(type: string, got: number | string, path = ""): Misfit {
  return { code: "invalid-enum-value", type, got, path };
}

/** `got` has the bits `unknown` set, which the flags `type` do not define. */
export function unknownFlags<B extends number | bigint>(
  type: string,
  got: B,
  unknown: B,
  path = "",
): Misfit {
  return { code: "invalid-flag-value", type, got, unknown, path };
}

/** The same misfit seen from the record (`segment` a name) or array (`segment` as `[3]`) around it. */
export function within(segment: string, misfit: Misfit): Misfit {
  const { path } = misfit;
  const glue = path === "" || path.startsWith("[") ? "" : ".";
  return { ...misfit, path: `${segment}${glue}${path}` };
}
