/**
 * What is explored: threads over shared memory, and what must hold.
 *
 * @module
 */

import { InterleaveError } from "./interleave-error.js";

/** How an operation ended: with a value, or with an error. */
export interface Outcome {
  readonly value?: unknown;
  /** The `code` of the error, or else its name. */
  readonly threw?: string;
}

/** The outcomes of the operations that each thread has completed. */
export type Outcomes = readonly (readonly Outcome[])[];

/**
 * One operation of a thread: shipped code, and what it means.
 *
 * @typeParam A - what a thread works on
 * @typeParam M - the state of the model
 */
export interface Operation<A, M = unknown> {
  readonly name: string;
  /** Runs it. It must not be asynchronous, and depend on nothing but shared memory and `agent`. */
  readonly run: (agent: A) => unknown;
  /**
   * The same on the model: changes `state` and returns, or throws, what the operation must have. An operation that may end in
   * several ways looks at `actual`, how it has, and follows it if that is allowed.
   */
  readonly model?: (state: M, actual: Outcome) => unknown;
  /**
   * What it may leave where its thread dies in the middle, besides nothing and all of `model`, which is asked with an outcome of
   * no value then; an error here is as nothing. For who takes over to find: nobody else should be able to tell it from one of the other two.
   */
  readonly halfway?: (state: M) => void;
}

/** What a thread does: one function, or operations one after the other. */
export type Thread<A, M = unknown> =
  | ((agent: A) => unknown)
  | readonly (Operation<A, M> | ((agent: A) => unknown))[];

/** Holds unless it returns `false` or a sentence, or throws. It sees shared memory and may not write to it. */
export type Check<S> = (shared: S, outcomes: Outcomes) => unknown;

/**
 * What the operations do when nothing interferes. Results and final state of every schedule must be those of the operations
 * in some order, in which an operation that ended before another began comes first.
 */
export interface Model<S, M> {
  /** The state at the start. Plain data: it is copied with `structuredClone`. */
  readonly initial: () => M;
  /** The final state of the memory in the model's terms. Not compared if not given. */
  readonly observe?: (shared: S) => M;
}

/** When to give up. A run that reached a limit is not `complete`. */
export interface Limits {
  /** Accesses of one thread in one schedule. 500 if not given. */
  readonly steps?: number;
  /** Schedules followed to their end. 10 million if not given. */
  readonly schedules?: number;
  /** Different states. 1 million if not given; a state takes 100 to 200 bytes. */
  readonly states?: number;
}

/**
 * Which schedules are left out because others show the same. `both` if not given.
 *
 * - `none`: nothing is left out.
 * - `sleep`: of schedules that differ in the order of independent accesses one is followed (sleep sets).
 * - `states`: from a state that has been seen nothing is followed again.
 * - `private`: both, and a step that concerns no other thread from where it stands, and no invariant, is taken at once. For threads that do much
 *   by themselves; the search is done again until it has nothing to learn of what they will do.
 */
export type Reduction = "none" | "sleep" | "states" | "both" | "private";

/** A thread that ends in the middle of what it does, as a terminated worker. */
export interface Death {
  readonly thread: number;
  /** How many accesses it does; it dies before the next one, or lives where it has no more. */
  readonly after: number;
  /** Threads that start when it is dead: those that are told. */
  readonly heirs: readonly number[];
}

/**
 * A scenario.
 *
 * `setup` is called anew for each thread, and each time that a thread is run again, so that threads share nothing but the bytes of
 * the SharedArrayBuffers and shared `WebAssembly.Memory`s that it makes, as workers do. Everything must therefore be made there.
 *
 * @typeParam S - what `setup` makes
 * @typeParam A - what a thread works on
 * @typeParam M - the state of the model
 */
