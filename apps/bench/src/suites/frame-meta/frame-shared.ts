/**
 * What handles cost over the raw steps below them, on a table that many agents may touch.
 *
 * @module
 */

import { bare, handle, life, raw, SEGMENT, segment, unchecked } from "../../frames.js";
import { garbage, ratio, type Suite } from "../../suite.js";

const suite: Suite = {
  title: "frames of a shared table: handles over raw steps",
  inTurns: true,
  rows: [
    { name: "bare", role: "floor", what: "two Atomics.add, no test", make: bare },
    { name: "raw", role: "ours", what: "SlotTable.inc + dec", make: raw("shared") },
    { name: "unchecked", role: "ours", what: "uncheckedInc + uncheckedDec", make: unchecked },
    { name: "handle", role: "ours", what: "Frame.clone + drop", make: handle("shared") },
    { name: "life", role: "ours", what: "Frame.fromUnused + drop", make: life("shared") },
    {
      name: "segment",
      role: "ours",
      what: "a frame of Segment.fromUnused + drop, 512 at once",
      ops: SEGMENT,
      make: segment("shared"),
    },
  ],
  checks: [
    {
      id: "frame-meta.frame-shared.raw",
      ...ratio("raw", "bare"),
      atMost: 2.3,
      unit: "x 2 Atomics.add",
    },
    {
      id: "frame-meta.frame-shared.unchecked",
      ...ratio("unchecked", "bare"),
      atMost: 1.25,
      unit: "x 2 Atomics.add",
    },
    {
      id: "frame-meta.frame-shared.handle",
      ...ratio("handle", "raw"),
      atMost: 1.6,
      unit: "x its raw pair",
    },
    {
      id: "frame-meta.frame-shared.garbage",
      ...garbage("handle"),
      atMost: 64,
      unit: "B/op",
    },
    {
      id: "frame-meta.frame-shared.segment",
      ...ratio("segment", "life"),
      atMost: 1.3,
      unit: "x a frame alone",
    },
  ],
};

export default suite;
