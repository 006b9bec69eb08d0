/** PT-41 against a model: processes with private memory, which map, fork, protect, write and end; no byte of one is ever another's. */

import { COPY_ON_WRITE, fork, handleFault } from "@memkit/page-table/fork";
import type { PteFormat } from "@memkit/page-table/format";
import { EXECUTE, pageProperty, READ, USER, WRITE } from "@memkit/page-table/format";
import { mmuOf } from "@memkit/page-table/mmu";
import type { PageTable } from "@memkit/page-table/table";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formats, MODES, Space } from "../support/space.js";

const PAGE = 4096;
/** Pages on both sides of a border of leaf tables. */
const FIRST = 509;
const PAGES = 6;
/** Where the huge page is, in the histories that have one. */
const HUGE = 1024;
const RIGHTS = READ | WRITE | EXECUTE;
const UR = pageProperty(READ | USER);

/** A page of a process: its first word, and what the program may do. */
interface Page {
  word: number;
  rights: number;
}

/** A process as the program knows it. */
type Memory = Map<number, Page>;

/** One way to change flags of some pages of a table, whatever is mapped there. */
type Protect = (table: PageTable, page: number, pages: number, set: number, clear: number) => void;

const protects: readonly Protect[] = [
  (table, page, pages, set, clear) => void table.protectRange(page * PAGE, pages, set, clear),
  (table, page, pages, set, clear) => {
    const cursor = table.cursorMut(page * PAGE, pages);
    while (!cursor.atEnd && cursor.protectNext(cursor.remaining, set, clear) > 0) {
      // To the last one that is mapped.
    }
    cursor.close();
  },
  (table, page, pages, set, clear) => {
    for (let i = 0; i < pages; i += 1) {
      const cursor = table.cursorMut((page + i) * PAGE, 1);
      cursor.protectNext(1, set, clear);
      cursor.close();
    }
  },
];

class World {
  readonly space: Space;
  readonly processes: { readonly table: PageTable; readonly memory: Memory }[] = [];
  private words = 0;
  /** Pages that are looked at. */
  private readonly looked: readonly number[];

  constructor(mode: (typeof MODES)[number], format: PteFormat, huge: boolean) {
    this.space = new Space(huge ? 1536 : 96, { mode, ledger: false });
    this.looked = [
      ...Array.from({ length: PAGES }, (_, i) => FIRST + i),
      ...(huge ? [HUGE, HUGE + 1, HUGE + 5, HUGE + 511] : []),
    ];
    const table = this.space.user(format);
    const memory: Memory = new Map();
    this.processes.push({ table, memory });
    if (!huge) return;
    table.mapSegment(HUGE * PAGE, this.space.segment(512), UR | WRITE);
    for (let i = 0; i < 512; i += 1) memory.set(HUGE + i, { word: 0, rights: READ | WRITE });
  }

  private process(n: number) {
    return this.processes[n % this.processes.length]!;
  }

  map(n: number, page: number, rights: number): void {
    const { table, memory } = this.process(n);
    if (memory.has(page)) return;
    const frame = this.space.frame();
    this.words += 1;
    this.space.words[(frame.paddr / PAGE) * 1024] = this.words;
    const cursor = table.cursorMut(page * PAGE, 1);
    cursor.map(frame, pageProperty(rights | USER));
    cursor.close();
    memory.set(page, { word: this.words, rights });
  }

  unmap(n: number, page: number, pages: number): void {
    const { table, memory } = this.process(n);
    let there = 0;
    for (let i = 0; i < pages; i += 1) there += Number(memory.delete(page + i));
    expect(table.unmapRange(page * PAGE, pages)).toBe(there);
  }

  protect(n: number, way: number, page: number, pages: number, set: number, clear: number): void {
    const { table, memory } = this.process(n);
    protects[way]!(table, page, pages, set, clear);
    for (let i = 0; i < pages; i += 1) {
      const one = memory.get(page + i);
      if (one !== undefined) one.rights = ((one.rights & ~clear) | set) & RIGHTS;
    }
  }

  fork(n: number): void {
    if (this.processes.length === 4) return;
    const { table, memory } = this.process(n);
    const copy = new Map([...memory].map(([page, one]) => [page, { ...one }]));
    this.processes.push({ table: fork(table), memory: copy });
  }

  end(n: number): void {
    if (this.processes.length === 1) return;
    const [{ table } = this.process(n)] = this.processes.splice(n % this.processes.length, 1);
    table.drop();
  }

  /** A program writes: by the processor, and by way of the fault if there is one. */
  write(n: number, page: number): void {
    const { table, memory } = this.process(n);
    const one = memory.get(page);
    this.words += 1;
    const may = ((one?.rights ?? 0) & WRITE) !== 0;
    let outcome = "resolved";
    let pfn = this.store(table, page);
    if (pfn < 0) {
      outcome = handleFault(table, page * PAGE + 8, "write");
      pfn = this.store(table, page);
    }
    expect(outcome).toBe(may ? "resolved" : one ? "denied" : "not-mapped");
    expect(pfn >= 0).toBe(may);
    if (one === undefined || !may) return;
    this.space.words[pfn * 1024] = this.words;
    one.word = this.words;
  }

