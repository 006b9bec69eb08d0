/**
 * The cursor against what one writes without page tables: a `Map<number, number>` from page number to entry. 65,536 pages of x86-64
 * in frames, mode single.
 *
 * Each phase leaves the table as the next one needs it, so every row times its own phase alone and undoes it untimed.
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
} from "./cursor-loops.js";
import { ratio, type SelfTimed, type Suite } from "./suite.js";

const PAGES = 65_536;
/** Twice the tables that the pages need. */
const NODES = 256;

/** Takes what loops have summed up, so that they are not removed. */
const sink = new Float64Array(1);

function ours(verb: Verb, shuffled: boolean): SelfTimed {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(NODES * 4096) } });
  createBuddy(frames);
  const table = PageTable.create(frames, userConfig(x86Format(), "untracked"));
  const run = shuffled ? random(order(PAGES, true)) : sequential;
  const before = (): void => {
    table.unmapRange(START, PAGES);
    if (verb !== "map") mapAll(table, PAGES);
  };
  return timed(PAGES, { before, run: () => run[verb](table, PAGES) });
}

/** The same with a Map from page number to the entry's lower word. */
function withMap(verb: Verb, shuffled: boolean): SelfTimed {
  const keys = order(PAGES, shuffled).map((va) => va / 4096);
  let map = new Map<number, number>();
  const fill = (): void => {
    for (let i = 0; i < PAGES; i++) map.set(keys[i]!, (i << 12) | 7);
  };
  const verbs: Record<Verb, () => void> = {
    map: fill,
    unmap: () => {
      for (let i = 0; i < PAGES; i++) map.delete(keys[i]!);
    },
    protect: () => {
      for (let i = 0; i < PAGES; i++) {
        const key = keys[i]!;
        const entry = map.get(key);
        if (entry !== undefined) map.set(key, entry & ~2);
      }
    },
    query: () => {
      let sum = 0;
      for (let i = 0; i < PAGES; i++) sum = (sum + (map.get(keys[i]!) ?? 0)) | 0;
      sink[0] = sum;
    },
  };
  const before = (): void => {
    map = new Map();
    if (verb !== "map") fill();
  };
  return timed(PAGES, { before, run: verbs[verb] });
}

/** A row of each kind for each verb, and their ratio. */
export function cursorSuite(
  topic: string,
  title: string,
  shuffled: boolean,
  bounds: Record<Verb, number>,
): Suite {
  const how = shuffled ? "shuffled" : "in order";
  return {
    title,
    inTurns: true,
    rows: VERBS.flatMap((verb) => [
      {
        name: verb,
        role: "ours" as const,
        what: `cursor ${verb}, ${how}`,
        make: () => ours(verb, shuffled),
      },
      {
        name: `Map ${verb}`,
        role: "peer" as const,
        what: `Map ${verb}, ${how}`,
        make: () => withMap(verb, shuffled),
      },
    ]),
    checks: VERBS.map((verb) => ({
      id: `page-table.${topic}.${verb}`,
      ...ratio(verb, `Map ${verb}`),
      atMost: bounds[verb],
      unit: "x Map",
    })),
  };
}
