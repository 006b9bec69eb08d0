/**
 * What an allocator costs over frames claimed by address, on a table of one agent.
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
  title: "allocator of a table of one agent",
  inTurns: true,
  rows: [
    {
      name: "life",
      role: "floor",
      what: "Frame.fromUnused + drop, no allocator",
      make: life("single"),
    },
    {
      name: "alloc",
      role: "ours",
      what: "allocFrame + drop",
      ops: ALLOCS,
      make: one("single", false),
    },
    {
      name: "zeroed",
      role: "ours",
      what: "allocFrame + drop, zeroed",
      ops: ALLOCS,
      make: one("single", true),
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
      make: churn("single"),
    },
    {
      name: "segment",
      role: "ours",
      what: "a frame of allocSegment + drop, 512 at once",
      ops: SEGMENT,
      make: run("single"),
    },
    {
      name: "addresses",
      role: "ours",
      what: "alloc + add of 512 in a row, no handles",
      ops: ALLOCS,
      make: addresses("single"),
    },
  ],
  checks: [
    { id: "frame-meta.alloc-single.one", ...ratio("alloc", "life"), atMost: 3, unit: "x a life" },
    { id: "frame-meta.alloc-single.zeroing", ...zeroing, atMost: 1.3, unit: "x fill" },
    {
      id: "frame-meta.alloc-single.segment",
      ...ratio("segment", "life"),
      atMost: 1.3,
      unit: "x a life",
    },
    {
      id: "frame-meta.alloc-single.addresses",
      ...ratio("addresses", "alloc"),
      atMost: 2,
      unit: "x one frame",
    },
    { id: "frame-meta.alloc-single.garbage", ...garbage("alloc"), atMost: 64, unit: "B/op" },
  ],
};

export default suite;
