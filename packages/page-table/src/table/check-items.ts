/**
 * What tracked mappings hold, for `checkInvariants` (E3): runs of frames, and not frame by frame where there are none.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { type FrameTable, PageUsage } from "@memkit/frame-meta";
import { memoryParts } from "./memory-parts.js";
import { USAGE_WORD } from "./node-memory.js";

/** A mapping that holds its frames: the first, one past the last, and the page it is at. */
interface Held {
  readonly first: number;
  readonly end: number;
  readonly page: number;
}

/** What is wrong with `frames` frames from `pfn` on, which are mapped from `page` on. */
export interface Wrong {
  readonly page: number;
  readonly pfn: number;
  readonly what: string;
}

/** Frames that all the same is wrong with, as one. */
class Runs {
  readonly all: { page: number; pfn: number; frames: number; what: string }[] = [];

  add(page: number, pfn: number, frames: number, what: string): void {
    const last = this.all.at(-1);
    if (last?.what === what && last.pfn + last.frames === pfn) last.frames += frames;
    else this.all.push({ page, pfn, frames, what });
  }
}

/** The mappings that hold their frames. */
export class Holders {
  private readonly held: Held[] = [];

  add(pfn: number, pages: number, page: number): void {
    this.held.push({ first: pfn, end: pfn + pages, page });
  }

  /** Takes as long as there are mappings, and frames of memory that they have. */
  wrong(frames: FrameTable): Wrong[] {
    const runs = new Runs();
    const starts = this.held.sort((a, b) => a.first - b.first);
    const ends = Float64Array.from(starts, ({ end }) => end).sort();
    let [started, ended, at] = [0, 0, 0];
    // Of those that have started, the one that reaches furthest: it has every frame that any of them has.
    let furthest = { first: 0, end: 0, page: 0 };
    while (ended < ends.length) {
      for (; starts[started]?.first === at; started += 1) {
        if (starts[started]!.end > furthest.end) furthest = starts[started]!;
      }
      while (ends[ended] === at) ended += 1;
      const next = Math.min(starts[started]?.first ?? Infinity, ends[ended] ?? Infinity);
      const mapped = started - ended;
      if (mapped > 0) look(frames, at, next, mapped, furthest.page - furthest.first, runs);
      at = next;
    }
    return runs.all.map(({ page, pfn, frames: count, what }) => {
      return { page, pfn, what: count === 1 ? what : `${what}, and so are the next ${count - 1}` };
    });
  }
}

/** Looks at frames `from` to `to`, which are mapped `mapped` times each. */
function look(
  frames: FrameTable,
  from: number,
  to: number,
  mapped: number,
  distance: number,
  runs: Runs,
): void {
  const { slots } = frames;
  for (const { first, end, isMemory } of memoryParts(frames, from, to)) {
    if (!isMemory) {
      runs.add(first + distance, first, end - first, "a tracked frame that is no memory");
      continue;
    }
    for (let at = first; at < end; at += 1) {
      const slot = slots.wordOf(slots.geometry.slotOf(at as Pfn), 0);
      if (slots.words[slot + USAGE_WORD] === PageUsage.PageTable) {
        runs.add(at + distance, at, 1, "a page-table node is mapped as an item");
      }
      const held = slots.countOf(at);
      if (held < mapped) {
        runs.add(at + distance, at, 1, `mapped ${mapped} times and counted ${held}`);
      }
    }
  }
}
