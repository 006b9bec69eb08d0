/**
 * The same trace in real threads: each worker runs its thread on real shared memory, and takes each step when it is its turn.
 *
 * Plain accesses are stepped too: the workers run with the replaced globals. What is real is the memory, the threads and the
 * operations on it; who sleeps in `Atomics.wait` only waits for its turn.
 *
 * @module
 */

import {
  type Access,
  accessText,
  Kind,
  resultText,
  sameAccess,
  WaitResult,
  type Word,
} from "./access.js";
import { ELEMENTS, readElement, writeElement } from "./element.js";
import { exclusively, follow } from "./explore.js";
import { type Log, Replayer } from "./hosts.js";
import { Machine } from "./machine.js";
import { realm, withHost } from "./realm.js";
import { RunBuffers } from "./run-buffers.js";
import { planOf, type Scenario } from "./scenario.js";
import type { Trace } from "./trace.js";

/** What one worker is to do. Sent by `postMessage`. */
export interface StepJob {
  readonly thread: number;
  readonly setup: Log;
  readonly attached: Log;
  /** The buffers of `setup`, as they are when the threads start. */
  readonly buffers: readonly SharedArrayBuffer[];
  /** One word: the index of the step whose turn it is. */
  readonly turn: SharedArrayBuffer;
  /** The steps of this thread, with their places in the schedule. */
  readonly steps: readonly {
    readonly at: number;
    readonly access: Access;
    readonly result: Word;
  }[];
}

/** What came of it: empty if every step did and gave what the trace says. */
export interface StepResult {
  readonly thread: number;
  readonly differences: readonly string[];
}

/** A worker, as `node:worker_threads` has it. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  on(event: "message" | "error", listener: (value: unknown) => void): unknown;
  terminate(): unknown;
}

/** What replaying in workers has shown. */
export interface WorkerReplay {
  /** Whether every result, and every byte at the end, was that of the trace. */
  readonly reproduced: boolean;
  readonly differences: readonly string[];
}

/** How long a worker waits for its turn before it gives up. */
const PATIENCE_MS = 10_000;

/** The buffers of the job, in place of those that `setup` asks for. */
class GivenBuffers extends RunBuffers {
  readonly #given: readonly SharedArrayBuffer[];

  constructor(given: readonly SharedArrayBuffer[]) {
    super();
    this.#given = given;
  }

  override make(byteLength: number): SharedArrayBuffer {
    const given = this.sharing ? this.#given[this.lengths.length] : undefined;
    if (given === undefined) return super.make(byteLength);
    this.number(given);
    return given;
  }
}

/** A worker has reached the end of its part of the trace. */
const DONE = new Error("the trace has no more steps of this thread");

class Stepper extends Replayer {
  readonly #job: StepJob;
  readonly #turn: Int32Array;
  #taken = 0;
  stepping = false;
  readonly differences: string[] = [];

  constructor(buffers: RunBuffers, job: StepJob) {
    super(buffers, job.thread, job.setup);
    this.#job = job;
    this.#turn = new Int32Array(job.turn);
  }

