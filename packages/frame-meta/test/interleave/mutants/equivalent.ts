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

/** Mutants of these functions, of these kinds. */
const of =
  (where: readonly string[], kinds: readonly string[], what = /(?:)/) =>
  (mutant: Mutant): boolean =>
    where.includes(mutant.where) && kinds.includes(mutant.kind) && what.test(mutant.what);

export const EQUIVALENT: readonly Equivalent[] = [
  {
    matches: of(
      ["publishAt", "releaseAt"],
      ["load+store", "blind store", "plain access", "dropped check"],
    ),
    reason:
      "no mistake: a busy word is its owner's alone, others only look at it; the swap and the test before it are for callers that own nothing",
  },
  {
    matches: of(["claimTaken"], ["dropped check"], /claimed !== /),
    reason:
      "no mistake: who has the frame in hand finds it unused, or busy for as long as it is being freed",
  },
  {
    matches: of(["giveBack"], ["blind store"]),
    reason: "no mistake: a busy word is its owner's alone",
  },
  {
    matches: of(["#seize", "intoShared"], ["blind store", "dropped check"]),
    reason: "no mistake: a unique word is its owner's alone, and a live handle is the owner",
  },
  {
    matches: of(["drop"], ["dropped check"], /count < 0/),
    reason: "no mistake: who has a handle is not refused",
  },
  {
    matches: of(["publish"], ["dropped check"]),
    reason: "no mistake: who has claimed the frame is not refused",
  },
  {
    matches: of(["#finishOne"], ["dropped statement"], /"ending"\)/),
    reason: "of the reaper alone, which runs as shipped here: test/agent is for it",
  },
  {
    matches: of(["#release"], ["dropped statement"], /settle/),
    reason: "of an agent with a number alone, which waits for nobody here: test/agent is for it",
  },
  {
    matches: of(["drain"], ["dropped check"], /lacksAllocator/),
    reason:
      "of an agent that does not know the allocator, whatever the schedule: test/alloc is for it",
  },
  {
    matches: of(["takeParked"], ["dropped statement"], /words\[link\] = 0/),
    reason: "no mistake: the link is written before the frame is parked again",
  },
  {
    matches: of(["repurpose"], ["plain access", "dropped statement"], /typeAt|usage/i),
    reason:
      "of no schedule: a unique frame's type is looked at by its owner, and by who reaps it when it is dead; the scenarios repurpose to the same type",
  },
  {
    matches: of(["takeOver"], ["blind store", "plain access"]),
    reason: "no mistake: everybody else has stopped, or is dead",
  },
  {
    matches: of(["takeOver"], ["dropped check"], /count !== counted/),
    reason: "no mistake: the count that is stored is the one that is there",
  },
  {
    matches: of(["takeOver"], ["dropped statement"], /locks\.push/),
    reason: "of what reap says of locks, whatever the schedule: test/agent is for it",
  },
  {
    matches: of(["takeOver"], ["dropped statement"], /takeBack/),
    reason: "of a table with an allocator, which these scenarios have not: test/agent finds it",
  },
];
