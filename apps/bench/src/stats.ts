/**
 * The few statistics that every figure rests on. All take samples in any order and leave them as they are.
 *
 * Spread always means the interquartile range, p75 - p25, over the rounds of one process: half of the rounds lie inside
 * it. The full range would grow with the number of rounds and name only the worst of them.
 *
 * @module
 */

/** The `q`-quantile, 0 <= q <= 1, interpolated linearly between order statistics. NaN of no samples. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0 || samples.some(Number.isNaN)) return Number.NaN;
  const sorted = [...samples].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return at === low || below === above ? below : below + (above - below) * (at - low);
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** p75 - p25, in the unit of the samples. */
export const spread = (samples: readonly number[]): number =>
  quantile(samples, 0.75) - quantile(samples, 0.25);
