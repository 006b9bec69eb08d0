/**
 * Who answers accesses while code under test runs: one that records, one that replays and then suspends, one that only looks.
 *
 * @module
 */

import { type Access, accessText, Kind, sameAccess, type Word } from "./access.js";
import type { Futures } from "./futures.js";
import { InterleaveError, unsupported } from "./interleave-error.js";
import type { Memory } from "./memory.js";
import { type Host, raise } from "./realm.js";
import type { RunAhead } from "./run-ahead.js";
import type { RunBuffers } from "./run-buffers.js";

/** Accesses and what they gave. */
export interface Log {
  readonly accesses: readonly Access[];
  readonly results: readonly Word[];
}

abstract class BufferedHost implements Host {
  readonly buffers: RunBuffers;

  constructor(buffers: RunBuffers) {
    this.buffers = buffers;
  }

  abstract perform(access: Access): Word;

  makeBuffer(byteLength: number): SharedArrayBuffer {
    return this.buffers.make(byteLength);
  }

  adoptBuffer(buffer: SharedArrayBuffer): void {
    this.buffers.adopt(buffer);
  }

  numberOf(buffer: SharedArrayBuffer): number {
    return this.buffers.numberOf(buffer);
  }
}

/** Accesses before the threads start; more are taken for a loop that never ends. */
const MAX_RECORDED = 200_000;

/** Does accesses at once, on memory that nobody else uses yet, and writes them down. */
export class Recorder extends BufferedHost {
  readonly #memory: Memory;
  readonly accesses: Access[] = [];
  readonly results: Word[] = [];

  constructor(buffers: RunBuffers, memory: Memory) {
    super(buffers);
    this.#memory = memory;
  }

  override makeBuffer(byteLength: number): SharedArrayBuffer {
    const buffer = super.makeBuffer(byteLength);
    if (this.buffers.sharing) this.#memory.add(buffer.byteLength);
    return buffer;
  }

  override adoptBuffer(buffer: SharedArrayBuffer): void {
    super.adoptBuffer(buffer);
    if (this.buffers.sharing) this.#memory.add(buffer.byteLength);
  }

  override perform(access: Access): Word {
    const memory = this.#memory;
    const { kind, watched } = access;
    const stays = watched.every((glance) => memory.look(glance) === glance.seen);
    if (kind === Kind.wait || kind === Kind.pause || (kind === Kind.park && stays)) {
      unsupported("waiting before the threads start: nobody could wake them");
    }
    if (this.accesses.length === MAX_RECORDED) {
      unsupported(`more than ${MAX_RECORDED} accesses before the threads start`);
    }
    const result = memory.result(access);
    if (memory.writes(access)) memory.write(access, result);
    this.accesses.push(access);
    this.results.push(result);
    return result;
  }
}

/** What a suspended thread unwinds with. One object: making an error costs microseconds. */
const SUSPENSION = new Error("suspended by the explorer: this thread runs again later");

/** Accesses that a suspended thread may attempt before it is taken for one that never ends. */
const MAX_REFUSED = 1000;

/**
 * Gives the results of a log, and suspends the thread at the first access after it, or the first that is not done ahead.
 *
 * IL-2: what code does between its suspension and its end, in a `finally` or after catching everything, changes nothing: each
 * access there throws the suspension again, and the objects that it changes are thrown away.
 */
export class Replayer extends BufferedHost {
  readonly #thread: number;
  #log: Log;
  #next = 0;
  #last = false;
  #ahead: RunAhead | undefined;
  #refused = 0;
  /** The access at which the thread was suspended. */
  pending: Access | undefined;

  constructor(buffers: RunBuffers, thread: number, log: Log) {
    super(buffers);
    this.#thread = thread;
    this.#log = log;
  }

  /** Goes on with another log when this one is used up. `last`: suspends after it, and after what is done `ahead`. */
  continueWith(log: Log, last: boolean, ahead?: RunAhead): void {
    this.finish();
    this.#log = log;
    this.#next = 0;
    this.#last = last;
    this.#ahead = ahead;
  }

  /** @throws {@link InterleaveError} `nondeterministic` if accesses of the log were left out */
  finish(): void {
    const left = this.#log.accesses[this.#next];
    if (left !== undefined) this.#differs(accessText(left), "nothing more");
  }

  override perform(access: Access): Word {
    if (this.pending !== undefined) return this.#refuse();
    const i = this.#next;
    const { accesses, results } = this.#log;
    const expected = accesses[i];
    if (expected === undefined) {
      if (!this.#last) this.#differs("nothing more", accessText(access));
      if (this.#ahead?.takes(access) === true) return this.#ahead.perform(access);
      this.pending = access;
      throw SUSPENSION;
    }
    if (!sameAccess(access, expected)) this.#differs(accessText(expected), accessText(access));
    this.#next = i + 1;
    return results[i]!;
  }

  #refuse(): never {
    this.#refused += 1;
    if (this.#refused < MAX_REFUSED) throw SUSPENSION;
    const [thread, refused] = [this.#thread, this.#refused];
    return raise(new InterleaveError({ code: "suspension-swallowed", thread, refused }));
  }

  #differs(expected: string, got: string): never {
    const [thread, step] = [this.#thread, this.#next];
    return raise(new InterleaveError({ code: "nondeterministic", thread, step, expected, got }));
  }
}

/** Lets invariants and the like look at memory as it is. */
export class Observer extends BufferedHost {
  readonly #memory: Memory;
  /** Who wants to know where it looks. */
  futures: Futures | undefined;

  constructor(buffers: RunBuffers, memory: Memory) {
    super(buffers);
    this.#memory = memory;
  }

  override perform(access: Access): Word {
    if (access.kind !== Kind.load) {
      raise(new InterleaveError({ code: "observer-writes", access: accessText(access) }));
    }
    this.futures?.observe(access);
    return this.#memory.result(access);
  }
}
