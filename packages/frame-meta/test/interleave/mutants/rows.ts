/**
 * The transitions of a slot, OSTD's and no others, and the functions that make each: where mutants are made.
 *
 * @see OSTD `ostd/src/mm/frame/meta.rs`, the table in the README's `## The count word`
 * @module
 */

/** One row of the transition table. */
export interface Row {
  readonly id: string;
  readonly transition: string;
  /** File in src and functions in it. */
  readonly sites: Readonly<Record<string, readonly string[]>>;
  /** Names of the scenarios to run through; those of the suite if not given. */
  readonly scenarios?: RegExp;
}

export const rows: readonly Row[] = [
  {
    id: "claim",
    transition: "UNUSED -> BUSY",
    sites: {
      "slot/slot-table.ts": ["claimAt"],
      "frame/build.ts": ["claimUnused", "claimTaken"],
    },
  },
  {
    id: "publish",
    transition: "BUSY -> 1, BUSY -> UNIQUE",
    sites: {
      "slot/slot-table.ts": ["publishAt"],
      "frame/build.ts": ["build", "publish", "writeStorage"],
    },
  },
  {
    id: "inc",
    transition: "n -> n+1",
    sites: { "ref-count.ts": ["tryIncShared"], "frame/frame.ts": ["another"] },
  },
  {
    id: "dec",
    transition: "n -> n-1, 1 -> BUSY",
    sites: { "ref-count.ts": ["tryDecShared"], "frame/frame.ts": ["drop"] },
  },
  {
    id: "release",
    transition: "BUSY -> UNUSED",
    sites: {
      "slot/slot-table.ts": ["releaseAt"],
      "frame/teardown.ts": ["#finishOne", "#workOff", "#free", "#release"],
    },
  },
  {
    id: "step",
    transition: "each that starts from one state",
    sites: { "slot/slot-table.ts": ["stepAt"] },
  },
  { id: "seize", transition: "UNIQUE -> BUSY", sites: { "frame/unique-frame.ts": ["#seize"] } },
  { id: "share", transition: "UNIQUE -> 1", sites: { "frame/unique-frame.ts": ["intoShared"] } },
  { id: "unshare", transition: "1 -> UNIQUE", sites: { "frame/unique-frame.ts": ["tryFrom"] } },
  {
    id: "repurpose",
    transition: "UNIQUE -> UNIQUE",
    sites: { "frame/unique-frame.ts": ["repurpose"] },
  },
  {
    id: "give-back",
    transition: "BUSY -> 1 where onDropPre refuses",
    sites: { "frame/teardown.ts": ["ask", "#refuse", "giveBack"] },
  },
  {
    id: "park",
    transition: "BUSY -> BUSY, for want of a type",
    sites: {
      "slot/parked.ts": ["parkFrame", "takeParked"],
      "frame/teardown.ts": ["finish", "park", "drain"],
    },
  },
  {
    id: "reap",
    transition: "of the dead: n -> m, any -> BUSY",
    sites: { "agent/reap.ts": ["takeOver"] },
    // The last handle and one of two, unique ones, lists: those of them that are explored in seconds.
    scenarios: /^reap(,| last drop, fromUnused| clone| drop, to unique| unique fromUnused| list)/,
  },
  {
    id: "word",
    transition: "any: the accesses themselves",
    sites: { "slot/shared.ts": ["load", "store", "swap"] },
  },
];
