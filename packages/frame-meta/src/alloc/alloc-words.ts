/**
 * The words of an allocator that agents touch without its lock, and the lock: of one agent, or of many.
 *
 * @module
 */

import type { TableAgent } from "../agent/agent.js";
import { park } from "../slot/park.js";

/** Nobody has the lock. An agent that has it puts its number + 1 there. */
const UNLOCKED = 0;

/** Words of one agent: plain loads and stores. */
export class AllocWords {
  readonly words: Int32Array;
  private readonly agent: TableAgent | undefined;

  /** @param agent - who waits, where a reaper may have to know */
  constructor(words: Int32Array, agent?: TableAgent) {
    this.words = words;
    this.agent = agent;
  }

  load(index: number): number {
    return this.words[index]!;
  }

  store(index: number, value: number): void {
    this.words[index] = value;
  }

  /** Replaces `from` by `to`, and returns what was there. */
  swap(index: number, from: number, to: number): number {
    const found = this.words[index]!;
    if (found === from) this.words[index] = to;
    return found;
  }

  /** Puts 0 there, and returns what was there. */
  empty(index: number): number {
    const found = this.words[index]!;
    this.words[index] = 0;
    return found;
  }

  /** Sets bits, and returns what was there. */
  or(index: number, bits: number): number {
    const found = this.words[index]!;
    this.words[index] = found | bits;
    return found;
  }

  /** Keeps bits, and returns what was there. */
  and(index: number, bits: number): number {
    const found = this.words[index]!;
    this.words[index] = found & bits;
    return found;
  }

  /** Takes the lock, when it is free. Who waits is not pinned: its holder may have to be reaped. */
  lock(index: number, holder: number): void {
    for (;;) {
      const found = this.swap(index, UNLOCKED, holder);
      if (found === UNLOCKED) return;
      if (this.agent === undefined) park(this.words, index, found);
      else this.agent.park(index, found, this.words);
    }
  }

  unlock(index: number): void {
    this.store(index, UNLOCKED);
  }
}

/** Words of many agents: `Atomics`. What was written under the lock is seen by who takes it next. */
export class SharedAllocWords extends AllocWords {
  override load(index: number): number {
    return Atomics.load(this.words, index);
  }

  override store(index: number, value: number): void {
    Atomics.store(this.words, index, value);
  }

  override swap(index: number, from: number, to: number): number {
    return Atomics.compareExchange(this.words, index, from, to);
  }

  override empty(index: number): number {
    return Atomics.exchange(this.words, index, 0);
  }

  override or(index: number, bits: number): number {
    return Atomics.or(this.words, index, bits);
  }

  override and(index: number, bits: number): number {
    return Atomics.and(this.words, index, bits);
  }
}
