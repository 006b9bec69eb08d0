/**
 * Mutants that no schedule can tell from the shipped code, and why; they are not run.
 *
 * @module
 */

import type { Mutant } from "./generate.js";

export interface Equivalent {
  readonly matches: (mutant: Mutant) => boolean;
  readonly reason: string;
}

/** Mutants of this function whose text the expression finds, of one kind or of any. */
const of =
  (where: string, what: RegExp, kind?: string) =>
  (mutant: Mutant): boolean =>
    mutant.where === where && what.test(mutant.what) && (kind ?? mutant.kind) === mutant.kind;

const AGAIN =
  "who does not wait looks again at once: no other result, and a processor that is kept busy";
const TWO_TABLES =
  "of an agent with cursors on two tables, which no scenario has: test/table/order.test.ts is for it";
const LOCAL = "the order of two notes of this agent, between which it does nothing that others see";
const UNDER_LOCK =
  "the count of a locked node is looked at by its owner alone; who walks without a lock reads entries, who reaps counts anew";
export const ENDLESS = "no mistake that runs: the loop has no access and never ends";
const OWN_NODE =
  "of a node that has the reaper's mark: nobody else writes its metadata, and what the dead wrote is there since the reap has begun";
const PROCESSOR =
  "of a bit that a processor sets meanwhile (PT-59), which no agent does: test/table/processor-bits.test.ts sets one between";
const HUGE_BELOW =
  "of huge pages below a table that goes, whatever the schedule: test/cursor/cursor.test.ts and test/table/fork-protect.test.ts are for it";
const HANDLER =
  "of who is called while an agent waits: no scenario has one, test/table/waiting.test.ts does";
const SHORTCUT = "a shorter way to where the longer one leads";

