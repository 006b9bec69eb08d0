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
  REF_COUNT_MAX,
  type SlotTable,
  slotTableBytes,
  type TableMode,
  unitMeta,
} from "@memkit/frame-meta";
import { FrameKernel } from "@memkit/frame-meta/kernel";
import { Segment } from "@memkit/frame-meta/segment";
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
  const options = { memory: memory() };
  const slots = createSlots(
    mode === "kernel"
      ? { ...options, kernel: FrameKernel.create(slotTableBytes(options)) }
      : { ...options, mode },
  );
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

/** Stands for the error: what matters here is that the branch exists. */
function refused(): never {
  throw new Error("a count of this table left 1..2");
}

/** The tests of `SlotTable.inc` and `dec`, place of the frame included, written in the loop. */
export const inline = (): Block => {
  const slots = countedSlots("single");
  const { words } = slots;
  const first = slots.countIndexOf(0);
  const firstPfn = slots.memory.banks[0]!.firstPfn;
  const frames = slots.memory.banks[0]!.frames;
  return () => {
    let sum = 0;
    for (let i = 0; i < FRAMES; i++) {
      const pfn = pfns[i]!;
      const slot = pfn - firstPfn;
      if (!(slot >>> 0 === slot && slot < frames)) refused();
      const index = first + slot * 16;
      const before = words[index]!;
      if (!(before > 0 && before < REF_COUNT_MAX)) refused();
      words[index] = before + 1;
      const again = pfn - firstPfn;
      if (!(again >>> 0 === again && again < frames)) refused();
      const indexAgain = first + again * 16;
      const after = words[indexAgain]!;
      if (!(after > 0)) refused();
      words[indexAgain] = after - 1;
      sum += after;
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

/** The least that a step of the kernel can cost: a call that only loads. */
export const wasmCall = (): Block => {
  const options = { memory: memory() };
  const kernel = FrameKernel.create(slotTableBytes(options));
  const slots = createSlots({ ...options, kernel });
  const { words } = kernel;
  const first = slots.countIndexOf(0);
  return () => {
    let sum = 0;
    for (let i = 0; i < FRAMES; i++) {
      const at = (first + pfns[i]! * 16) << 2;
      sum += words.load(at);
      words.load(at);
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
