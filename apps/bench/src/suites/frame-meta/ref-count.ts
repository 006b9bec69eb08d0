/**
 * What the tests of a reference count cost: clone and drop of a handle, on 1,024 slots in shuffled order.
 *
 * The floor of `single` repeats the tests of `incSingle` and `decSingle` in the loop itself, so what is above it is the
 * price of calling them. The floor of `shared` has no tests: two bare `Atomics.add`.
 *
 * @module
 */

import { REF_COUNT_MAX } from "@memkit/frame-meta";
import { decShared, decSingle, incShared, incSingle } from "@memkit/frame-meta/slots";
import { shuffledPositions } from "../../positions.js";
import { type Block, ratio, type Suite } from "../../suite.js";

const SLOTS = 1024;
/** A slot is 64 bytes, so counts lie 16 words apart and no two share a cache line. */
const WORDS_PER_SLOT = 16;

const slots = shuffledPositions(SLOTS, WORDS_PER_SLOT);

/** Count words of slots that all have one handle. */
function words(shared: boolean): Int32Array {
  const bytes = 4 * SLOTS * WORDS_PER_SLOT;
  return new Int32Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)).fill(1);
}

/** Stands for the error: what matters here is that the branch exists. */
function refused(): never {
  throw new Error("a count of this table left 1..2");
}

const inlineSingle = (): Block => {
  const counts = words(false);
  return () => {
    let sum = 0;
    for (let i = 0; i < SLOTS; i++) {
      const slot = slots[i]!;
      const before = counts[slot];
      if (before === undefined) refused();
      if (before <= 0 || before === REF_COUNT_MAX) refused();
      counts[slot] = before + 1;
      const after = counts[slot];
      if (after === undefined) refused();
      if (after <= 0) refused();
      counts[slot] = after - 1;
      sum += after;
    }
    return sum;
  };
};

const suite: Suite = {
  title: "inc + dec of a reference count",
  inTurns: true,
  rows: [
    {
      name: "single-inline",
      role: "floor",
      what: "the same tests written in the loop, plain loads and stores",
      make: inlineSingle,
    },
    {
      name: "single",
      role: "ours",
      what: "incSingle + decSingle",
      make: () => {
        const counts = words(false);
        return () => {
          let sum = 0;
          for (let i = 0; i < SLOTS; i++) {
            const slot = slots[i]!;
            sum += incSingle(counts, slot);
            decSingle(counts, slot);
          }
          return sum;
        };
      },
    },
    {
      name: "shared-bare",
      role: "floor",
      what: "two Atomics.add, no test",
      make: () => {
        const counts = words(true);
        return () => {
          let sum = 0;
          for (let i = 0; i < SLOTS; i++) {
            const slot = slots[i]!;
            sum += Atomics.add(counts, slot, 1);
            Atomics.add(counts, slot, -1);
          }
          return sum;
        };
      },
    },
    {
      name: "shared",
      role: "ours",
      what: "incShared + decShared",
      make: () => {
        const counts = words(true);
        return () => {
          let sum = 0;
          for (let i = 0; i < SLOTS; i++) {
            const slot = slots[i]!;
            sum += incShared(counts, slot);
            decShared(counts, slot);
          }
          return sum;
        };
      },
    },
  ],
  checks: [
    {
      id: "frame-meta.ref-count.single",
      ...ratio("single", "single-inline"),
      atMost: 1.6,
      unit: "x inline",
    },
    {
      id: "frame-meta.ref-count.shared",
      ...ratio("shared", "shared-bare"),
      atMost: 2.3,
      unit: "x 2 Atomics.add",
    },
  ],
};

export default suite;
