/**
 * What each thread may still do, and so which steps concern nobody else any more.
 *
 * A step is private where no other thread, from where it stands, ever touches the same bytes, but both to read them. It commutes with all that the
 * others will do, so that a search may take it at once and leave out the states in which it is still to come: a persistent set of one
 * thread. A write that an invariant would see is none, for the states before and after it have verdicts of their own; nor is the first
 * step of an operation where there is a model, which would let it begin too early. An end that comes early asks more of the order.
 *
 * What a thread will do is what its tree of states says below the one where it stands, as far as that has been grown. A search that
 * has made the tree grow, or an invariant look elsewhere, has believed too little, and is done again. One that has not, is right:
 * were there a state, without loss the last such one on its way, from which others come to touch what a step took for private, then the
 * search from behind that step, which leaves out nothing, has seen a thread in front of that access; so it is in the tree.
 *
 * IL-5: a reduction changes no verdict. For each state of each schedule the one is visited in which all private steps have been
 * taken: its memory differs only where no invariant looks, even there.
 *
 * @see Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996, chapter 4 (persistent sets)
 * @module
 */

import { type Access, Kind } from "./access.js";
import { ELEMENTS } from "./element.js";
import type { LocalState } from "./local-state.js";

/** Two bits for each cell of four bytes. */
const READS = 1;
const TOUCHES = 3;
const CELLS_PER_WORD = 16;

/** What the next access of a state is about. */
interface Want {
  readonly cells: readonly number[];
  readonly writes: boolean;
  /** Whether it can be private at all: it never waits, and nobody waits for it. */
  readonly plain: boolean;
}

const NOTHING: Want = { cells: [], writes: false, plain: false };

export class Futures {
  /** How much is known. */
  size = 0;
  /** By buffer, the numbers of its cells. */
  readonly #numbers: Map<number, number>[] = [];
  #cellsKnown = 0;
  /** By the state's number: what is next, and what may come from there on. */
  readonly #wants: Want[] = [];
  readonly #bits: Uint32Array[] = [];
  /** Cells that an invariant has looked at. */
  readonly #observed = new Set<number>();

  /** Takes a new state of a thread, whose parent it has. */
  add(state: LocalState): void {
    const want = state.access === undefined ? NOTHING : this.#wantOf(state.access);
    this.#wants[state.id] = want;
    const mode = want.writes ? TOUCHES : READS;
    for (const cell of want.cells) this.#tell(state, cell, mode);
    for (const { buffer, byteOffset, element } of state.access?.watched ?? []) {
      for (const cell of this.#cells(buffer, byteOffset, ELEMENTS[element]!.size)) {
        this.#tell(state, cell, READS);
      }
    }
  }

  /** An invariant looks there. */
  observe({ buffer, byteOffset, size }: Access): void {
    for (const cell of this.#cells(buffer, byteOffset, size)) {
      if (this.#observed.has(cell)) continue;
      this.#observed.add(cell);
      this.size += 1;
    }
  }

  /** Whether the next step of `thread` concerns no other of the threads that stand there. */
  isPrivate(at: readonly LocalState[], thread: number): boolean {
    const { cells, writes, plain } = this.#wants[at[thread]!.id]!;
    if (!plain) return false;
    const mode = writes ? TOUCHES : TOUCHES & ~READS;
    for (const cell of cells) {
      if (writes && this.#observed.has(cell)) return false;
      for (let other = 0; other < at.length; other += 1) {
        if (other !== thread && (this.#of(at[other]!, cell) & mode) !== 0) return false;
      }
    }
    return true;
  }

  #wantOf({ kind, buffer, byteOffset, size }: Access): Want {
    const cells = this.#cells(buffer, byteOffset, size);
    return { cells, writes: kind !== Kind.load && kind !== Kind.park, plain: kind < Kind.wait };
  }

  #cells(buffer: number, byteOffset: number, size: number): number[] {
    const cells: number[] = [];
    this.#numbers[buffer] ??= new Map();
    const numbers = this.#numbers[buffer];
    for (let cell = byteOffset >>> 2; cell * 4 < byteOffset + size; cell += 1) {
      let number = numbers.get(cell);
      if (number === undefined) {
        number = this.#cellsKnown;
        this.#cellsKnown += 1;
        numbers.set(cell, number);
      }
      cells.push(number);
    }
    return cells;
  }

  #of({ id }: LocalState, cell: number): number {
    const word = this.#bits[id]?.[(cell / CELLS_PER_WORD) | 0] ?? 0;
    return (word >>> (2 * (cell % CELLS_PER_WORD))) & TOUCHES;
  }

  /** All states on the way have in their future what this one has. */
  #tell(from: LocalState, cell: number, mode: number): void {
    const word = (cell / CELLS_PER_WORD) | 0;
    const bits = mode << (2 * (cell % CELLS_PER_WORD));
    for (let state: LocalState | undefined = from; state !== undefined; state = state.parent) {
      let has = this.#bits[state.id];
      if (has === undefined || has.length <= word) {
        const more = new Uint32Array(Math.max(word + 1, 2 * (has?.length ?? 0)));
        if (has !== undefined) more.set(has);
        this.#bits[state.id] = more;
        has = more;
      }
      if ((has[word]! & bits) >>> 0 === bits >>> 0) return;
      has[word]! |= bits;
      this.size += 1;
    }
  }
}
