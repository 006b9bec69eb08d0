/**
 * The numbers of address spaces that agents of one log have: for each agent a bit a number, and for each number whose it is.
 *
 * PT-42, its second half: a number that anybody has is nobody else's. Bits are set under the log's lock, an agent's by itself; those of
 * one that died are cleared behind a request to flush everything, see `Shootdown.detach`.
 *
 * Its third: of one root there is one number, in all agents. A cache that knew a table under two would forget it under one of them. The
 * word of a number is the frame of its root + 1, and counts while any agent has the number; 0 until the root is made.
 *
 * By agent, and not one bit in all, because an address space that several agents have open needs its number until the last of them is
 * done with it, and because who dies gives no number back.
 *
 * @module
 */

import { ASID_END } from "./translation-cache.js";

/** Words of an agent. */
const ASID_WORDS = ASID_END / 32;

/** Words of all agents together. */
export function asidWords(agents: number): number {
  return ASID_END + agents * ASID_WORDS;
}

/** Whether it is a number that an address space may have: 0 is left to who has none. */
export function isAsid(asid: number): boolean {
  return Number.isInteger(asid) && asid >= 1 && asid < ASID_END;
}

/** Frames of tables that have 2^32 - 1 of them in between are none that a program has. */
const wordOf = (root: number): number => (root + 1) | 0;

/** One agent's bits among those of all. */
export class Asids {
  private readonly words: Int32Array;
  private readonly roots: number;
  private readonly start: number;
  private readonly agents: number;
  private readonly own: number;
  /** How often this agent has a number. */
  private readonly held: Map<number, number> = new Map<number, number>();

  /** @param start - The first word */
  constructor(words: Int32Array, start: number, agents: number, agent: number) {
    this.words = words;
    this.roots = start;
    this.start = start + ASID_END;
    this.agents = agents;
    this.own = this.start + agent * ASID_WORDS;
  }

  /** A word of all agents' bits, or-ed. */
  private taken(word: number): number {
    let bits = 0;
    for (let agent = 0; agent < this.agents; agent += 1) {
      bits |= Atomics.load(this.words, this.start + agent * ASID_WORDS + word);
    }
    return bits;
  }

  /** Whether any agent has it. */
  isTaken(asid: number): boolean {
    return ((this.taken(asid >>> 5) >>> (asid & 31)) & 1) !== 0;
  }

  /** The lowest that nobody has. @returns -1: there is none */
  free(): number {
    for (let word = 0; word < ASID_WORDS; word += 1) {
      const bits = this.taken(word) | (word === 0 ? 1 : 0);
      if (bits !== -1) return 32 * word + 31 - Math.clz32(~bits & -~bits);
    }
    return -1;
  }

  /** The number of the address space with this root. @returns -1: nobody has one */
  numberOf(root: number): number {
    const { words, roots } = this;
    for (let word = 0; word < ASID_WORDS; word += 1) {
      for (let bits = this.taken(word); bits !== 0; bits &= bits - 1) {
        const asid = 32 * word + 31 - Math.clz32(bits & -bits);
        if (Atomics.load(words, roots + asid) === wordOf(root)) return asid;
      }
    }
    return -1;
  }

  /** Of which root's address space a number is that this agent has, or will be: undefined while it is not made. */
  name(asid: number, root: number | undefined): void {
    Atomics.store(this.words, this.roots + asid, root === undefined ? 0 : wordOf(root));
  }

  /** This agent has it, once more. */
  hold(asid: number): void {
    const times = this.held.get(asid) ?? 0;
    this.held.set(asid, times + 1);
    if (times === 0) Atomics.or(this.words, this.own + (asid >>> 5), 1 << (asid & 31));
  }

  /** This agent has it once less. */
  release(asid: number): void {
    const times = this.held.get(asid) ?? 0;
    if (times > 1) this.held.set(asid, times - 1);
    if (times !== 1) return; // 0: it has left the log meanwhile
    this.held.delete(asid);
    Atomics.and(this.words, this.own + (asid >>> 5), ~(1 << (asid & 31)));
  }

  /** Another agent, or this one, has none any more. */
  clear(agent: number): void {
    const first = this.start + agent * ASID_WORDS;
    if (first === this.own) this.held.clear();
    for (let word = first; word < first + ASID_WORDS; word += 1) Atomics.store(this.words, word, 0);
  }
}
