/**
 * A mut borrow and its release with many other mut borrows outstanding: IOV_MAX, and more than any host expects.
 *
 * Regions as in `borrow-mut`. In a process of its own, since few borrows lie in an array and many in a tree, and no call
 * meets both in turn. Two Maps at 65,536 would take a second a block to say what they say at 1,024 already.
 *
 * @module
 */

import { borrowers } from "../../borrow-pairs.js";
import { dataViewRow } from "../../data-view.js";
import { REGIONS } from "../../regions.js";
import { garbage, ratio, type Suite } from "../../suite.js";

const suite: Suite = {
  title: "mut borrow + release, many mut borrows outstanding",
  rows: [dataViewRow(REGIONS), ...borrowers("mut", { n: [1024, 65_536] }, { n: [1024] })],
  checks: [
    {
      id: "guest-memory.borrow-mut-many.n1024",
      ...ratio("checker@1024", "D"),
      atMost: 1.6,
      unit: "x D",
    },
    {
      id: "guest-memory.borrow-mut-many.n65536",
      ...ratio("checker@65536", "D"),
      atMost: 5,
      unit: "x D",
    },
    {
      // "Nothing", but for what now and then splits a leaf or is compiled in the meantime.
      id: "guest-memory.borrow-mut-many.garbage",
      ...garbage("checker@65536"),
      atMost: 1,
      unit: "B/op",
    },
  ],
};

export default suite;
