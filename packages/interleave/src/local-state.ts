/**
 * Where a thread stands: what it has done and been told so far, and what it wants to do next.
 *
 * A thread is a function of the results of its accesses, so its states form a tree: from each, one branch for every result that its
 * next access has ever had. The tree is grown by running the thread again with the results that lead to a new branch, and a
 * branch once grown is never run again. What is left to do at a step is a look into the tree.
 *
 * @module
 */

import type { Access, Word } from "./access.js";
import type { Outcome } from "./scenario.js";

/** What running a thread up to its next access has shown. */
export interface Progress {
  /** The next access; none if the thread is done. */
  readonly access: Access | undefined;
  /** The operation that wants it. */
  readonly operation: number;
  /** Of the operations completed before. */
  readonly outcomes: readonly Outcome[];
}

export class LocalState implements Progress {
  /** Tells this state from all others of the same thread. */
  readonly id: number;
  readonly access: Access | undefined;
  readonly operation: number;
  readonly outcomes: readonly Outcome[];
  /** Whether `access` is the first one of its operation. */
  readonly begins: boolean;
  /** Accesses on the way here. */
  readonly depth: number;
  readonly parent: LocalState | undefined;
  /** What the parent's access gave. */
  readonly result: Word;
  /** The branch found first; most accesses have one result only. */
  #child: LocalState | undefined;
  #others: Map<Word, LocalState> | undefined;
  #key: Word = 0;

  constructor(id: number, progress: Progress, parent: LocalState | undefined, result: Word) {
    this.id = id;
    this.access = progress.access;
    this.operation = progress.operation;
    this.outcomes = progress.outcomes;
    this.parent = parent;
    this.result = result;
    this.begins = parent === undefined || parent.operation !== progress.operation;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** The state after `result`, if it has been grown. */
  after(result: Word): LocalState | undefined {
    // Object.is: a thread can tell -0 from 0 in a float, and NaN is one value.
    if (this.#child !== undefined && Object.is(this.#key, result)) return this.#child;
    return this.#others?.get(keyOf(result));
  }

  /** Grows the branch for `result`. */
  grow(result: Word, child: LocalState): void {
    if (this.#child === undefined) {
      this.#child = child;
      this.#key = result;
    } else {
      this.#others ??= new Map();
      this.#others.set(keyOf(result), child);
    }
  }
}

/** A Map takes -0 for 0. No access gives this bigint: elements have 64 bits. */
const MINUS_ZERO = -(2n ** 64n);
const keyOf = (result: Word): Word => (Object.is(result, -0) ? MINUS_ZERO : result);
