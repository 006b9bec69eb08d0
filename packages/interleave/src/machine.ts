/**
 * A schedule in the making: the threads, the memory, and the steps so far, the last of which can be undone.
 *
 * @module
 */

import { type Access, accessText, Kind, overlap, type Word, watches } from "./access.js";
import { type Timed, tick } from "./clocks.js";
import { type Ended, Histories } from "./history.js";
import type { LocalState } from "./local-state.js";
import { Memory, type Saved } from "./memory.js";
import { Program } from "./program.js";
import type { Outcomes, Plan } from "./scenario.js";

/** The name of a check that does not hold, and what it says. */
export type Verdict = readonly [name: string, message: string];

/** One step, with what is needed to undo it. */
export interface Step extends Timed {
  from: LocalState;
  result: Word;
  /** Whether it was the last access of its operation. */
  ends: boolean;
  /** Index of the thread's step before. */
  previous: number;
  readonly saved: Saved;
  queue: readonly number[];
  history: number;
}

export class Machine {
  readonly plan: Plan;
  readonly memory: Memory = new Memory();
  readonly program: Program;
  readonly histories: Histories = new Histories();
  readonly threads: number;
  /** What the invariants that look at memory alone have said of it, by its key. */
  readonly verdicts: Map<string, Verdict | undefined> = new Map();
  /** Where each thread stands. */
  readonly at: LocalState[];
  /** The steps of the schedule are the first `depth` of these. */
  readonly steps: Step[] = [];
  depth = 0;
  /** Threads that sleep in `Atomics.wait`, in the order in which they will be woken. */
  #queue: readonly number[] = [];
  /** Index of each thread's last step, or -1. */
  readonly #last: number[];
  /** By thread, its history. Kept only where there is a model. */
  readonly #history: number[];
  readonly #timed: boolean;
  #key = new Uint16Array(256);

  /** @throws {@link InterleaveError} what the code under test does wrong before the threads start */
  constructor(plan: Plan) {
    this.plan = plan;
    this.program = new Program(plan, this.memory);
    this.threads = plan.threads.length;
    this.at = [...this.program.starts];
    this.#last = this.at.map(() => -1);
    this.#history = this.at.map(() => 0);
    this.#timed = plan.model !== undefined;
  }

  /** Whether a thread has come to its end, good or bad. */
  finished(thread: number): boolean {
    return this.at[thread]!.access === undefined;
  }

  /** Whether a thread can take a step now. */
  enabled(thread: number): boolean {
    const { access } = this.at[thread]!;
    if (access === undefined) return false;
    const { death } = this.plan;
    if (death?.heirs.includes(thread) === true && !this.finished(death.thread)) return false;
    if (access.kind === Kind.wake) return !this.#queue.includes(thread);
    if (access.watched.length === 0) return true;
    const { memory } = this;
    return access.watched.some((glance) => !Object.is(memory.look(glance), glance.seen));
  }

  /**
   * Takes the next step of an enabled thread.
   *
   * @returns the index of an earlier step that this one races with, or -1
   */
  step(thread: number): number {
    const from = this.at[thread]!;
    const access = from.access!;
    const { memory, depth } = this;
    const step = this.#record(depth, thread, from, access);
    const { kind } = access;
    step.result = kind === Kind.notify ? this.#wake(access) : memory.result(access);
    step.wrote = memory.writes(access);
    if (step.wrote) {
      memory.save(access, step.saved);
      memory.write(access, step.result);
    } else if (kind === Kind.wait && step.result !== 0) {
      this.#queue = [...this.#queue, thread];
    }
    const to = this.program.next(thread, from, step.result);
    step.ends = to.outcomes.length > from.operation;
    if (this.#timed && from.begins) {
      const ended = this.at.map(({ outcomes }) => outcomes.length);
      ended[thread] = from.operation; // its own order is that of the program
      this.#history[thread] = this.histories.begin(step.history, from.operation, ended);
    }
    this.at[thread] = to;
    this.#last[thread] = depth;
    this.depth = depth + 1;
    const told = step.previous < 0 ? this.#toldOf(thread) : -1;
    return tick(this.steps, depth, this.#last, step.previous, told, this.plan.racyReads);
  }

  /** The last step of the dead whose heir this thread is, or -1. */
  #toldOf(thread: number): number {
    const { death } = this.plan;
    return death?.heirs.includes(thread) === true ? this.#last[death.thread]! : -1;
  }

