/**
 * Two threads on pages of their own in one table, against two threads that share nothing at all: what the second core is worth. Threads
 * with a table each say how much of that such work can have where two cores are two halves of one.
 *
 * @module
 */

import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import { userConfig, x86Format } from "@memkit/page-table/format";
import { shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { crew } from "../../crew.js";
import type { Row, Suite } from "../../suite.js";

const FRAMES = 256;
const PAGE = 4096;
/** Rows take turns: 50 times what it takes to wake two threads. */
const READING_MS = 5;
/** The agent that makes the table; threads have the numbers below. */
const MAKER = 15;

const file = (name: string): URL => new URL(`../../crews/${name}.mjs`, import.meta.url);

function table(): unknown {
  const memory = { buffer: new SharedArrayBuffer(FRAMES * PAGE) };
  const frames = FrameTable.create({ memory, mode: "shared" }, { agent: MAKER });
  const allocator = createBuddy(frames);
  shareTables(frames);
  const made = PageTable.create(frames, userConfig(x86Format(), "untracked"));
  return { memory, buffer: frames.buffer, allocBuffer: allocator.buffer, root: made.rootPfn };
}

const rows = (
  name: string,
  role: Row["role"],
  what: string,
  data: () => unknown,
  crewOf = name,
): Row[] =>
  [1, 2].map((threads) => ({
    name: `${name}-${threads}`,
    role,
    what: `${what}, ${threads === 1 ? "one thread" : "two threads"}`,
    make: () => crew(file(crewOf), threads, data(), READING_MS),
  }));

const suite: Suite = {
  title: "two threads on pages of their own, in one table",
  inTurns: true,
  rows: [
    ...rows("loop", "floor", "an integer loop", () => undefined),
    ...rows("own", "floor", "the same as pages, on tables of their own", () => undefined, "pages"),
    ...rows("pages", "ours", "mapPfn, unmapNext of 511 pages by a cursor", table),
  ],
  checks: [
    {
      id: "page-table.workers.pages",
      /** What the second thread gains here, as a share of what it gains a loop. */
      value: ({ ns }) => ns("pages-1") / ns("pages-2") / (ns("loop-1") / ns("loop-2")),
      floor: "loop-2",
      atLeast: 0.85,
      unit: "x a private loop's",
    },
  ],
};

export default suite;
