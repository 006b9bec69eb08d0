/**
 * The share of a run's time that goes into checks: (with checks - without) / with, over interleaved pairs of runs.
 *
 * Time is the CPU time of the process outside the system: checks never enter it, and what the disk and other processes
 * take would drown them.
 *
 * @module
 */

/** One run of each kind, next to each other in time, in milliseconds. */
export interface Pair {
  readonly checked: number;
  readonly unchecked: number;
}

/** What the pairs say. All figures are fractions of the checked run's time. */
export interface Share {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Whether the pairs disagree by more than what they are asked for. */
  readonly belowNoise: boolean;
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/**
 * The median share of some pairs, at least one, and how far they spread.
 *
 * It is called below noise when the pairs do not even agree on its sign.
 */
export function shareOf(pairs: readonly Pair[]): Share {
  const shares = pairs.map(({ checked, unchecked }) => (checked - unchecked) / checked);
  shares.sort((a, b) => a - b);
  const least = shares[0] as number;
  const most = shares[shares.length - 1] as number;
  return { median: median(shares), least, most, belowNoise: least <= 0 };
}

const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;

/** One line for a reader. */
export function describeShare(share: Share, pairs: number): string {
  const spread = `${percent(share.least)} to ${percent(share.most)}`;
  const figure = `median of ${pairs} interleaved pairs ${percent(share.median)}, spread ${spread}`;
  return share.belowNoise
    ? `below noise (of the CPU time, ${figure})`
    : `${percent(share.median)} of the CPU time (${figure})`;
}
