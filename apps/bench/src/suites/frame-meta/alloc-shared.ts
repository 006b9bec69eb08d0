/**
 * What an allocator costs over frames claimed by address, on a table of many agents.
 *
 * @module
 */

import { ALLOCS, addresses, churn, one, run, zeros } from "../../alloc.js";
import { life, SEGMENT } from "../../frames.js";
import { garbage, type Readings, ratio, type Suite } from "../../suite.js";

/** What the zeros alone cost, of a page filled in one go. */
const zeroing = {
  value: (readings: Readings) =>
    (readings.ns("zeroed") - readings.ns("alloc")) / readings.ns("zeros"),
  floor: "zeros",
};

const suite: Suite = {
  title: "allocator of a shared table",
  inTurns: true,
  rows: [
    {
      name: "life",
      role: "floor",
      what: "Frame.fromUnused + drop, no allocator",
      make: life("shared"),
    },
    {
      name: "alloc",
      role: "ours",
      what: "allocFrame + drop",
      ops: ALLOCS,
      make: one("shared", false),
    },
    {
      name: "zeroed",
      role: "ours",
      what: "allocFrame + drop, zeroed",
      ops: ALLOCS,
      make: one("shared", true),
    },
    {
      name: "zeros",
      role: "floor",
      what: "BigUint64Array.fill of a page",
      ops: ALLOCS,
      make: zeros,
    },
    {
      name: "churn",
      role: "ours",
      what: "allocFrame + drop, 512 held at a time",
      ops: SEGMENT,
      make: churn("shared"),
    },
    {
      name: "segment",
      role: "ours",
      what: "a frame of allocSegment + drop, 512 at once",
      ops: SEGMENT,
      make: run("shared"),
    },
    {
      name: "addresses",
      role: "ours",
      what: "alloc + add of 512 in a row, no handles",
      ops: ALLOCS,
      make: addresses("shared"),
    },
  ],
  checks: [
    { id: "frame-meta.alloc-shared.one", ...ratio("alloc", "life"), atMost: 3, unit: "x a life" },
    { id: "frame-meta.alloc-shared.zeroing", ...zeroing, atMost: 1.3, unit: "x fill" },
    {
      id: "frame-meta.alloc-shared.segment",
      ...ratio("segment", "life"),
      atMost: 1.3,
      unit: "x a life",
    },
    {
      id: "frame-meta.alloc-shared.addresses",
      ...ratio("addresses", "alloc"),
      atMost: 2,
      unit: "x one frame",
    },
    { id: "frame-meta.alloc-shared.garbage", ...garbage("alloc"), atMost: 64, unit: "B/op" },
  ],
};

export default suite;