  #record(depth: number, thread: number, from: LocalState, access: Access): Step {
    let step = this.steps[depth];
    if (step === undefined) {
      step = {
        thread,
        from,
        access,
        result: 0,
        wrote: false,
        ends: false,
        previous: -1,
        clock: new Int32Array(this.threads),
        saved: { low: 0, high: 0 },
        queue: [],
        history: 0,
      };
      this.steps.push(step);
    }
    step.thread = thread;
    step.from = from;
    step.access = access;
    step.previous = this.#last[thread]!;
    step.queue = this.#queue;
    step.history = this.#history[thread]!;
    return step;
  }

  /** Wakes sleepers on the place of a notify, the longest asleep first. @returns how many */
  #wake(notify: Access): number {
    const most = notify.operand as number;
    let woken = 0;
    this.#queue = this.#queue.filter((thread) => {
      const stays = woken >= most || !overlap(this.at[thread]!.access!, notify);
      if (!stays) woken += 1;
      return stays;
    });
    return woken;
  }

  /** Undoes the last step. */
  undo(): void {
    this.depth -= 1;
    const step = this.steps[this.depth]!;
    const { thread, access } = step;
    if (step.wrote) this.memory.restore(access, step.saved);
    this.at[thread] = step.from;
    this.#last[thread] = step.previous;
    this.#queue = step.queue;
    this.#history[thread] = step.history;
  }

  /**
   * Whether the order of `step` and of the next access of `thread`, which has been followed before, could matter.
   *
   * @param writes - whether that access writes
   */
  dependent(step: Step, thread: number, writes: boolean): boolean {
    const a = step.access;
    const { access: b, begins } = this.at[thread]!;
    // Linearizability asks which operations had ended when another began. The other way round, when the thread's access ends one
    // and `step` begins one, the order that has been followed is the one that asks more.
    if (this.#timed && step.ends && begins) return true;
    if (b === undefined) return false;
    if (overlap(a, b) && (step.wrote || writes || queues(a) || queues(b))) return true;
    return (step.wrote && watches(b, a)) || (writes && watches(a, b));
  }

  /**
   * The state as text: equal texts, equal futures, and equal verdicts on them.
   *
   * Threads by their local states, which say all that each has been told; memory; who sleeps in which order; and with a model, which
   * operations had ended when others began.
   */
  key(): string {
    const most = 4 * this.threads + this.threads + 1 + this.memory.keyLength;
    if (this.#key.length < most) this.#key = new Uint16Array(2 * most);
    const key = this.#key;
    let end = 0;
    for (let i = 0; i < this.threads; i += 1) {
      const { id } = this.at[i]!;
      key[end] = id;
      key[end + 1] = id >>> 16;
      end += 2;
      if (this.#timed) {
        const history = this.#history[i]!;
        key[end] = history;
        key[end + 1] = history >>> 16;
        end += 2;
      }
    }
    key[end] = this.#queue.length;
    end += 1;
    for (const thread of this.#queue) {
      key[end] = thread;
      end += 1;
    }
    end = this.memory.appendTo(key, end);
    return String.fromCharCode.apply(null, key.subarray(0, end) as unknown as number[]);
  }

  /** The state of memory alone, as text. */
  memoryKey(): string {
    const most = this.memory.keyLength;
    if (this.#key.length < most) this.#key = new Uint16Array(2 * most);
    const end = this.memory.appendTo(this.#key, 0);
    return String.fromCharCode.apply(null, this.#key.subarray(0, end) as unknown as number[]);
  }

  /** What each thread's operations gave so far. */
  get outcomes(): Outcomes {
    return this.at.map(({ outcomes }) => outcomes);
  }

  /** By thread and operation, what had ended when it began. */
  get begun(): readonly (readonly (Ended | undefined)[])[] {
    return this.at.map(({ outcomes }, i) =>
      this.histories.read(this.#history[i]!, outcomes.length),
    );
  }

  /** The schedule so far: the thread of each step. */
  get schedule(): number[] {
    return this.steps.slice(0, this.depth).map(({ thread }) => thread);
  }

  /** What the threads that are not done wait for. */
  blocked(): string {
    return this.at
      .flatMap(({ access }, i) =>
        access === undefined ? [] : [`thread ${i}: ${accessText(access)}`],
      )
      .join("; ");
  }
}

const queues = ({ kind }: Access): boolean => kind === Kind.wait || kind === Kind.notify;