  override perform(access: Access): Word {
    if (!this.stepping) return super.perform(access);
    const step = this.#job.steps[this.#taken];
    if (step === undefined) throw DONE;
    this.#taken += 1;
    this.#await(step.at);
    try {
      return this.#take(access, step.access, step.result);
    } finally {
      realm.atomics.store(this.#turn, 0, step.at + 1);
      realm.atomics.notify(this.#turn, 0);
    }
  }

  #take(access: Access, expected: Access, result: Word): Word {
    if (!sameAccess(access, expected)) {
      this.differences.push(`${accessText(access)} in place of ${accessText(expected)}`);
      throw DONE;
    }
    const buffer = this.#job.buffers[access.buffer]!;
    const got = access.kind === Kind.notify ? result : reallyDo(access, buffer);
    if (!Object.is(got, result)) {
      const [is, was] = [resultText(access, got), resultText(access, result)];
      this.differences.push(`${accessText(access)} gave ${is}, in the trace ${was}`);
    }
    return got;
  }

  #await(turn: number): void {
    for (;;) {
      const now = realm.atomics.load(this.#turn, 0);
      if (now === turn) return;
      if (realm.atomics.wait(this.#turn, 0, now, PATIENCE_MS) === "timed-out") {
        this.differences.push(`step ${turn} never had its turn: the threads stand at step ${now}`);
        throw DONE;
      }
    }
  }
}

/** The access itself, by the originals, on real memory. */
function reallyDo(access: Access, buffer: SharedArrayBuffer): Word {
  const { kind, atomic, element, byteOffset, size, little, operand, replacement } = access;
  const view = new realm.DataView(buffer) as unknown as DataView<ArrayBuffer>;
  if (!atomic) {
    if (kind === Kind.load) return readElement(view, element, byteOffset, little);
    writeElement(view, element, byteOffset, operand, little);
    return 0;
  }
  if (kind > Kind.wait) return 0; // waiting is all in the turns
  const Words = ELEMENTS[element]!.scratch.constructor as Int32ArrayConstructor;
  const words = new Words(buffer, 0, Math.floor(buffer.byteLength / size));
  const index = byteOffset / size;
  const [a, b] = [operand as number, replacement as number];
  switch (kind) {
    case Kind.load:
      return realm.atomics.load(words, index);
    case Kind.store:
      realm.atomics.store(words, index, a);
      return 0;
    case Kind.add:
      return realm.atomics.add(words, index, a);
    case Kind.sub:
      return realm.atomics.sub(words, index, a);
    case Kind.and:
      return realm.atomics.and(words, index, a);
    case Kind.or:
      return realm.atomics.or(words, index, a);
    case Kind.xor:
      return realm.atomics.xor(words, index, a);
    case Kind.exchange:
      return realm.atomics.exchange(words, index, a);
    case Kind.compareExchange:
      return realm.atomics.compareExchange(words, index, a, b);
    default: {
      const asleep = realm.atomics.load(words, index) === a;
      return asleep ? WaitResult.queued : WaitResult.notEqual;
    }
  }
}

/**
 * The worker's part: runs its thread of the same scenario, step by step.
 *
 * @throws what `setup` or `attach` throws
 */
export function stepThread<S, A = S, M = unknown>(
  scenario: Scenario<S, A, M>,
  job: StepJob,
): StepResult {
  return exclusively(() => {
    const { thread } = job;
    const { setup, attach, threads } = planOf(scenario);
    const buffers = new GivenBuffers(job.buffers);
    const stepper = new Stepper(buffers, job);
    withHost(stepper, () => {
      const shared = setup();
      buffers.sharing = false;
      stepper.continueWith(job.attached, false);
      const agent = attach === undefined ? shared : attach(shared, thread);
      stepper.finish();
      stepper.stepping = true;
      for (const { run } of threads[thread]!) endOf(() => run(agent));
    });
    return { thread, differences: stepper.differences };
  });
}

/** Runs an operation to its end, good or bad: what it did is in the steps. */
function endOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

/** Sends each worker its job; settles when all have answered, or one has failed. */
function answers(workers: readonly WorkerLike[], jobs: readonly StepJob[]): Promise<StepResult[]> {
  return Promise.all(
    workers.map(
      (worker, thread) =>
        new Promise<StepResult>((resolve, reject) => {
          worker.on("message", (result) => resolve(result as StepResult));
          worker.on("error", reject);
          worker.postMessage(jobs[thread]);
        }),
    ),
  );
}

function jobsFor(machine: Machine, buffers: readonly SharedArrayBuffer[]): StepJob[] {
  const { steps, depth, program } = machine;
  const turn = new realm.SharedArrayBuffer(4);
  return machine.at.map((_, thread) => ({
    thread,
    setup: logOnly(program.setup),
    attached: logOnly(program.attached[thread]!),
    buffers,
    turn,
    steps: steps
      .slice(0, depth)
      .map(({ access, result, thread: whose }, at) => ({ at, access, result, whose }))
      .filter(({ whose }) => whose === thread),
  }));
}

const logOnly = ({ accesses, results }: Log): Log => ({ accesses, results });

/** Real buffers with the bytes that the threads start with. */
function realBuffers({ memory }: Machine): SharedArrayBuffer[] {
  return Array.from({ length: memory.buffers }, (_, number) => {
    const bytes = memory.bytes(number);
    const buffer = new realm.SharedArrayBuffer(bytes.length);
    new Uint8Array(buffer).set(bytes);
    return buffer;
  });
}

/**
 * Replays a trace in real threads, one worker each.
 *
 * @param spawn - starts a worker that answers a {@link StepJob} with what {@link stepThread} of the same scenario returns
 * @throws {@link InterleaveError} what `replay` throws; and what a worker throws
 */
export async function stepInWorkers<S, A = S, M = unknown>(
  scenario: Scenario<S, A, M>,
  trace: Trace,
  spawn: (thread: number) => WorkerLike,
): Promise<WorkerReplay> {
  const { machine, buffers } = exclusively(() => {
    const machine = new Machine(planOf(scenario));
    const buffers = realBuffers(machine);
    follow(machine, trace, () => undefined);
    return { machine, buffers };
  });
  const workers = machine.at.map((_, thread) => spawn(thread));
  try {
    const results = await answers(workers, jobsFor(machine, buffers));
    const differences = results.flatMap(({ thread, differences }) =>
      differences.map((difference) => `thread ${thread}: ${difference}`),
    );
    buffers.forEach((buffer, number) => {
      const expected = machine.memory.bytes(number);
      const at = new Uint8Array(buffer).findIndex((byte, i) => byte !== expected[i]);
      if (at >= 0) differences.push(`byte ${at} of buffer ${number} differs at the end`);
    });
    return { reproduced: differences.length === 0, differences };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
