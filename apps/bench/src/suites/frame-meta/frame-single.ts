/**
 * What handles cost over the raw steps below them, on a table of one agent; and what making a table costs.
 *
 * @module
 */

import { createSlots, FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import { handle, inline, life, raw, SEGMENT, segment } from "../../frames.js";
import { type Block, garbage, ratio, type Suite } from "../../suite.js";

const PAGE = 4096;
/** Frames of the table that is created: 4 GiB of memory, 64 MiB of slots. */
const MANY = 2 ** 20;

/** Memory of many frames that nobody reads: only its length is looked at. */
const manyFrames = () => {
  const buffer = new SharedArrayBuffer(MANY * PAGE);
  return [{ firstPfn: 0, frames: MANY, source: { buffer }, byteOffset: 0 }];
};

const create = (): Block => {
  const banks = manyFrames();
  const first = createSlots({ memory: banks });
  const buffer = first.words.buffer as ArrayBuffer;
  return () => createSlots({ memory: banks, buffer }).frames;
};

/** The table, and an allocator that has all of its frames. */
const createWithBuddy = (): Block => {
  const memory = manyFrames();
  const buffer = FrameTable.create({ memory }).buffer;
  return () => createBuddy(FrameTable.create({ memory, buffer })).stats().free;
};

const fill = (): Block => {
  const { words } = createSlots({ memory: manyFrames() });
  const whole = new BigUint64Array(words.buffer, 0, words.length >>> 1);
  return () => {
    whole.fill(0n);
    return whole.length;
  };
};

const suite: Suite = {
  title: "frames of a table of one agent: handles over raw steps",
  inTurns: true,
  rows: [
    {
      name: "inline",
      role: "floor",
      what: "the same tests written in the loop, plain loads and stores",
      make: inline,
    },
    { name: "raw", role: "ours", what: "SlotTable.inc + dec", make: raw("single") },
    { name: "handle", role: "ours", what: "Frame.clone + drop", make: handle("single") },
    { name: "life", role: "ours", what: "Frame.fromUnused + drop", make: life("single") },
    {
      name: "segment",
      role: "ours",
      what: "a frame of Segment.fromUnused + drop, 512 at once",
      ops: SEGMENT,
      make: segment("single"),
    },
    {
      name: "fill",
      role: "floor",
      what: "BigUint64Array.fill of the slots of 1 M frames, warm",
      ops: 1,
      make: fill,
    },
    {
      name: "create",
      role: "ours",
      what: "createSlots for 1 M frames in a warm buffer",
      ops: 1,
      make: create,
    },
    {
      name: "buddy",
      role: "ours",
      what: "the same and createBuddy",
      ops: 1,
      make: createWithBuddy,
    },
  ],
  checks: [
    {
      id: "frame-meta.frame-single.raw",
      ...ratio("raw", "inline"),
      atMost: 1.6,
      unit: "x inline",
    },
    {
      id: "frame-meta.frame-single.garbage",
      ...garbage("handle"),
      atMost: 64,
      unit: "B/op",
    },
    {
      id: "frame-meta.frame-single.segment",
      ...ratio("segment", "life"),
      atMost: 1.3,
      unit: "x a frame alone",
    },
    {
      id: "frame-meta.frame-single.create",
      ...ratio("create", "fill"),
      atMost: 3,
      unit: "x fill",
    },
    {
      id: "frame-meta.frame-single.create-buddy",
      ...ratio("buddy", "fill"),
      atMost: 3,
      unit: "x fill",
    },
  ],
};

export default suite;
