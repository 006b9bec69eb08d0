/**
 * A run of bytes in some address space, after wiggle's `Region`.
 *
 * Invariant CORE-1: an empty region overlaps nothing, and touching regions do not overlap.
 *
 * @module
 */

/** `len` bytes from `start`. Both are non-negative safe integers; the last byte is `start + len - 1`. */
export interface Region {
  readonly start: number;
  readonly len: number;
}

/**
 * Whether two regions share a byte.
 *
 * Ends are compared as doubles, so a region that ends beyond 2^32 just compares and nothing wraps.
 *
 * @see wiggle `src/region.rs`, `Region::overlaps`
 *
 * @example
 * ```ts
 * import { overlaps } from "@memkit/core/region";
 *
 * overlaps({ start: 0, len: 10 }, { start: 9, len: 1 }); // => true
 * overlaps({ start: 0, len: 10 }, { start: 10, len: 10 }); // => false
 * overlaps({ start: 0, len: 10 }, { start: 5, len: 0 }); // => false
 * ```
 */
export function overlaps(a: Region, b: Region): boolean {
  return a.len !== 0 && b.len !== 0 && a.start < b.start + b.len && b.start < a.start + a.len;
}

/**
 * Whether every byte of `inner` lies in `outer`; an empty `inner` must still start within it or at its end.
 *
 * @example
 * ```ts
 * import { containsRegion } from "@memkit/core/region";
 *
 * containsRegion({ start: 0, len: 4 }, { start: 4, len: 0 }); // => true
 * containsRegion({ start: 0, len: 4 }, { start: 3, len: 2 }); // => false
 * ```
 */
export function containsRegion(outer: Region, inner: Region): boolean {
  return inner.start >= outer.start && inner.start + inner.len <= outer.start + outer.len;
}

/**
 * `0x10..0x1f (16 bytes)`: first and last byte in hex, or `0x10 (empty)`.
 *
 * @example
 * ```ts
 * import { formatRegion } from "@memkit/core/region";
 *
 * formatRegion({ start: 16, len: 16 }); // => "0x10..0x1f (16 bytes)"
 * formatRegion({ start: 16, len: 0 }); // => "0x10 (empty)"
 * ```
 */
export function formatRegion({ start, len }: Region): string {
  const first = `0x${start.toString(16)}`;
  if (len === 0) return `${first} (empty)`;
  if (len === 1) return `${first} (1 byte)`;
  return `${first}..0x${(start + len - 1).toString(16)} (${len} bytes)`;
}
