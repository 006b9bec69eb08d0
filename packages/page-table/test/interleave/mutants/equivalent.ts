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

export const EQUIVALENT: readonly Equivalent[] = [];
