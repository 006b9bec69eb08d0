/**
 * Measures one suite in this process: all rows once a round, the order of a round shuffled.
 *
 * Whatever changes slowly (a neighbour on the machine, the clock of the processor) then touches all rows alike, and a
 * ratio formed within a round hardly notices. A suite may ask for more: see turns.ts.
 *
 * @module
 */

import { measure } from "mitata";
import { garbageOf } from "./garbage.js";
import { shuffle, xorshift32 } from "./positions.js";
import { median, spread } from "./stats.js";
import { type Block, type Cell, DEFAULT_OPS, type Readings, type SelfTimed } from "./suite.js";
import { Player, takeTurns } from "./turns.js";

/**
 * A row this close to an empty loop of as many turns does no work: the compiler removed it.
 *
 * @see mitata `src/main.mjs`, `optimized_out`: the same factor, against an empty function
 */
const ELIMINATED_BELOW = 1.42;
/** Blocks a sample. mitata's 4096 would leave a handful of samples in a round of 30 ms. */
const BATCH = 64;
/** Blocks up to this long are batched, so that a sample is never shorter than ~1 us, far above the timer's step. */
const BATCH_BELOW_NS = 20_000;
/** Samples at most: a block that does nothing would make a million of 30 ns each. */
const MAX_SAMPLES = 1 << 14;
/** A row gets no more than this in a round; longer rounds meet more neighbours and gain nothing. */
const MAX_ROW_MS = 30;
/** And no less: a dozen samples of a block of 100 us, and time for the optimising compiler. */
const MIN_ROW_MS = 4;
/** Seed of the order of rows; any number would do, a fixed one repeats a run. */
const ORDER_SEED = 0x6d656d;

/** How long to measure. */
export interface Plan {
  readonly rounds: number;
  /** Milliseconds that all rounds of all rows should take, what mitata adds to each of them included. */
  readonly budgetMs: number;
  readonly statistic: "median" | "mean";
  /** Whether the rows take turns within a round. */
  readonly inTurns?: boolean;
}

/** What was read of one row. */
export interface RowReading {
  readonly key: string;
  /** Nanoseconds an operation: median over the rounds. */
  readonly ns: number;
  /** p75 - p25 of the rounds, in nanoseconds. */
  readonly spread: number;
  /** Bytes of garbage an operation; null for a row that times itself. */
  readonly bytes: number | null;
  readonly eliminated: boolean;
  /** Operations timed in all rounds together. */
  readonly operations: number;
}

export interface SuiteReading {
  readonly rows: readonly RowReading[];
  /** The readings of each turn of each round, for formulas over several rows. A round has one turn unless they were asked for. */
  readonly rounds: readonly (readonly Readings[])[];
}

/** Something to time: a row's block, or the empty loop that tells whether such blocks were optimised away. */
class Subject {
  readonly key: string;
  readonly ops: number;
  readonly work: Block | SelfTimed;
  /** Nanoseconds an operation: turn by turn, and of each round. */
  turns: number[][] = [];
  ns: number[] = [];
  operations = 0;

  constructor(key: string, ops: number, work: Block | SelfTimed) {
    this.key = key;
    this.ops = ops;
    this.work = work;
  }

  async round(statistic: Plan["statistic"], rowMs: number): Promise<void> {
    const [ns, blocks] = await this.time(statistic, rowMs);
    this.turns.push([ns]);
    this.ns.push(ns);
    this.operations += blocks * this.ops;
  }

  /** Takes over what was read in turns. */
  played({ ns, blocks }: Player, turns: number): void {
    const perOp = ns.map((block) => block / this.ops);
    for (let at = 0; at < ns.length; at += turns) this.turns.push(perOp.slice(at, at + turns));
    this.ns = this.turns.map(median);
    this.operations = blocks * this.ops;
  }

