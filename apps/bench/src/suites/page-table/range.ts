/**
 * Ranges over x86-64 tables in frames, mode single, and forks.
 *
 * Each phase leaves the table as the next one needs it, so every row times its own phase alone and undoes it untimed.
 *
 * @module
 */

import { struct } from "@memkit/core";
import { defineFrameMeta, FrameTable } from "@memkit/frame-meta";
import { allocSegment, createBuddy } from "@memkit/frame-meta/alloc";
import type { Segment } from "@memkit/frame-meta/segment";
import { COPY_ON_WRITE, fork } from "@memkit/page-table/fork";
import { userConfig, WRITE, x86Format } from "@memkit/page-table/format";
import { PageTable } from "@memkit/page-table/table";
import { mapAll, RW, START, timed, unmapAll } from "../../cursor-loops.js";
import { type Formula, type Row, ratio, type SelfTimed, type Suite } from "../../suite.js";

const PAGES = 65_536;
/** Pages of 1 GiB. */
const GIB = 2 ** 18;
/** Huge pages of 1 GiB. */
const HUGE = 512;
/** Times that the bare loop runs: once is too short for the optimising compiler. */
const PASSES = 32;
/** Times that 1 GiB is mapped between two looks at the clock: one takes a microsecond. */
const GIBS = 64;

const page = defineFrameMeta({ name: "bench page", layout: struct(), isUntyped: true });

interface Space {
  readonly table: PageTable;
  readonly segment: Segment;
}

/** A table with room for its nodes, and as many frames to map as are asked for. */
function space(items: "tracked" | "untracked", frames: number): Space {
  const buffer = new ArrayBuffer((frames + 2048) * 4096);
  const slots = FrameTable.create({ memory: { buffer } });
  createBuddy(slots);
  const segment = allocSegment(slots, Math.max(frames, 1), page, () => ({}), { zeroed: false });
  // After the frames: a run of so many lies at the start.
  const table = PageTable.create(slots, userConfig(x86Format(), items));
  return { table, segment };
}

/** 1 GiB as base pages: by a cursor in a loop, and as a range. */
function gib(run: (s: Space) => void, mapped: boolean, tracked: boolean): () => SelfTimed {
  return () => {
    const s = space(tracked ? "tracked" : "untracked", tracked ? PAGES : 0);
    const before = (): void => {
      s.table.unmapRange(START, GIB);
      if (!mapped) return;
      if (tracked) mapTracked(s);
      else s.table.mapRange(START, GIB, 0, RW, 1);
    };
    return timed(GIB, { before, run: () => run(s) });
  };
}

/** 1 GiB of tracked pages: 64 K frames, each four times. What is timed takes no last count. */
function mapTracked({ table, segment }: Space, times = GIB / PAGES): void {
  for (let i = 0; i < times; i++) {
    table.mapSegment(START + i * PAGES * 4096, segment.clone(), RW, 1);
  }
}

/** 512 huge pages, `GIBS` times in a row. */
function huge(unmap: boolean): () => SelfTimed {
  return () => {
    const { table } = space("untracked", 0);
    const map = (): void => {
      for (let i = 0; i < GIBS; i++) table.mapRange(START * (i + 1), GIB, i * GIB, RW);
    };
    const clear = (): void => {
      for (let i = 0; i < GIBS; i++) table.unmapRange(START * (i + 1), GIB);
    };
    const before = (): void => {
      clear();
      if (unmap) map();
    };
    return timed(GIBS * HUGE, { before, run: unmap ? clear : map });
  };
}

/** A bare loop over the same entries. */
function bare(unmap: boolean): () => SelfTimed {
  return () => {
    const words = new Int32Array(GIBS * HUGE * 2);
    const run = (): void => {
      for (let pass = 0; pass < PASSES; pass++) {
        for (let at = 0; at < words.length; at += 2) {
          words[at + 1] = 0;
          words[at] = unmap ? 0 : (at << 20) | 0x87;
        }
      }
    };
    return timed(PASSES * GIBS * HUGE, { before: () => words.fill(1), run });
  };
}

/** Forks 64 K tracked pages; or unmaps the fork's, counts 2 to 1. */
function forks(unmap: boolean): () => SelfTimed {
  return () => {
    const { table: parent, segment } = space("tracked", PAGES);
    parent.mapSegment(START, segment, RW, 1);
    let child: PageTable | undefined;
    const before = (): void => {
      child?.drop();
      child = undefined;
      parent.protectRange(START, PAGES, WRITE, COPY_ON_WRITE);
      if (unmap) child = fork(parent);
    };
    const run = (): void => {
      if (unmap) child?.unmapRange(START, PAGES);
      else child = fork(parent);
    };
    return timed(PAGES, { before, run });
  };
}

const rows: Row[] = [
  {
    name: "loop map",
    role: "floor",
    what: "1 GiB mapped by a cursor",
    make: gib(({ table }) => mapAll(table, GIB), false, false),
  },
  {
    name: "range map",
    role: "ours",
    what: "1 GiB by mapRange, base pages",
    make: gib(({ table }) => table.mapRange(START, GIB, 0, RW, 1), false, false),
  },
  {
    name: "loop unmap",
    role: "floor",
    what: "1 GiB unmapped by a cursor",
    make: gib(({ table }) => unmapAll(table, GIB), true, false),
  },
  {
    name: "range unmap",
    role: "ours",
    what: "1 GiB by unmapRange",
    make: gib(({ table }) => table.unmapRange(START, GIB), true, false),
  },
  {
    name: "loop unmap tracked",
    role: "floor",
    what: "1 GiB tracked, by a cursor",
    make: gib(({ table }) => unmapAll(table, GIB), true, true),
  },
  {
    name: "range unmap tracked",
    role: "ours",
    what: "1 GiB tracked, by unmapRange",
    make: gib(({ table }) => table.unmapRange(START, GIB), true, true),
  },
  { name: "bare map", role: "floor", what: "an entry written in a bare loop", make: bare(false) },
  { name: "huge map", role: "ours", what: "an entry of mapRange, 2 MiB pages", make: huge(false) },
  { name: "bare unmap", role: "floor", what: "an entry cleared in a bare loop", make: bare(true) },
  { name: "huge unmap", role: "ours", what: "an entry of unmapRange, 2 MiB", make: huge(true) },
  { name: "fork", role: "ours", what: "a tracked page of a fork", make: forks(false) },
  { name: "fork unmap", role: "floor", what: "a page of unmapRange, 2 to 1", make: forks(true) },
];

const check = (what: string, formula: Formula, atMost: number, unit: string) => ({
  id: `page-table.range.${what}`,
  ...formula,
  atMost,
  unit,
});

const suite: Suite = {
  title: "page table: ranges and forks, x86-64 in frames",
  inTurns: true,
  rows,
  checks: [
    check("map", ratio("range map", "loop map"), 0.6, "x cursor"),
    check("unmap", ratio("range unmap", "loop unmap"), 0.05, "x cursor"),
    check("unmap-tracked", ratio("range unmap tracked", "loop unmap tracked"), 0.8, "x cursor"),
    check("huge-map", ratio("huge map", "bare map"), 6, "x bare loop"),
    check("huge-unmap", ratio("huge unmap", "bare unmap"), 6, "x bare loop"),
    check("fork", ratio("fork", "fork unmap"), 2.5, "x unmapRange"),
  ],
};

export default suite;
