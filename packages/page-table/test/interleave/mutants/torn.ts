/**
 * A mutant's trace that fails: who reads an entry does not look whether its version is what it was.
 *
 * @module
 */

import { explore, type Failure, type Scenario, type Trace } from "@memkit/interleave";
import { entries } from "../scenarios.js";
import type { Lib } from "../world.js";
import type { Mutant } from "./generate.js";

/** The scenario. */
export const TORN = "translate, protect of both words";

/** The mutant. */
export const tornIn = (mutants: readonly Mutant[]): Mutant =>
  mutants.find(({ where, what }) => where === "read" && /^slots.*=== version$/.test(what))!;

/** The trace, as a file would keep it. */
export function torn(lib: Lib): {
  readonly scenario: Scenario<unknown>;
  readonly failure: Failure;
  readonly trace: Trace;
} {
  const [scenario] = entries.find(({ name }) => name === TORN)!.build(lib) as unknown as [
    Scenario<unknown>,
  ];
  const failure = explore({ ...scenario, shorten: false }).failure!;
  return { scenario, failure, trace: JSON.parse(JSON.stringify(failure.trace)) as Trace };
}
