/**
 * Percentiles of what was measured, by nearest rank: each is a value that was measured.
 *
 * @module
 */

/** @param share - From 0 to 1. @returns NaN of nothing */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
