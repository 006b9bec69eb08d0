/**
 * A mut borrow and its release, with a few other mut borrows outstanding: what a host call holds.
 *
 * All regions are disjoint, so every borrow is granted and every checker has to look at all it has. They lie shuffled
 * among one another: the outstanding ones are not beside, before or after the ones borrowed.
 *
 * @module
 */

import { borrowers } from "../../borrow-pairs.js";
import { dataViewRow } from "../../data-view.js";
import { REGIONS } from "../../regions.js";
import { ratio, type Suite } from "../../suite.js";

/** None, one, an iovec list of eight; a long one. More have a suite of their own, `borrow-mut-many`. */
const SIZES = { n: [0, 1, 8], nFull: [64] } as const;

const suite: Suite = {
  title: "mut borrow + release, n mut borrows outstanding",
  rows: [dataViewRow(REGIONS), ...borrowers("mut", SIZES)],
  checks: [
    { id: "guest-memory.borrow-mut.n0", ...ratio("checker@0", "D"), atMost: 0.2, unit: "x D" },
    { id: "guest-memory.borrow-mut.n1", ...ratio("checker@1", "D"), atMost: 0.25, unit: "x D" },
    { id: "guest-memory.borrow-mut.n8", ...ratio("checker@8", "D"), atMost: 0.45, unit: "x D" },
  ],
};

export default suite;
