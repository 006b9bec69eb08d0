/**
 * A thread that goes on where its log ends, as if nobody else took a step: the branch of its tree that is grown first, at one go.
 *
 * What it is told is what memory holds, so that this is how a schedule could go on in which it is alone from here; where others
 * come between, the states on the way are there all the same, and another branch leaves from one of them. A thread of n accesses is
 * run as often as it can be told something else, and not n times.
 *
 * @module
 */

import { type Access, Kind, type Word } from "./access.js";
import type { Memory, Saved } from "./memory.js";

/** An access that was done ahead, and where the thread was when it wanted it. */
export interface Ahead {
  readonly access: Access;
  readonly result: Word;
  readonly operation: number;
}

interface Undo {
  readonly access: Access;
  readonly saved: Saved;
}

export class RunAhead {
  readonly #memory: Memory;
  readonly #most: number;
  readonly #undo: Undo[] = [];
  readonly steps: Ahead[] = [];
  /** The operation that the thread is in. */
  operation = 0;

  /** @param most - accesses that it may do */
  constructor(memory: Memory, most: number) {
    this.#memory = memory;
    this.#most = most;
  }

  /** Whether the access is done at once: not one that may have to wait, or that wakes others. */
  takes({ kind }: Access): boolean {
    return kind < Kind.wait && this.steps.length < this.#most;
  }

  perform(access: Access): Word {
    const memory = this.#memory;
    const result = memory.result(access);
    if (memory.writes(access)) {
      const saved = { low: 0, high: 0 };
      memory.save(access, saved);
      memory.write(access, result);
      this.#undo.push({ access, saved });
    }
    this.steps.push({ access, result, operation: this.operation });
    return result;
  }

  /** Leaves memory as it was. */
  undo(): void {
    for (const { access, saved } of this.#undo.reverse()) this.#memory.restore(access, saved);
    this.#undo.length = 0;
  }
}
