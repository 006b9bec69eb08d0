/**
 * The codec between our 32-bit count word and OSTD's 64-bit one.
 *
 * It is sign extension, which is why the sentinels are -1 and -2: they become 2^64-1 and 2^64-2, counts stay what they
 * are, and the overflow band -2^31..-3 lands in OSTD's (2^63-1, 2^64-2).
 *
 * FM-4: `fromOstdCount(toOstdCount(w)) === w` for every word, and both name the same {@link statusOf | status}.
 *
 * @module
 */

import { frameError } from "./frame-error.js";

const FrameError = /* @__PURE__ */ frameError<"count-too-wide">({
  "count-too-wide": (d) =>
    `the 64-bit count 0x${d.got.toString(16)} does not fit the 32-bit word: only its sign extension does`,
});

/**
 * The u64 that OSTD would hold.
 *
 * @throws {@link FrameError} `not-a-word` unless `word` is an integer in -2^31 .. 2^31-1
 *
 * @example
 * ```ts
 * import { REF_COUNT_UNUSED } from "@memkit/frame-meta";
 * import { toOstdCount } from "@memkit/frame-meta/slots";
 *
 * toOstdCount(REF_COUNT_UNUSED); // => 0xffff_ffff_ffff_ffffn
 * toOstdCount(3); // => 3n
 * ```
 */
export function toOstdCount(word: number): bigint {
  if ((word | 0) !== word) throw new FrameError({ code: "not-a-word", got: word });
  return BigInt.asUintN(64, BigInt(word));
}

/**
 * The word for an OSTD count, a u64.
 *
 * @throws {@link FrameError} `count-too-wide` if `count` is not the sign extension of a 32-bit word: a count above
 * 2^31-1, or not a u64 at all
 *
 * @example
 * ```ts
 * import { fromOstdCount } from "@memkit/frame-meta/slots";
 *
 * fromOstdCount(0xffff_ffff_ffff_fffen); // => -2
 * ```
 */
export function fromOstdCount(count: bigint): number {
  const word = Number(BigInt.asIntN(32, count));
  if (BigInt.asUintN(64, BigInt(word)) !== count) {
    throw new FrameError({ code: "count-too-wide", got: count });
  }
  return word;
}
