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
    const free = cells.some(({ count }) => count === -1);
    if (actual.threw === "no-memory" && !free) refuse("no-memory");
    const slot = actual.value as number;
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

/** FM-23 FM-27: each frame is in one place, in a tree or in a cache where it is unused, and taken where it is not. */
export function placesHold({ table, allocator }: Shared): string | undefined {
  if (allocator === undefined) return undefined;
  const words = new Int32Array(allocator);
  const [agents, room] = [words[AllocWord.agents]!, words[AllocWord.cache]!];
  const { records, recordWords, taken, free } = allocParts(table.memory, agents, room);
  const cached: number[] = [];
  for (let agent = 0; agent < agents; agent += 1) {
    const first = records + agent * recordWords + RecordWord.cache;
    for (let at = first; at < first + room; at += 1) {
      if (words[at] !== 0) cached.push(words[at]! - 1);
    }
  }
  for (let slot = 0; slot < table.slots.frames; slot += 1) {
    const unused = table.slots.words[table.slots.wordOf(slot, COUNT_WORD)] === -1;
    const places = [
      (words[free]! >>> slot) & 1,
      (words[taken]! >>> slot) & 1,
      cached.filter((leaf) => leaf === slot).length,
    ];
    const [inTree, isTaken, inCaches] = places as [number, number, number];
    if (isTaken !== (unused ? 0 : 1) || inTree + inCaches !== (unused ? 1 : 0)) {
      return `frame ${slot} is ${unused ? "unused" : "in use"}, and ${places} times free, taken, cached`;
    }
  }
  return words[AllocWord.lock] === 0 ? undefined : "somebody has the lock";
}
