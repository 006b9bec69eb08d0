/** Scenarios that a test explores and workers replay: both load them from here. */

import type { Scenario } from "@memkit/interleave";
import { park, words } from "./words.js";

/** Counts in two steps: an update gets lost. */
const lossy = (shared: Int32Array): number => Atomics.store(shared, 0, Atomics.load(shared, 0) + 1);

const counted = (shared: Int32Array): number => Atomics.add(shared, 0, 1);

/** Word 0 is a lock that a waiter takes for free when it is woken: two get in. Word 1 is what the lock is there for. */
const barge = (shared: Int32Array): number => {
  if (Atomics.compareExchange(shared, 0, 0, 1) !== 0) park(shared, 0, 1);
  const mine = shared[1]! + 1;
  shared[1] = mine;
  Atomics.store(shared, 0, 0);
  return mine;
};

export const scenarios = {
  lossy: {
    setup: words(0),
    threads: [lossy, lossy],
    atEnd: { "both are counted": (shared) => shared[0] === 2 },
  },
  right: { setup: words(0), threads: [counted, counted] },
  barge: { setup: words(0, 0), threads: [barge, barge, barge] },
} satisfies Record<string, Scenario<Int32Array>>;
