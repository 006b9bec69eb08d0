/**
 * The threads of a scenario: runs them, up to their next access.
 *
 * IL-3: a thread that is run again with the same results does the same accesses; if not, the exploration ends with an error,
 * for nothing that it has found would mean anything.
 *
 * @module
 */

import { type Access, type Glance, Kind, pauseOf, reads, type Word } from "./access.js";
import { canonical } from "./canonical.js";
import { Futures } from "./futures.js";
import { type Log, Observer, Recorder, Replayer } from "./hosts.js";
import { InterleaveError, unsupported } from "./interleave-error.js";
import { LocalState, type Progress } from "./local-state.js";
import type { Memory } from "./memory.js";
import { checkFault, withHost } from "./realm.js";
import { RunAhead } from "./run-ahead.js";
import { RunBuffers } from "./run-buffers.js";
import type { Outcome, Plan } from "./scenario.js";

/** How an error is told from another one. */
export function thrownName(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === "string" ? code : typeof name === "string" ? name : canonical(error);
}

export class Program {
  readonly #plan: Plan;
  readonly #memory: Memory;
  readonly #observer: Observer;
  readonly #shared: unknown;
  /** What `setup` did, and each thread's `attach`. */
  readonly setup: Log;
  readonly attached: readonly Log[];
  readonly #ends: readonly Map<string, LocalState>[];
  #states = 0;
  /** How often a thread has been run. */
  runs = 0;
  /** Kept only where private steps are taken at once. */
  readonly futures: Futures | undefined;
  /** Where each thread starts. */
  readonly starts: readonly LocalState[];

