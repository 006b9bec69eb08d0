/**
 * Runs a mutant through the scenarios until one fails.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { explore, rowIn, type Scenario } from "@memkit/interleave";
import { type Entry, entries } from "../scenarios.js";
import type { Lib } from "../world.js";

/** Who found it out. */
interface Kill {
  readonly scenario: string;
  /** A kind of failure, or what broke before the threads started. */
  readonly oracle: string;
}

/** What is known of a mutant: who killed it, or which scenarios it has come through, and which were cut short. */
export interface Findings {
  readonly kill?: Kill;
  readonly passed: readonly string[];
  readonly cut: readonly string[];
}

type AnyScenario = Scenario<unknown, unknown, unknown>;

/** A scenario, and how much of it the shipped code needs. */
interface Known {
  readonly entry: Entry;
  readonly row: string;
  readonly states: number;
  readonly trace: number;
}

/** More states than this are for `npm run explore` alone. */
const LARGEST = 300_000;

function known(): Known[] {
  const document = readFileSync(new URL("../../INTERLEAVINGS.md", import.meta.url), "utf8");
  return entries.flatMap((entry) => {
    const row = rowIn(document, entry) ?? "";
    const [, , complete, , states = "", trace = ""] = row.split(" | ");
    if (complete !== "yes") return [];
    return [{ entry, row, states: Number.parseInt(states, 10), trace: Number.parseInt(trace, 10) }];
  });
}

/** The scenarios that mutants run through, the quickest first. */
const scenarios: readonly Known[] = known()
  .filter(({ states }) => states <= LARGEST)
  .sort((a, b) => a.states - b.states);

/** Their rows in INTERLEAVINGS.md: with another row a scenario is another. */
export const ROWS: Readonly<Record<string, string>> = Object.fromEntries(
  scenarios.map(({ entry, row }) => [entry.name, row]),
);

/** Accesses of a walk over all entries of a node, which a mutant may take where the shipped code need not. */
const WHOLE_NODE = 1100;

/** @returns who found it out; else whether a limit was reached first */
function oracleOf(scenario: AnyScenario, { states, trace }: Known): string | boolean {
  try {
    const limits = { steps: 2 * trace + WHOLE_NODE, states: 2 * states + WHOLE_NODE };
    const { failure, cut } = explore({ ...scenario, limits, shorten: false });
    if (failure === undefined) return cut !== undefined;
    const { kind, name } = failure;
    return name === undefined || kind === "threw" ? kind : `${kind}: ${name}`;
  } catch (error) {
    if (error instanceof RangeError) return true; // the explorer goes no deeper
    const { code, name } = error as { readonly code?: string; readonly name: string };
    return `error: ${code ?? name}`;
  }
}

/** What finds most mistakes in a function, asked first. */
const LIKELY: readonly (readonly [functions: RegExp, scenarios: readonly string[]])[] = [
  [
    /^(cover|tryCover|wait)$/,
    [
      "map, map: one table",
      "query, take of the table around it",
      "two cursors each, in two orders",
      "query, unmap of all around it",
    ],
  ],
  [
    /^(lower|adopt|unlockAll)$/,
    [
      "map, map: the table is missing",
      "query, take of the table around it",
      "open, map: the table is missing",
      "three levels: translate, map where nothing is",
    ],
  ],
  [
    /^lock(Below|Child)$|^open$|^lose$/,
    [
      "query, take of the table around it",
      "map, take of the table around it",
      "map, a second cursor that is refused half-way",
      "two cursors each, in two orders",
      "three levels: two cursors, one above",
      "three levels: two cursors, one at the root",
      "three levels: two cursors, one at the root, a table missing",
      "three levels: translate, map of two missing tables",
    ],
  ],
  [/^close$/, ["map after map, map: one table"]],
  [
    /^(read|put|swap|translate)$/,
    [
      "translate, protect of both words",
      "translate, unmap of a plain page, map anew",
      "translate, map of what nobody may use",
      "translate, map of a huge page in a table's place",
      "translate, unmap of what nobody may use",
      "alone: unmap of plain pages in a row",
      "translate, unmap and map anew",
      "reap at each access: protect",
    ],
  ],
  [
    /^(mapPfn|unmapNext|setMeta)$/,
    [
      "alone: map in a row",
      "alone: map in a row up to what is mapped",
      "alone: unmap in a row",
      "alone: unmap of items in a row",
      "translate, map in a row of what nobody may use",
      "translate, map of a huge page in a table's place",
      "translate, map of pages in a row",
      "map, map: one table",
      "translate, unmap and map anew",
    ],
  ],
  [
    /^(strand|strandTree|takeTable|clearEntry)$/,
    [
      "translate, take of the table around it",
      "alone: three levels: take of all",
      "alone: three levels: take, map where it was",
    ],
  ],
  [
    /^(dropTree|dropEntries|dropLeaves|collect|take|alloc|blank)$/,
    [
      "translate, unmap of all, collect",
      "tracked: translate, unmap of all and map elsewhere",
      "translate, cleanUp of one table and of another",
      "alone: fork",
      "reap of one that drops a table",
      "alone: three levels: unmap of items behind nothing",
    ],
  ],
  [/^claim$/, ["reap of one that drops a table", "reap of who has nothing, beside a fork"]],
  [
    /^(makeTables|finish)$/,
    [
      "three levels: translate, map by a wide cursor",
      "reap at each access: three levels, map by a wide cursor",
    ],
  ],
  [/^(takeLeaf|clearLeaf)$/, ["tracked: take, take"]],
  [
    /^(takeOver|childrenOf|repair|isUnfinished|mend|isEnding)$/,
    [
      "reap, map",
      "reap in the middle of a fork",
      "reap of one that drops a table",
      "reap of a mapper between two words, beside a translate",
      "reap of who has nothing, beside a map of a huge page",
      "reap in the middle of a change, beside a translate",
      "reap at each access: protect",
      "reap at each access: hide",
      "reap at each access: map of a missing table",
      "reap at each access, with a ledger: map of an item",
      "reap of a mapper that has the lock, beside a map",
      "reap in the middle of a stray table, beside a translate",
    ],
  ],
];

/** The names of the scenarios that find most mistakes in a function. */
export const likelyFor = (where: string): readonly string[] =>
  LIKELY.find(([functions]) => functions.test(where))?.[1] ?? [];

/**
 * Runs a mutant through those scenarios that `before` does not know, up to the first that finds it out.
 *
 * @param asked - Names of the scenarios, or the most states that they may have
 */
export function judge(
  lib: Lib,
  before: Findings = { passed: [], cut: [] },
  asked: readonly string[] | number = Number.POSITIVE_INFINITY,
): Findings {
  if (before.kill !== undefined) return before;
  const passed = [...before.passed];
  const cut = [...before.cut];
  for (const of of scenarios) {
    const { name, build } = of.entry;
    if (passed.includes(name) || cut.includes(name)) continue;
    if (typeof asked === "number" ? of.states > asked : !asked.includes(name)) continue;
    let short = false;
    for (const scenario of build(lib) as unknown as readonly AnyScenario[]) {
      const oracle = oracleOf(scenario, of);
      if (typeof oracle === "string") return { kill: { scenario: name, oracle }, passed, cut };
      short ||= oracle;
    }
    (short ? cut : passed).push(name);
  }
  return { passed, cut };
}
