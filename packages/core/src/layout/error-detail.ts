/**
 * The cases of `CoreError` that the layout language adds: mistakes in a definition, and values that do not fit.
 *
 * @module
 */

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
const where = (path: string): string => (path === "" ? "" : ` in field ${path}`);

/** One sentence for a {@link LayoutErrorDetail}. */
export function describeLayoutError(detail: LayoutErrorDetail): string {
  switch (detail.code) {
    case "duplicate-name":
      return `${detail.type} has two members called ${JSON.stringify(detail.member)}`;
    case "invalid-name":
      return (
        `${detail.type} cannot use the name ${JSON.stringify(detail.member)}: names are not empty, ` +
        'do not start with "~", are not "seat" or "__proto__", and in emitted code are identifiers'
      );
    case "invalid-count":
      return `${detail.type} needs an integer from ${detail.min} to ${detail.max}, got ${detail.count}`;
    case "invalid-align":
      return `an alignment is a power of two from 1 to 65536, got ${detail.align}`;
    case "layout-too-large":
      return `${detail.type} would take more than 2^32 bytes`;
    case "not-a-layout":
      return `${detail.wanted} is needed here, got ${detail.got}`;
    case "codec-mismatch":
      return `this codec was not emitted for ${detail.type} on ${detail.target} as it is now; emit it again`;
    case "no-such-field":
      return `${detail.type} has no field ${JSON.stringify(detail.member)}`;
    case "value-out-of-range":
      return `${detail.got} is not a value of ${detail.type}${where(detail.path)}`;
    case "invalid-enum-value":
      return `${detail.got} is no case of ${detail.type}${where(detail.path)}`;
    case "invalid-flag-value":
      return `${hex(detail.got)} has bits that ${detail.type} does not define (${hex(detail.unknown)})${where(detail.path)}`;
    case "index-out-of-range":
      return `index ${detail.index} is outside ${detail.type}, which has ${detail.length} elements`;
    case "atomic-misaligned":
      return `${detail.type} at ${hex(detail.address)} of its buffer is not aligned to ${detail.align} bytes: atomics need it`;
  }
}
