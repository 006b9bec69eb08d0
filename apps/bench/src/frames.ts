/**
 * Blocks of the frame suites, by mode of the table. A suite has one mode, for a program has one, and what has seen tables of
 * both is slower.
 *
 * 1,024 frames in shuffled order, of a type without metadata and without `onDrop`, so that what is timed is the counting.
 *
 * @module
 */

import {
  createSlots,
  Frame,
  FrameTable,
  Segment,
  type SlotTable,
  type TableMode,
  unitMeta,
} from "@memkit/frame-meta";
import { uncheckedDec, uncheckedInc } from "@memkit/frame-meta/unchecked";
import { shuffledPositions } from "./positions.js";
import type { Block } from "./suite.js";

const FRAMES = 1024;
const PAGE = 4096;
/** Frames of a segment: those of a huge page. */
export const SEGMENT = 512;

const pfns = shuffledPositions(FRAMES, 1);
const nothing = {};

const memory = () => ({ buffer: new SharedArrayBuffer(FRAMES * PAGE) });
const tableOf = (mode: TableMode): FrameTable => FrameTable.create({ memory: memory(), mode });

/** Slots of frames that all have one handle. */
function countedSlots(mode: TableMode): SlotTable {
  const slots = createSlots({ memory: memory(), mode });
  for (let pfn = 0; pfn < FRAMES; pfn++) {
    slots.tryClaim(pfn);
    slots.tryPublish(pfn, 1, 2);
  }
  return slots;
}

export const raw = (mode: TableMode) => (): Block => {
  const slots = countedSlots(mode);
  return () => {
    let sum = 0;
    for (let i = 0; i < FRAMES; i++) {
      const pfn = pfns[i]!;
      sum += slots.inc(pfn);
      slots.dec(pfn);
    }
    return sum;
  };
};

export const unchecked = (): Block => {
  const slots = countedSlots("shared");
  return () => {
    let sum = 0;
    for (let i = 0; i < FRAMES; i++) {
      const pfn = pfns[i]!;
      sum += uncheckedInc(slots, pfn);
      uncheckedDec(slots, pfn);
    }
    return sum;
  };
};

export const bare = (): Block => {
  const slots = countedSlots("shared");
  const { words } = slots;
  const first = slots.countIndexOf(0);
  return () => {
    let sum = 0;
    for (let i = 0; i < FRAMES; i++) {
      const index = first + pfns[i]! * 16;
      sum += Atomics.add(words, index, 1);
      Atomics.add(words, index, -1);
    }
    return sum;
  };
};

export const handle = (mode: TableMode) => (): Block => {
  const table = tableOf(mode);
  const frames = Array.from(pfns, (pfn) => Frame.fromUnused(table, pfn * PAGE, unitMeta, nothing));
  return () => {
    let sum = 0;
    for (let i = 0; i < FRAMES; i++) {
      const clone = frames[i]!.clone();
      sum += clone.dropped ? 1 : 0;
      clone.drop();
    }
    return sum;
  };
};

export const life = (mode: TableMode) => (): Block => {
  const table = tableOf(mode);
  return () => {
    let sum = 0;
    for (let i = 0; i < FRAMES; i++) {
      const frame = Frame.fromUnused(table, pfns[i]! * PAGE, unitMeta, nothing);
      frame.drop();
      sum += frame.dropped ? 1 : 0;
    }
    return sum;
  };
};

export const segment = (mode: TableMode) => (): Block => {
  const table = tableOf(mode);
  const metaOf = () => nothing;
  return () => {
    const whole = Segment.fromUnused(table, 0, SEGMENT * PAGE, unitMeta, metaOf);
    whole.drop();
    return whole.dropped ? 1 : 0;
  };
};
