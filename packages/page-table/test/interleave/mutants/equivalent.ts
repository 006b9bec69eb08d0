/**
 * Mutants that no schedule can tell from the shipped code, and why.
 *
 * @module
 */

import type { Mutant } from "./generate.js";

export interface Equivalent {
  readonly matches: (mutant: Mutant) => boolean;
  readonly reason: string;
}

export const EQUIVALENT: readonly Equivalent[] = [
  {
    matches: ({ where, what }) => where === "wait" && what.includes("found === this.mark"),
    reason:
      "of an agent with two cursors, which no scenario has: test/table/agents.test.ts is for it",
  },
  {
    matches: ({ where, what }) => where === "translate" && what.includes("live()"),
    reason: "of a table that has been dropped, whatever the schedule",
  },
];
