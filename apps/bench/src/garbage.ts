/**
 * Bytes of garbage an operation leaves, read from the heap's own counters.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";
import { measure } from "mitata";
import { median } from "./stats.js";
import type { Block } from "./suite.js";

/** Readings kept of one row: two a sample. */
const READINGS = 4096;
/** 5 ms: enough for a dozen samples of anything that is fast enough to be asked about garbage. */
const BUDGET_NS = 5e6;

/** Used heap at each call, kept for the caller: mitata's own average would count samples that a collection cut short. */
class HeapProbe {
  readonly #used = new Float64Array(READINGS);
  #count = 0;

  readonly read = (): number => {
    const { used_heap_size, malloced_memory } = getHeapStatistics();
    const used = used_heap_size + malloced_memory;
    this.#used[this.#count++] = used; // one past the end is dropped, as typed arrays do
    return used;
  };

  /** What the heap grew by between the readings before and after each sample, where no collection came between. */
  growth(): number[] {
    const deltas: number[] = [];
    for (let i = 0; i + 1 < this.#count; i += 2) {
      const delta = this.#used[i + 1]! - this.#used[i]!;
      if (delta >= 0) deltas.push(delta);
    }
    return deltas;
  }
}

/** What reading the counters itself adds between two readings. */
function ownGarbage(): number {
  const probe = new HeapProbe();
  for (let i = 0; i < 64; i++) probe.read();
  return median(probe.growth());
}

/**
 * Median bytes an operation, over samples of their own: the probe disturbs, so nothing is timed with it.
 *
 * NaN if a collection cut every sample short.
 */
export async function garbageOf(block: Block, ops: number, batch: number): Promise<number> {
  const probe = new HeapProbe();
  const { ticks, samples } = await measure(block, {
    heap: probe.read,
    batch_samples: batch,
    min_cpu_time: BUDGET_NS,
    max_samples: READINGS / 2,
    samples_threshold: Number.POSITIVE_INFINITY,
  });
  const blocks = ticks / samples.length;
  return Math.max(0, median(probe.growth()) - ownGarbage()) / (blocks * ops);
}
