/**
 * The cases of `CoreError` that the layout language adds: mistakes in a definition, and values that do not fit.
 *
 * @module
 */

import { type CoreErrorDetail, coreError } from "../core-error.js";
import type { ErrorClass } from "../error.js";

/**
 * A case of `CoreError` from the layout language.
 *
 * `path` names the field inside the value being written, as in `u.clock.id` or `parts[3]`. It is empty for the value
 * itself, and in errors from reading.
 */
export type LayoutErrorDetail =
  /** A definition names two fields, cases or flags alike. */
  | { readonly code: "duplicate-name"; readonly type: string; readonly member: string }
  /** A name that is empty, starts with `~`, or is `seat` or `__proto__`, which mean something else on a view or object. */
  | { readonly code: "invalid-name"; readonly type: string; readonly member: string }
  /** A number of elements, cases, flags or bytes that is no integer from `min` to `max`. */
  | {
      readonly code: "invalid-count";
      readonly type: string;
      readonly count: number;
      readonly min: number;
      readonly max: number;
    }
  /** An alignment that is not a power of two from 1 to 65,536. */
  | { readonly code: "invalid-align"; readonly align: number }
  /** A type would take more than 2^32 bytes, the largest 32-bit memory. */
  | { readonly code: "layout-too-large"; readonly type: string }
  /** A definition was given something else than the kind of type it is made of. */
  | { readonly code: "not-a-layout"; readonly wanted: string; readonly got: string }
  /** Emitted code that is not for this type as it is now. `shape` is the type that it is for. */
  | {
      readonly code: "codec-mismatch";
      readonly type: string;
      readonly target: string;
      readonly shape: string;
    }
  /** A record has no field of this name. */
  | { readonly code: "no-such-field"; readonly type: string; readonly member: string }
  /** A value that is not of the type, or outside its range. */
  | {
      readonly code: "value-out-of-range";
      readonly type: string;
      readonly got: number | bigint | string;
      readonly path: string;
    }
  /** A number, or a variant's tag, that the enumeration, variant or bool has no case for. */
  | {
      readonly code: "invalid-enum-value";
      readonly type: string;
      readonly got: number | string;
      readonly path: string;
    }
  /** A set with bits that the flags do not define. */
  | {
      readonly code: "invalid-flag-value";
      readonly type: string;
      readonly got: number | bigint;
      readonly unknown: number | bigint;
      readonly path: string;
    }
  /** An index beyond an array's elements. */
  | {
      readonly code: "index-out-of-range";
      readonly type: string;
      readonly index: number;
      readonly length: number;
    }
  /** An atomic field at an address in its buffer that is no multiple of its size. */
  | {
      readonly code: "atomic-misaligned";
      readonly type: string;
      readonly address: number;
      readonly align: number;
    };

const hex = (n: number | bigint): string => `0x${n.toString(16)}`;
/** Where in the value, if not the whole of it. */
const where = (path: string): string => (path === "" ? "" : ` in field ${path}`);

/** `CoreError` with the sentences of values. */
export const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<
  "value-out-of-range" | "invalid-enum-value" | "invalid-flag-value" | "index-out-of-range"
>({
  "value-out-of-range": (d) => `${d.got} is not a value of ${d.type}${where(d.path)}`,
  "invalid-enum-value": (d) => `${d.got} is no case of ${d.type}${where(d.path)}`,
  "invalid-flag-value": (d) =>
    `${hex(d.got)} has bits that ${d.type} does not define (${hex(d.unknown)})${where(d.path)}`,
  "index-out-of-range": (d) =>
    `index ${d.index} is outside ${d.type}, which has ${d.length} elements`,
});
