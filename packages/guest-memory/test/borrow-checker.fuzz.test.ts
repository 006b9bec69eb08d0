/** The short form of `npm run fuzz`: random rounds of every pattern against the naive model, trees and all. */

import { expect, test } from "vitest";
import { PATTERN_NAMES, play, Tally } from "./support/fuzz.js";

const SMALL = { ring: 4, serials: 4096, limit: 1024, kept: 256 };

// `play` asks `checkInvariants` as it goes, which looks at GM-1, GM-2, GM-4 and, in a tree, GM-17, GM-18 and GM-19.
test.each(PATTERN_NAMES)(
  "%s ranges: GM-1, GM-2, GM-17, GM-18, GM-19 hold after random steps",
  (pattern) => {
    const tally = new Tally();
    for (const [i, muts] of [30, 0, 60, 100].entries()) {
      play(
        { pattern, seed: 7919 * i + 1, muts, policy: "precise", most: 24, steps: 300, every: 50 },
        tally,
      );
      play(
        {
          pattern,
          seed: 104_729 * i + 1,
          muts,
          policy: "precise",
          most: 260,
          steps: 800,
          every: 200,
          sizes: SMALL,
        },
        tally,
      );
    }
    expect(tally.operations).toBeGreaterThan(3000);
  },
);