  /** @returns the frame that a write goes to, -1 for a fault */
  private store(table: PageTable, page: number): number {
    const mmu = mmuOf(table, { settings: { accessedDirty: "ignore" } });
    const answer = mmu.access(page * PAGE, 4, { kind: "write", mode: "user" });
    return answer.kind === "memory" ? answer.parts[0]!.pfn : -1;
  }

  check(): void {
    const { space, processes } = this;
    /** Who maps a frame, and how often with the right to write. */
    const mapped = new Map<number, [number, number]>();
    for (const { table, memory } of processes) {
      for (const page of this.looked) {
        const one = memory.get(page);
        const found = table.translate(page * PAGE);
        if (one === undefined || found === undefined) {
          expect([page, one, found]).toEqual([page, undefined, undefined]);
          continue;
        }
        const { prop, pfn } = found;
        expect([page, space.words[pfn * 1024]]).toEqual([page, one.word]);
        const write = (prop & (WRITE | COPY_ON_WRITE)) !== 0 ? WRITE : 0;
        expect([page, (prop & (READ | EXECUTE)) | write]).toEqual([page, one.rights]);
        const who = mapped.get(pfn) ?? [0, 0];
        who[0] += 1;
        who[1] += prop & WRITE ? 1 : 0;
        mapped.set(pfn, who);
      }
    }
    for (const [pfn, [maps, writes]] of mapped) {
      if (writes > 0) expect([pfn, maps]).toEqual([pfn, 1]);
    }
  }

  finish(): void {
    this.space.check(...this.processes.map(({ table }) => table));
    for (const { table } of this.processes) table.drop();
    this.space.end();
  }
}

const nth = fc.nat(3);
const change = fc.constantFrom<readonly [number, number]>(
  [READ | WRITE, 0],
  [0, WRITE],
  [READ | WRITE, RIGHTS],
  [READ, RIGHTS],
  [0, RIGHTS],
  [EXECUTE | READ, WRITE],
  [READ | WRITE | USER, ~0],
  [READ | USER, ~0],
);
const rights = fc.constantFrom(READ, READ | WRITE, READ | EXECUTE, RIGHTS);

function operations(page: fc.Arbitrary<number>) {
  const pages = fc.integer({ min: 1, max: 4 });
  const range = fc.tuple(page, pages);
  type Op = (world: World) => void;
  const op = (weight: number, arbitrary: fc.Arbitrary<Op>) => ({ weight, arbitrary });
  return fc.array(
    fc.oneof(
      op(
        3,
        fc.tuple(nth, page, rights).map(
          (a): Op =>
            (world) =>
              world.map(...a),
        ),
      ),
      op(
        6,
        fc.tuple(nth, page).map(
          (a): Op =>
            (world) =>
              world.write(...a),
        ),
      ),
      op(
        2,
        nth.map(
          (n): Op =>
            (world) =>
              world.fork(n),
        ),
      ),
      op(
        1,
        nth.map(
          (n): Op =>
            (world) =>
              world.end(n),
        ),
      ),
      op(
        1,
        fc.tuple(nth, range).map(
          ([n, [at, size]]): Op =>
            (world) =>
              world.unmap(n, at, size),
        ),
      ),
      op(
        4,
        fc
          .tuple(nth, fc.nat(protects.length - 1), range, change)
          .map(([n, way, [at, size], [set, clear]]): Op => {
            return (world) => world.protect(n, way, at, size, set, clear);
          }),
      ),
    ),
    { maxLength: 40, size: "max" },
  );
}

const small = fc.integer({ min: FIRST, max: FIRST + PAGES - 1 });
const large = fc.oneof(
  small,
  fc.constantFrom(HUGE - 1, HUGE, HUGE + 1, HUGE + 5, HUGE + 509, HUGE + 511),
);

describe.each(MODES)("in mode %s", (mode) => {
  const tried = mode === "single" ? formats : formats.slice(0, 1);
  test.each(tried)("%s: every process has its own memory", (_, format) => {
    fc.assert(
      fc.property(operations(small), (ops) => {
        const world = new World(mode, format, false);
        for (const run of ops) {
          run(world);
          world.check();
        }
        world.finish();
      }),
      { numRuns: Number(process.env.RUNS ?? 6) },
    );
  });

  test("and of a huge page, as a whole and in pieces", () => {
    fc.assert(
      fc.property(operations(large), (ops) => {
        const world = new World(mode, tried[0]![1], true);
        for (const run of ops) {
          run(world);
          world.check();
        }
        world.finish();
      }),
      { numRuns: Number(process.env.RUNS ?? 2) },
    );
  });
});
