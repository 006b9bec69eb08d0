/**
 * Which operations had ended when others began: all that linearizability wants to know of a schedule besides results.
 *
 * An operation lasts from its first access to its last, the shortest time that a real execution could show. One without accesses
 * happens with the last access before it.
 *
 * @module
 */

/** By thread, how many of its operations had ended. */
export type Ended = readonly number[];

interface Begun {
  readonly before: number;
  readonly operation: number;
  readonly ended: Ended;
}

/** Histories of single threads, numbered: equal numbers, equal histories. 0 is the empty one. */
export class Histories {
  readonly #all: (Begun | undefined)[] = [undefined];
  readonly #numbers = new Map<string, number>();

  /** The history `before`, and then `operation` begins. */
  begin(before: number, operation: number, ended: Ended): number {
    const key = `${before} ${operation} ${ended.join()}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#all.length;
      this.#all.push({ before, operation, ended });
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** By operation, what had ended when it began; undefined for one without accesses. */
  read(history: number, operations: number): readonly (Ended | undefined)[] {
    const begun: (Ended | undefined)[] = new Array(operations).fill(undefined);
    for (let at = this.#all[history]; at !== undefined; at = this.#all[at.before]) {
      begun[at.operation] = at.ended;
    }
    return begun;
  }
}
