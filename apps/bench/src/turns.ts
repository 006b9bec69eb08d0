/**
 * Rows in turns: within a round every row runs for a millisecond or two, then all of them again, in another order.
 *
 * A virtual machine changes its speed several times a second, by a factor of two, whenever a neighbour begins or stops to use
 * the other half of a core. Rows that are timed for 30 ms each, with a collection before each, are half a second apart: a ratio
 * of two of them is then as often one of two machines as of two rows. Rows that take turns are milliseconds apart, so a check
 * evaluated turn by turn has the same machine on both sides, but for the few turns in which it changed.
 *
 * Nothing is collected by force between them: code that was compiled for classes of which no object lives at that moment is
 * thrown away by a full collection, and would never be measured.
 *
 * @module
 */

import { shuffle } from "./positions.js";
import { median, quantile } from "./stats.js";
import type { Block, SelfTimed } from "./suite.js";

/** Milliseconds a row has before the first turn that counts: enough for the optimising compiler. */
const WARM_UP_MS = 60;
/** Of a row in one turn. Shorter ones would show what the row before has left in the caches. */
const TURN_MS = 1.5;
/** Of a sample, far above the timer's step; a longer block is a sample by itself. */
const SAMPLE_MS = 0.05;
/** Turns of a round at most: their median hardly gains by more. */
const MAX_TURNS = 11;

/** What takes turns. */
export class Player {
  /** Nanoseconds a block, turn by turn; of a row that times itself what it says. */
  readonly ns: number[] = [];
  /** Blocks run in the turns that count. */
  blocks = 0;
  private readonly work: Block | SelfTimed;
  private blocksPerSample = 1;
  private samples = 1;
  private sink = 0;

  constructor(work: Block | SelfTimed) {
    this.work = work;
  }

  /** Runs until the compiler has seen enough, and learns how many blocks a turn has. */
  async warmUp(): Promise<void> {
    const { work } = this;
    if (typeof work !== "function") {
      await work.nsPerOp();
      return;
    }
    const times: number[] = [];
    for (let spent = 0; spent < WARM_UP_MS; ) {
      const start = performance.now();
      this.sink += work();
      times.push(performance.now() - start);
      spent += times.at(-1)!;
    }
    // Of the later half: the first blocks are interpreted.
    const block = median(times.slice(times.length >>> 1));
    this.blocksPerSample = Math.max(1, Math.ceil(SAMPLE_MS / block));
    this.samples = Math.max(1, Math.round(TURN_MS / (block * this.blocksPerSample)));
  }

  async turn(): Promise<void> {
    const { work } = this;
    if (typeof work === "function") {
      this.ns.push(this.time(work));
      this.blocks += this.samples * this.blocksPerSample;
    } else {
      this.ns.push(await work.nsPerOp());
      this.blocks += 1;
    }
  }

  /** The lower quartile of a turn's samples: what interrupts a sample only ever makes it longer. */
  private time(block: Block): number {
    const { blocksPerSample, samples } = this;
    const times: number[] = [];
    for (let sample = 0; sample < samples; sample++) {
      const start = performance.now();
      for (let i = 0; i < blocksPerSample; i++) this.sink += block();
      times.push(performance.now() - start);
    }
    if (Number.isNaN(this.sink)) throw new Error("a block returned NaN"); // a sum that is used cannot be optimised away
    return (quantile(times, 0.25) * 1e6) / blocksPerSample;
  }
}

/**
 * Lets all take turns for about `budgetMs`.
 *
 * @param next - random numbers, for the order of a turn
 * @returns turns of each round
 */
export async function takeTurns(
  players: readonly Player[],
  { rounds, budgetMs }: { readonly rounds: number; readonly budgetMs: number },
  next: () => number,
  progress: (done: number, total: number) => void,
): Promise<number> {
  const order = [...players];
  progress(0, rounds + 1);
  for (const player of order) await player.warmUp();
  const started = performance.now();
  for (const player of order) await player.turn();
  const share = budgetMs / (rounds * (performance.now() - started));
  const turns = Math.max(1, Math.min(MAX_TURNS, Math.floor(share)));
  for (const player of order) {
    player.ns.length = 0;
    player.blocks = 0;
  }
  for (let round = 1; round <= rounds; round++) {
    progress(round, rounds + 1);
    for (let turn = 0; turn < turns; turn++) {
      shuffle(order, next);
      for (const player of order) await player.turn();
    }
  }
  return turns;
}