export const EQUIVALENT: readonly Equivalent[] = [
  {
    matches: of("cover", /^this\.wait|^if \(found > 0\)/),
    reason: `${AGAIN}; of two cursors of one agent: agents.test.ts`,
  },
  { matches: of("tryCover", /before/, "too early"), reason: LOCAL },
  {
    matches: of(
      "lower",
      /^locked\.delete.* before|^cursor\.guard\w+ .* before|LOCK_WORD, 0\); before/,
      "too early",
    ),
    reason: LOCAL,
  },
  {
    matches: of("lower", /before this\.adopt/, "too early"),
    reason: "a node is locked since it was made: adopting it is a note of this agent",
  },
  { matches: of("lower", /^store\.count\(meta, 1\); before/, "too early"), reason: UNDER_LOCK },
  {
    matches: of("release", /./, "plain access"),
    reason: "nobody else has the node yet: it is a root that is being made, or below one",
  },
  {
    matches: of("lockBelow", /^if \(level === 1\)/),
    reason: `${SHORTCUT}: no entry of a leaf table leads to a table`,
  },
  {
    matches: of("lockBelow", /CHILDREN\) === 0/),
    reason: `${SHORTCUT}: no entry of an empty node leads to a table`,
  },
  { matches: of("lockChild", /^this\.wait/), reason: AGAIN },
  {
    matches: of("lockChild", /found < 0/),
    reason:
      "of a table that is corrupt: the parent is locked, and its entry is cleared before the node becomes stray",
  },
  { matches: of("lockChild", /^this\.onWait/), reason: HANDLER },
  { matches: of("open", /^this\.onWait/), reason: HANDLER },
  { matches: of("translate", /^this\.locks\.waited/), reason: HANDLER },
  { matches: of("wait", /^pause\(\)|park\(/, "dropped statement"), reason: AGAIN },
  {
    matches: of("wait", /slots\.load\(lock\) !== found/),
    reason: `${SHORTCUT}: it parks, and who parks looks first`,
  },
  { matches: of("wait", /rootPfn/), reason: TWO_TABLES },
  {
    matches: of("close", /^this\.unlockAll.* before|^cursor\.table.* before/, "too early"),
    reason:
      "what is collected is stray, and in no cursor's set: whether before or after it unlocks nobody can see",
  },
  {
    matches: of("close", /collect\(\)/, "dropped statement"),
    reason: "nodes are freed later: by the next collect, or when there is no memory",
  },
  { matches: of("read", /park\(/, "dropped statement"), reason: AGAIN },
  {
    matches: of("put", /^if \(oldHi === hi\)|^if \(\(words/, "dropped check"),
    reason: `${SHORTCUT}: with the version`,
  },
  { matches: of("swap", /^if \(words/, "dropped check"), reason: `${SHORTCUT}: with the version` },
  {
    matches: of("finish", /^this\.locks\.release.* before/, "too early"),
    reason:
      "nobody but its maker has the root yet: of one who dies between, the handle on the root is what the reap ends, marked or not",
  },
  {
    matches: of("tryAlloc", /./),
    reason: "of a lack of memory, whatever the schedule: test/cursor/refusals.test.ts is for it",
  },
  {
    matches: of("makeTables", /^this\.freeAll/),
    reason: "of a lack of memory: test/cursor/refusals.test.ts is for it",
  },
  { matches: of("makeTables", /count\(this\.meta, 1\); before/, "too early"), reason: UNDER_LOCK },
  {
    matches: of("dropTree", /^if \(this\.alone\)/),
    reason:
      "nodes of a table whose last handle has gone are freed later, by the next collect, and not at once",
  },
  {
    matches: of("strand", /before/, "too early"),
    reason:
      "who reads the mark of a stray node is who reaps, and does so for nodes whose lock says that they are of the dead in either order",
  },
  { matches: of("strandTree", /locate/), reason: "strand has just located it" },
  {
    matches: of("strandTree", /left > 0|left -= 1|endEntry/),
    reason: `${SHORTCUT}: both end the loop, the entries and their number`,
  },
  {
    matches: of("strandTree", /level === 1/),
    reason: `${SHORTCUT}: no entry of a leaf table leads to a table`,
  },
  {
    matches: of("dropEntries", /left > 0|left -= 1|i < end/),
    reason: `${SHORTCUT}: both end the loop, the entries and their number`,
  },
  {
    matches: of("dropLeaves", /left > 0|i < ENTRIES|^left -= 1;$/),
    reason: `${SHORTCUT}: both end the loop, the entries and their number`,
  },
  { matches: of("dropLeaves", /before left/, "too early"), reason: LOCAL },
  {
    matches: of("dropEntries", /^pages \+= PAGES|releaseAll|isTracked/),
    reason: HUGE_BELOW,
  },
  {
    matches: of("dropEntries", /^this\.setMeta/),
    reason:
      "in shared memory the entries are nothing by then: who frees the node looks at all of them again, and finds none; who reaps counts anew",
  },
  { matches: of("take", /^epochs\.push|^free \+= 1|free < nodes/), reason: ENDLESS },
  { matches: of("take", /nodes\.length === 0/), reason: `${SHORTCUT}: of no nodes none are free` },
  {
    matches: of("translate", /live\(\)/),
    reason: "of a table that has been dropped, whatever the schedule",
  },
  {
    matches: of("translate", /page < first/),
    reason: "of an address outside of the table: test/table/agents.test.ts is for it",
  },
  {
    matches: of("mapPfn", /^if \(/),
    reason: `${SHORTCUT}: what the quick way does not take on, mapAnew does`,
  },
  {
    matches: of("mapPfn", /^words\[at \+ 1\] === 0/),
    reason:
      "no whole entry has a lower word of 0 and an upper one of its own, in no format: mutants.test.ts asks them",
  },
  {
    matches: of("unmapNext", /^if \(/),
    reason: `${SHORTCUT}: what the quick way does not take on, unmapAnew does`,
  },
  { matches: of("unmapNext", /^last = store\.lo/), reason: PROCESSOR },
  { matches: of("mapPfn", /^this\.at = at \+ 2; before/, "too early"), reason: LOCAL },
  { matches: of("mapPfn", /^this\.store\.setMeta.* before/, "too early"), reason: UNDER_LOCK },
  { matches: of("unmapNext", / before /, "too early"), reason: LOCAL },
  {
    matches: of("takeTable", /^this\.place.* before|^this\.forget.* before/, "too early"),
    reason: LOCAL,
  },
  { matches: of("clearLeaf", / before /, "too early"), reason: LOCAL },
  {
    matches: of("clearLeaf", /^\(\{ lo \} = store\)|^this\.foundHuge/, "dropped statement"),
    reason: PROCESSOR,
  },
  { matches: of("clearEntry", /count.* before/, "too early"), reason: UNDER_LOCK },
  {
    matches: of("takeOver", /^left\.push.* before/, "too early"),
    reason: LOCAL,
  },
  {
    matches: of("childrenOf", /level === 1/),
    reason: `${SHORTCUT}: no entry of a leaf table leads to a table`,
  },
  {
    matches: of("repair", /collect\(\)/, "dropped statement"),
    reason: "nodes are freed later: by the next collect, or when there is no memory",
  },
  { matches: of("repair", /slots\.load\(meta\)/, "plain access"), reason: OWN_NODE },
  { matches: of("isUnfinished", /./, "plain access"), reason: OWN_NODE },
  { matches: of("mend", /slots\.load/, "plain access"), reason: OWN_NODE },
  {
    matches: of("mend", /^hi !== 0/),
    reason:
      "where the upper word is 0 too, 0 is written over 0, and what is nothing is not counted",
  },
  {
    matches: of("mend", /^\(absent \|\| changing\)/),
    reason:
      "no whole entry has a lower word of 0 and an upper one of its own, in no format: mutants.test.ts asks them",
  },
  {
    matches: of("repair", /errors\.length/),
    reason:
      "of frames that could not be let go, which is said and no more: test/table/fork.test.ts has the error",
  },
];
