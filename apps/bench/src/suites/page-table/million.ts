/**
 * The cursor over a million pages, whose entries no cache of a processor's holds: in order against 64 K pages; shuffled it is only
 * reported, with `--full`, since it waits for memory.
 *
 * @module
 */

import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import { userConfig, x86Format } from "@memkit/page-table/format";
import { PageTable } from "@memkit/page-table/table";
import {
  mapAll,
  order,
  random,
  START,
  sequential,
  timed,
  VERBS,
  type Verb,
} from "../../cursor-loops.js";
import { type Row, ratio, type SelfTimed, type Suite } from "../../suite.js";

const SMALL = 2 ** 16;
const MILLION = 2 ** 20;
/** Times that a million pages run before they are measured: the rows of 64 K have compiled the same code. */
const FEW = 2;
/** Two thousand leaf tables, and what is above them. */
const NODES = 2 ** 12;

function phase(verb: Verb, pages: number, shuffled = false): SelfTimed {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(NODES * 4096) } });
  createBuddy(frames);
  const table = PageTable.create(frames, userConfig(x86Format(), "untracked"));
  const before = (): void => {
    table.unmapRange(START, pages);
    if (verb !== "map") mapAll(table, pages);
  };
  const warmUp = pages === SMALL ? undefined : FEW;
  if (!shuffled) return timed(pages, { before, run: () => sequential[verb](table, pages) }, warmUp);
  const run = random(order(pages, true));
  return timed(pages, { before, run: () => run[verb](table) }, FEW);
}

const rows: Row[] = VERBS.flatMap((verb): Row[] => [
  {
    name: `${verb} 64 K`,
    role: "floor",
    what: `cursor ${verb}, 65,536 pages in order`,
    make: () => phase(verb, SMALL),
  },
  {
    name: verb,
    role: "ours",
    what: `cursor ${verb}, a million in order`,
    make: () => phase(verb, MILLION),
  },
  {
    name: `${verb} random`,
    role: "ours",
    what: `cursor ${verb}, shuffled`,
    nFull: [MILLION],
    make: (pages) => phase(verb, pages, true),
  },
]);

const suite: Suite = {
  title: "page table: cursors over a million pages, x86-64 in frames",
  inTurns: true,
  rows,
  checks: VERBS.map((verb) => ({
    id: `page-table.million.${verb}`,
    ...ratio(verb, `${verb} 64 K`),
    atMost: 2,
    unit: "x 64 K pages",
  })),
};

export default suite;
