/**
 * Questions and borrows against 65,536 shared borrows that a guest arranged: next to one another, each within the one
 * before, each shifted by a bit, all the same.
 *
 * `mut` borrows and, where that was granted, releases; `write` asks what a write asks; `read` what a read asks; `changed` ends
 * one of the shared borrows, takes it again and asks what a write asks, so that what a checker might put off is counted.
 *
 * @module
 */

import { BorrowChecker } from "@memkit/guest-memory";
import { dataViewRow } from "../../data-view.js";
import { shuffledPositions } from "../../positions.js";
import { arrangedRegions, type Pattern, REGIONS } from "../../regions.js";
import { type Block, type Check, type Row, ratio, type Suite } from "../../suite.js";

const LIVE = 65_536;
/** A u32's. */
const SIZE = 4;
/** From the first byte that any pattern covers to twice the last: half the questions end in a no. */
const places = shuffledPositions(REGIONS, 2 ** 15);
const PATTERNS: readonly Pattern[] = ["disjoint", "nested", "staircase", "identical"];

interface Besieged {
  readonly checker: BorrowChecker;
  readonly handles: Int32Array;
  readonly starts: Uint32Array;
  readonly lens: Uint32Array;
}

function besieged(pattern: Pattern): Besieged {
  const checker = new BorrowChecker();
  const { starts, lens } = arrangedRegions(pattern, LIVE);
  const handles = Int32Array.from(starts, (start, i) => checker.sharedBorrow(start, lens[i]!));
  if (handles.some((handle) => handle < 0)) throw new Error("refused");
  return { checker, handles, starts, lens };
}

const mut = (pattern: Pattern): Block => {
  const { checker } = besieged(pattern);
  return () => {
    let granted = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = checker.mutBorrow(places[i]!, SIZE);
      if (handle < 0) continue;
      checker.mutUnborrow(handle);
      granted++;
    }
    return granted;
  };
};

const write = (pattern: Pattern): Block => {
  const { checker } = besieged(pattern);
  return () => {
    let free = 0;
    for (let i = 0; i < REGIONS; i++) {
      const at = places[i]!;
      if (!checker.isMutBorrowed(at, SIZE) && !checker.isSharedBorrowed(at, SIZE)) free++;
    }
    return free;
  };
};

const read = (pattern: Pattern): Block => {
  const { checker } = besieged(pattern);
  checker.mutBorrow(2 ** 32 - 1, 1); // or there is nothing to ask
  return () => {
    let free = 0;
    for (let i = 0; i < REGIONS; i++) if (!checker.isMutBorrowed(places[i]!, SIZE)) free++;
    return free;
  };
};

const changed = (pattern: Pattern): Block => {
  const { checker, handles, starts, lens } = besieged(pattern);
  let turn = 0;
  return () => {
    let free = 0;
    for (let i = 0; i < REGIONS; i++) {
      // The tables are shuffled already; 1,024 of them a block, others at the next.
      const one = turn++ % LIVE;
      checker.sharedUnborrow(handles[one]!);
      handles[one] = checker.sharedBorrow(starts[one]!, lens[one]!);
      if (!checker.isSharedBorrowed(places[i]!, SIZE)) free++;
    }
    return free;
  };
};

const ASKED: readonly (readonly [name: string, what: string, make: (pattern: Pattern) => Block])[] =
  [
    ["mut", "mutBorrow, and its release if it was granted", mut],
    ["write", "the borrow check of a write", write],
    ["read", "the borrow check of a read", read],
    ["changed", "release and borrow one again, then the check of a write", changed],
  ];

const rows = PATTERNS.flatMap((pattern) =>
  ASKED.map(
    ([name, what, make]): Row => ({
      name: `${name}-${pattern}`,
      role: "ours",
      what: `${pattern}: ${what}`,
      make: () => make(pattern),
    }),
  ),
);

const suite: Suite = {
  title: `against ${LIVE} shared borrows that a guest arranged`,
  rows: [dataViewRow(REGIONS), ...rows],
  checks: rows.map(
    ({ name }): Check => ({
      id: `guest-memory.borrow-hostile.${name}`,
      ...ratio(name, "D"),
      atMost: 10,
      unit: "x D",
    }),
  ),
};

export default suite;
