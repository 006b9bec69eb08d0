/**
 * A shared borrow and its release with many other shared borrows outstanding.
 *
 * A shared borrow asks for mut ones only, so what is measured here is keeping a large set in order.
 *
 * @module
 */

import { borrowers } from "../../borrow-pairs.js";
import { dataViewRow } from "../../data-view.js";
import { REGIONS } from "../../regions.js";
import { ratio, type Suite } from "../../suite.js";

const suite: Suite = {
  title: "shared borrow + release, n shared borrows outstanding",
  rows: [
    dataViewRow(REGIONS),
    ...borrowers(
      "shared",
      { n: [1024, 65_536], nFull: [0, 8] },
      { n: [1024], nFull: [0, 8, 65_536] },
    ),
  ],
  checks: [
    {
      id: "guest-memory.borrow-shared.n1024",
      ...ratio("checker@1024", "D"),
      atMost: 5,
      unit: "x D",
    },
    {
      id: "guest-memory.borrow-shared.n65536",
      ...ratio("checker@65536", "D"),
      atMost: 8,
      unit: "x D",
    },
  ],
};

export default suite;