  /** Runs `setup`, then each thread's `attach`, which gives `memory` the state that all schedules start in. */
  constructor(plan: Plan, memory: Memory) {
    this.#plan = plan;
    this.#memory = memory;
    this.futures = plan.private ? new Futures() : undefined;
    const setup = new Recorder(new RunBuffers(), memory);
    this.#shared = withHost(setup, plan.setup);
    this.#finish(setup.buffers);
    setup.buffers.sharing = false;
    this.setup = setup;
    this.#observer = new Observer(setup.buffers, memory);
    this.attached = plan.threads.map((_, thread) => this.#attach(thread));
    memory.seal();
    this.#ends = plan.threads.map(() => new Map<string, LocalState>());
    this.starts = plan.threads.map((_, thread) => this.#grow(thread, undefined, 0));
  }

  /** Calls a function of the scenario that looks at memory, as it is now; `futures` are told where. */
  observe<T>(look: (shared: unknown) => T, futures?: Futures): T {
    this.#observer.futures = futures;
    try {
      return withHost(this.#observer, () => look(this.#shared));
    } finally {
      checkFault();
    }
  }

  /** Where the thread stands after its next access gave `result`. */
  next(thread: number, state: LocalState, result: Word): LocalState {
    return state.after(result) ?? this.#grow(thread, state, result);
  }

  /** How many states of threads have been found. */
  get size(): number {
    return this.#states;
  }

  #attach(thread: number): Log {
    const { attach, setup } = this.#plan;
    if (attach === undefined) return { accesses: [], results: [] };
    const buffers = new RunBuffers();
    const replayer = new Replayer(buffers, thread, this.setup);
    const shared = withHost(replayer, setup);
    replayer.finish();
    buffers.sharing = false;
    const recorder = new Recorder(buffers, this.#memory);
    withHost(recorder, () => attach(shared, thread));
    this.#finish(buffers);
    return recorder;
  }

  /** What a thread that has just taken a step may do ahead: none that has not started, for it may not be its turn. */
  #aheadOf(thread: number, { accesses }: Log): RunAhead | undefined {
    if (accesses.length === 0) return undefined;
    const { death, limits } = this.#plan;
    const most = death?.thread === thread ? Math.min(death.after, limits.steps) : limits.steps;
    return new RunAhead(this.#memory, most - accesses.length);
  }

  #grow(thread: number, parent: LocalState | undefined, result: Word): LocalState {
    const log = pathTo(parent, result);
    const ahead = this.#aheadOf(thread, log);
    let progress: Progress;
    try {
      progress = this.#run(thread, log, ahead);
    } finally {
      ahead?.undo();
    }
    const steps = ahead?.steps ?? [];
    for (const step of steps) {
      log.accesses.push(step.access);
      log.results.push(step.result);
    }
    if (steps.length > 0) this.#run(thread, log, undefined); // IL-3
    let [from, told] = [parent, result];
    let first: LocalState | undefined;
    for (const { access, operation, result: next } of steps) {
      const outcomes = progress.outcomes.slice(0, operation);
      const state = this.#add({ access, operation, outcomes }, from, told);
      first ??= state;
      [from, told] = [state, next];
    }
    const last = this.#last(thread, progress, log, from, told);
    return first ?? last;
  }

  /** Where a run has come to. */
  #last(
    thread: number,
    progress: Progress,
    log: Log,
    parent: LocalState | undefined,
    result: Word,
  ): LocalState {
    if (progress.access === undefined) return this.#end(thread, progress, parent, result);
    const paused = progress.access.kind === Kind.pause;
    const access = paused ? pauseOf(this.#watchedAfter(log)) : progress.access;
    return this.#add({ ...progress, access }, parent, result);
  }

  #add(progress: Progress, parent: LocalState | undefined, result: Word): LocalState {
    this.#states += 1;
    const state = new LocalState(this.#states, progress, parent, result);
    this.futures?.add(state);
    parent?.grow(result, state);
    return state;
  }

  /** Ends with the same outcomes are one: nothing that led there matters any more. */
  #end(
    thread: number,
    progress: Progress,
    parent: LocalState | undefined,
    result: Word,
  ): LocalState {
    const key = canonical(progress.outcomes);
    let end = this.#ends[thread]!.get(key);
    if (end === undefined) {
      this.#states += 1;
      end = new LocalState(this.#states, progress, parent, result);
      this.futures?.add(end);
      this.#ends[thread]!.set(key, end);
    }
    parent?.grow(result, end);
    return end;
  }

  /**
   * What a thread has looked at since it paused last, with what was there. Where it saw two values nothing has to change any more:
   * it goes around again because something did. What it wrote itself it does not wait for.
   */
  #watchedAfter({ accesses, results }: Log): Glance[] {
    const watched = new Map<string, Glance>();
    const overwritten = new Set<string>();
    for (let i = accesses.length - 1; i >= 0; i -= 1) {
      const access = accesses[i]!;
      const { kind, buffer, byteOffset, element, little, size } = access;
      if (kind === Kind.pause || kind === Kind.park) break;
      const place = `${buffer} ${byteOffset} ${element}`;
      if (overwritten.has(place)) continue;
      const seen = this.#memory.left(access, results[i]!);
      if (reads(access) && kind !== Kind.wait && (little || size === 1)) {
        watched.set(`${place} ${typeof seen} ${seen}`, { buffer, byteOffset, element, seen });
      }
      if (kind === Kind.store || !Object.is(seen, results[i])) overwritten.add(place);
    }
    return [...watched.values()];
  }

  /** Runs a thread with the results of `log`, and no further than `ahead` of it. */
  #run(thread: number, log: Log, ahead: RunAhead | undefined): Progress {
    this.runs += 1;
    const { setup, attach, threads } = this.#plan;
    const buffers = new RunBuffers();
    const replayer = new Replayer(buffers, thread, this.setup);
    const outcomes: Outcome[] = [];
    let operation = 0;
    withHost(replayer, () => {
      const shared = setup();
      buffers.sharing = false;
      replayer.continueWith(this.attached[thread]!, false);
      const agent = attach === undefined ? shared : attach(shared, thread);
      replayer.continueWith(log, true, ahead);
      for (const { run } of threads[thread]!) {
        const outcome = outcomeOf(() => run(agent));
        if (replayer.pending !== undefined) return;
        outcomes.push(outcome);
        operation += 1;
        if (ahead !== undefined) ahead.operation = operation;
      }
    });
    this.#finish(buffers);
    if (replayer.pending === undefined) replayer.finish();
    const { death } = this.#plan;
    const done = log.accesses.length + (ahead?.steps.length ?? 0);
    const dies = death?.thread === thread && done >= death.after;
    return { access: dies ? undefined : replayer.pending, operation, outcomes };
  }

  #finish(buffers: RunBuffers): void {
    checkFault();
    buffers.checkUntouched();
  }
}

function outcomeOf(run: () => unknown): Outcome {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    if (error instanceof InterleaveError) throw error;
    return { threw: thrownName(error) };
  }
  if (value instanceof Promise) {
    value.catch(() => undefined); // it may be rejected with the suspension
    unsupported("an operation that is asynchronous");
  }
  return { value };
}

/** What a thread has done and been told up to the state after `result` of `parent`. */
function pathTo(
  parent: LocalState | undefined,
  result: Word,
): { readonly accesses: Access[]; readonly results: Word[] } {
  const accesses: Access[] = [];
  const results: Word[] = [];
  let last = result;
  for (let state = parent; state?.access !== undefined; state = state.parent) {
    accesses.push(state.access);
    results.push(last);
    last = state.result;
  }
  return { accesses: accesses.reverse(), results: results.reverse() };
}