  async time(statistic: Plan["statistic"], rowMs: number): Promise<[ns: number, blocks: number]> {
    const { work } = this;
    if (typeof work !== "function") return [await work.nsPerOp(), 1];
    const stats = await measure(work, {
      batch_samples: BATCH,
      batch_threshold: BATCH_BELOW_NS,
      min_cpu_time: rowMs * 1e6,
      max_samples: MAX_SAMPLES,
      // mitata would cut the two slowest samples off: the ones in which the garbage was collected.
      samples_threshold: Number.POSITIVE_INFINITY,
    });
    const perBlock = statistic === "mean" ? stats.avg : stats.p50;
    return [perBlock / this.ops, stats.ticks];
  }
}

/** What is left of a block when the compiler has removed its work. */
const emptyLoop =
  (ops: number): Block =>
  () => {
    let i = 0;
    while (i < ops) i++;
    return i;
  };

const emptyKey = (ops: number): string => `(empty loop of ${ops})`;

const isTimedHere = (work: Block | SelfTimed): work is Block => typeof work === "function";

type Progress = (done: number, total: number) => void;

/** Each row for its share of a round, one after the other. */
async function roundsOfRows(order: Subject[], plan: Plan, progress: Progress): Promise<void> {
  const started = performance.now();
  progress(0, plan.rounds + 1);
  // Compiles everything; its figures are thrown away, but tell what a row costs beside the time it is measured for.
  for (const subject of order) await subject.time(plan.statistic, MIN_ROW_MS);
  const overheadMs = (performance.now() - started) / order.length - MIN_ROW_MS;
  const share = plan.budgetMs / ((plan.rounds + 1) * order.length);
  const rowMs = Math.min(MAX_ROW_MS, Math.max(MIN_ROW_MS, share - overheadMs));

  const next = xorshift32(ORDER_SEED);
  for (let round = 1; round <= plan.rounds; round++) {
    progress(round, plan.rounds + 1);
    shuffle(order, next);
    for (const subject of order) await subject.round(plan.statistic, rowMs);
  }
}

/** A millisecond or two of each row, again and again. */
async function roundsOfTurns(order: Subject[], plan: Plan, progress: Progress): Promise<void> {
  const players = order.map((subject) => new Player(subject.work));
  const turns = await takeTurns(players, plan, xorshift32(ORDER_SEED), progress);
  order.forEach((subject, i) => {
    subject.played(players[i]!, turns);
  });
}

/** Sets every row up, measures it, and says which rows did nothing. */
export async function measureCells(
  cells: readonly Cell[],
  plan: Plan,
  progress: (done: number, total: number) => void,
): Promise<SuiteReading> {
  const subjects: Subject[] = [];
  for (const { key, row, n } of cells) {
    const work = await row.make(n ?? 0);
    subjects.push(new Subject(key, isTimedHere(work) ? (row.ops ?? DEFAULT_OPS) : 1, work));
  }
  const sizes = new Set(subjects.filter(({ work }) => isTimedHere(work)).map(({ ops }) => ops));
  const empty = new Map(
    [...sizes].map((ops) => [ops, new Subject(emptyKey(ops), ops, emptyLoop(ops))]),
  );

  const order = [...subjects, ...empty.values()];
  if (plan.inTurns === true) await roundsOfTurns(order, plan, progress);
  else await roundsOfRows(order, plan, progress);

  const bytes = new Map<string, number>();
  for (const { key, ops, work } of subjects) {
    if (isTimedHere(work)) bytes.set(key, await garbageOf(work, ops, BATCH));
  }
  return {
    rows: subjects.map(({ key, ops, ns, operations, work }) => ({
      key,
      ns: median(ns),
      spread: spread(ns),
      bytes: bytes.get(key) ?? null,
      eliminated:
        isTimedHere(work) && median(ns) < ELIMINATED_BELOW * median(empty.get(ops)?.ns ?? []),
      operations,
    })),
    rounds: Array.from({ length: plan.rounds }, (_, round) =>
      Array.from({ length: order[0]?.turns[round]?.length ?? 0 }, (_, turn): Readings => {
        const ns = new Map(subjects.map(({ key, turns }) => [key, turns[round]![turn]!]));
        return {
          ns: (key) => ns.get(key) ?? Number.NaN,
          bytes: (key) => bytes.get(key) ?? Number.NaN,
        };
      }),
    ),
  };
}
