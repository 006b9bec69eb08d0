/**
 * The allocator beside the table: frames of its choice and by address, and the two in agreement at the end.
 *
 * @module
 */

import type { Outcome } from "@memkit/interleave";
import { AllocWord, allocParts, RecordWord } from "../../src/alloc/layout.js";
import { COUNT_WORD } from "./look.js";
import { dropFrom, NONE } from "./operations.js";
import { metadata, type Op, PAGE, refuse, type Shared, tornDown, types } from "./world.js";

/** allocFrame: the frame is the allocator's choice, and the model's where it is unused. */
export const alloc = (value: number): Op => ({
  name: "alloc",
  run: ({ lib, table, frames }) => {
    const options = { zeroed: false };
    const frame = lib.allocFrame(table, types.page, metadata("page", value) as never, options);
    frames.push(frame);
    return frame.paddr / PAGE;
  },
  model: (cells, actual) => {
    const free = cells.findIndex(({ count }) => count === -1);
    if (actual.threw === "no-memory" && free < 0) refuse("no-memory");
    const slot = (actual.value ?? free) as number; // any, where its agent has died and nobody was told
    if (cells[slot]?.count !== -1) return "no frame that was unused";
    cells[slot] = { count: 1, value, listed: false };
    return slot;
  },
});

/** Frame.drop of the handle got last, on whatever frame: which, and what was torn down. */
export const dropAny: Op = {
  name: "drop",
  run: (agent) => {
    const frame = agent.frames.pop();
    if (frame === undefined) return NONE;
    const slot = frame.paddr / PAGE;
    frame.drop();
    return [slot, tornDown(agent)];
  },
  model: (cells, { value }: Outcome) => {
    if (value === NONE) return NONE;
    const [slot] = value as readonly [number, number[]];
    return [slot, dropFrom(cells[slot]!)];
  },
};

type Tables = Pick<Shared, "table" | "allocator">;

/** Of each frame, how often it is in a tree, marked as taken, in caches; and who has the lock. */
function placesOf({ table }: Tables, allocator: SharedArrayBuffer) {
  const words = new Int32Array(allocator);
  const [agents, room] = [words[AllocWord.agents]!, words[AllocWord.cache]!];
  const parts = allocParts(table.memory, agents, room);
  const cached: number[] = [];
  for (let agent = 0; agent < agents; agent += 1) {
    const first = parts.records + agent * parts.recordWords + RecordWord.cache;
    for (let at = first; at < first + room; at += 1) {
      if (words[at] !== 0) cached.push(words[at]! - 1);
    }
  }
  const places = Array.from({ length: table.slots.frames }, (_, slot) => ({
    free: (words[parts.free]! >>> slot) & 1,
    taken: (words[parts.taken]! >>> slot) & 1,
    cached: cached.filter((leaf) => leaf === slot).length,
  }));
  return { places, lock: words[AllocWord.lock]! };
}

/** Frames that are in somebody's hand: unused, and in no place where they are looked for. */
export function inHand(tables: Tables): number[] {
  const { slots } = tables.table;
  if (tables.allocator === undefined) return [];
  const { places } = placesOf(tables, tables.allocator);
  return places.flatMap(({ free, cached }, slot) => {
    const unused = slots.words[slots.wordOf(slot, COUNT_WORD)] === -1;
    return unused && free + cached === 0 ? [slot] : []; // marked as taken, or just about to be
  });
}

/**
 * FM-23 FM-27: each frame is in one place, in a tree or in a cache where it is unused, and taken where it is not.
 *
 * @param hands - frames that may be in a hand
 */
export function placesHold(tables: Tables, hands: readonly number[] = []): string | undefined {
  if (tables.allocator === undefined) return undefined;
  const { slots } = tables.table;
  const { places, lock } = placesOf(tables, tables.allocator);
  for (const [slot, { free, taken, cached }] of places.entries()) {
    if (hands.includes(slot)) continue;
    const unused = slots.words[slots.wordOf(slot, COUNT_WORD)] === -1;
    if (taken !== (unused ? 0 : 1) || free + cached !== (unused ? 1 : 0)) {
      return `frame ${slot} is ${unused ? "unused" : "in use"}, and ${free}, ${taken}, ${cached} times free, taken, cached`;
    }
  }
  return lock === 0 ? undefined : "somebody has the lock";
}
