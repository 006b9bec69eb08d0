/**
 * Two threads on frames of their own in one table, against two threads that share nothing at all: what the second core is
 * worth.
 *
 * @module
 */

import { createSlots, FrameTable } from "@memkit/frame-meta";
import { crew } from "../../crew.js";
import type { Check, Row, Suite } from "../../suite.js";

const FRAMES = 2048;
const PAGE = 4096;
/** Rows take turns: 50 times what it takes to wake two threads. */
const READING_MS = 5;

const memory = () => ({ buffer: new SharedArrayBuffer(FRAMES * PAGE) });
const file = (name: string): URL => new URL(`../../crews/${name}.mjs`, import.meta.url);

function counted(): unknown {
  const ram = memory();
  const slots = createSlots({ memory: ram, mode: "shared" });
  for (let pfn = 0; pfn < FRAMES; pfn++) {
    slots.tryClaim(pfn);
    slots.tryPublish(pfn, 1, 2);
  }
  return { buffer: slots.words.buffer, memory: ram };
}

function empty(): unknown {
  const ram = memory();
  return { buffer: FrameTable.create({ memory: ram, mode: "shared" }).buffer, memory: ram };
}

const rows = (name: string, role: Row["role"], what: string, data: () => unknown): Row[] =>
  [1, 2].map((threads) => ({
    name: `${name}-${threads}`,
    role,
    what: `${what}, ${threads === 1 ? "one thread" : "two threads"}`,
    make: () => crew(file(name), threads, data(), READING_MS),
  }));

/** What the second thread gains here, as a share of what it gains a loop. */
const gain = (name: string): Check => ({
  id: `frame-meta.workers.${name}`,
  value: ({ ns }) => ns(`${name}-1`) / ns(`${name}-2`) / (ns("loop-1") / ns("loop-2")),
  floor: "loop-2",
  atLeast: 0.85,
  unit: "x a private loop's",
});

const suite: Suite = {
  title: "two threads on frames of their own, in one table",
  inTurns: true,
  rows: [
    ...rows("loop", "floor", "an integer loop", () => undefined),
    ...rows("counts", "ours", "SlotTable.inc + dec", counted),
    ...rows("lives", "ours", "Frame.fromUnused + drop", empty),
  ],
  checks: [gain("counts"), gain("lives")],
};

export default suite;
