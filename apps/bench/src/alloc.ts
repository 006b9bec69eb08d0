/**
 * Blocks of the allocator suites, by mode of the table.
 *
 * The life of a frame that the allocator chose is held against that of one claimed by address on a table without an allocator.
 *
 * @module
 */

import { FrameTable, type TableMode, unitMeta } from "@memkit/frame-meta";
import {
  allocFrame,
  allocSegment,
  type BuddyAllocator,
  createBuddy,
} from "@memkit/frame-meta/alloc";
import { SEGMENT } from "./frames.js";
import type { Block } from "./suite.js";

const FRAMES = 1024;
const PAGE = 4096;
/** Frames of a block: few enough for several samples in a turn of a row that zeroes them. */
export const ALLOCS = 128;

const nothing = {};
const unzeroed = { zeroed: false };

function rig(mode: TableMode): { readonly table: FrameTable; readonly allocator: BuddyAllocator } {
  const memory = { buffer: new SharedArrayBuffer(FRAMES * PAGE) };
  const table = FrameTable.create({ memory, mode });
  return { table, allocator: createBuddy(table) };
}

/** One frame, given and dropped, from the agent's cache. */
export const one = (mode: TableMode, zeroed: boolean) => (): Block => {
  const { table } = rig(mode);
  const options = zeroed ? { zeroed } : unzeroed;
  return () => {
    let sum = 0;
    for (let i = 0; i < ALLOCS; i++) {
      const frame = allocFrame(table, unitMeta, nothing, options);
      frame.drop();
      sum += frame.dropped ? 1 : 0;
    }
    return sum;
  };
};

/** 512 frames held at a time: every one goes through trees and caches. */
export const churn = (mode: TableMode) => (): Block => {
  const { table } = rig(mode);
  const held = Array.from({ length: SEGMENT }, () =>
    allocFrame(table, unitMeta, nothing, unzeroed),
  );
  return () => {
    for (let i = 0; i < SEGMENT; i++) held[i]!.drop();
    for (let i = 0; i < SEGMENT; i++) held[i] = allocFrame(table, unitMeta, nothing, unzeroed);
    return held.length;
  };
};

/** 512 in a row as a segment. */
export const run = (mode: TableMode) => (): Block => {
  const { table } = rig(mode);
  const metaOf = () => nothing;
  return () => {
    const whole = allocSegment(table, SEGMENT, unitMeta, metaOf, unzeroed);
    whole.drop();
    return whole.dropped ? 1 : 0;
  };
};

/** 512 in a row as an address. */
export const addresses = (mode: TableMode) => (): Block => {
  const { allocator } = rig(mode);
  return () => {
    let sum = 0;
    for (let i = 0; i < ALLOCS; i++) {
      const pfn = allocator.alloc(SEGMENT);
      allocator.add(pfn, SEGMENT);
      sum += pfn;
    }
    return sum;
  };
};

/** What a page of zeros costs at least. */
export const zeros = (): Block => {
  const buffer = new SharedArrayBuffer(FRAMES * PAGE);
  const page = new BigUint64Array(buffer, 0, PAGE / 8);
  return () => {
    for (let i = 0; i < ALLOCS; i++) page.fill(0n);
    return page.length;
  };
};