export interface Scenario<S, A = S, M = unknown> {
  /** Makes the shared buffers and the state they start in. Runs before all threads. */
  readonly setup: () => S;
  /** What each thread makes for itself before any of them starts, such as attaching to a table; without it a thread works on `S`. */
  readonly attach?: (shared: S, thread: number) => A;
  readonly model?: Model<S, M>;
  readonly threads: readonly Thread<A, M>[];
  /** What holds in every state, by name. One with a single parameter is asked once for each state of memory, so that is all it may depend on. */
  readonly invariants?: Readonly<Record<string, Check<S>>>;
  /** What holds when all threads are done, by name. */
  readonly atEnd?: Readonly<Record<string, Check<S>>>;
  /**
   * Who dies, and when. With a `model`, the operation that it died in has happened before the heirs start, or half of it
   * ({@link Operation.halfway}), or never will.
   */
  readonly death?: Death;
  readonly limits?: Limits;
  readonly reduction?: Reduction;
  /**
   * `true`: a plain read of a word of 32 bits or less may race with atomic writes of it, and finds what an atomic one would. For code that
   * only guesses by it, and then exchanges the word if it has guessed right. It has no say in what else is ordered.
   */
  readonly racyReads?: boolean;
  /** `false`: the failure is told by the schedule that was found first, for who only asks whether there is one. */
  readonly shorten?: boolean;
}

/** A scenario of which only the shape matters. What its functions are given comes from the scenario itself. */
type AnyScenario = Scenario<unknown, unknown, unknown>;

/** Threads are bits of a word, and more than a few are out of reach anyway. */
const MAX_THREADS = 16;

/** A scenario with everything filled in. */
export interface Plan {
  readonly setup: () => unknown;
  readonly attach: ((shared: unknown, thread: number) => unknown) | undefined;
  readonly model: Model<unknown, unknown> | undefined;
  readonly threads: readonly (readonly Operation<unknown>[])[];
  /** Invariants that take shared memory alone, and those that take outcomes too. */
  readonly ofMemory: readonly (readonly [string, Check<unknown>])[];
  readonly ofAll: readonly (readonly [string, Check<unknown>])[];
  readonly atEnd: readonly (readonly [string, Check<unknown>])[];
  readonly death: Death | undefined;
  readonly limits: Required<Limits>;
  readonly sleep: boolean;
  readonly states: boolean;
  readonly private: boolean;
  readonly racyReads: boolean;
}

function limitsOf(given: Limits): Required<Limits> {
  const limits = { steps: 500, schedules: 10_000_000, states: 1_000_000, ...given };
  for (const [limit, got] of Object.entries(limits)) {
    if (!(Number.isSafeInteger(got) && got > 0)) {
      throw new InterleaveError({ code: "bad-limit", limit, got });
    }
  }
  return limits;
}

function checkDeath({ thread, after, heirs }: Death, threads: number): void {
  const is = (one: number): boolean => Number.isInteger(one) && one >= 0 && one < threads;
  const count = Number.isSafeInteger(after) && after >= 0;
  if (!count || !is(thread) || heirs.includes(thread) || !heirs.every(is)) {
    throw new InterleaveError({ code: "bad-death", thread, after });
  }
}

/** @throws {@link InterleaveError} `thread-count`, `bad-limit`, `bad-death`, `operation-without-model` */
export function planOf<S, A, M>(scenario: Scenario<S, A, M>): Plan {
  const { setup, attach, model, threads, invariants, atEnd, death, limits, reduction, racyReads } =
    scenario as unknown as AnyScenario;
  if (!(threads.length >= 1 && threads.length <= MAX_THREADS)) {
    throw new InterleaveError({ code: "thread-count", got: threads.length, max: MAX_THREADS });
  }
  const operations = threads.map((thread) =>
    (typeof thread === "function" ? [thread] : thread).map((operation) =>
      typeof operation === "function"
        ? { name: operation.name || "run", run: operation }
        : operation,
    ),
  );
  if (death !== undefined) checkDeath(death, threads.length);
  const silent = operations.flat().find((operation) => operation.model === undefined);
  if (model !== undefined && silent !== undefined) {
    throw new InterleaveError({ code: "operation-without-model", operation: silent.name });
  }
  return {
    setup,
    attach,
    model,
    threads: operations,
    ofMemory: Object.entries(invariants ?? {}).filter(([, check]) => check.length < 2),
    ofAll: Object.entries(invariants ?? {}).filter(([, check]) => check.length >= 2),
    atEnd: Object.entries(atEnd ?? {}),
    death,
    limits: limitsOf(limits ?? {}),
    sleep: reduction !== "none" && reduction !== "states",
    states: reduction !== "none" && reduction !== "sleep",
    private: reduction === "private",
    racyReads: racyReads === true,
  };
}
