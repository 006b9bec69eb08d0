/**
 * The slots of a region that several threads share: one word for each, in a SharedArrayBuffer.
 *
 * A word says whose the slot is: nobody's, one thread's, or nobody's ever again. It is the only thing that decides; the
 * count of free slots is for strategies and for the eye, and counted anew when a thread has died. There is no lock, so a
 * thread that dies anywhere leaves none behind.
 *
 * Invariant MR-25: a word goes from free to a thread by one compare-and-swap, and back by a store of that thread when
 * everything else is done (MR-3). Only the thread that took a slot drops it, for only that thread can end its views.
 * Invariant MR-26: what a dead thread has left is given to another tenant only if nobody was ever shown a byte of it. A view may
 * have been transferred to a third thread, where nothing ends it: such a slot becomes zeros and stays accessible (MR-11).
 *
 * @module
 */

import { type AllocStrategy, linear } from "./alloc-strategy.js";
import { badArgument, requireMethod } from "./argument.js";
import { notShareable } from "./driver/map-budget.js";
import { LeakWatch } from "./leak-watch.js";
import { RegionError, wholeNumber } from "./region-error.js";
import type { SlotLedger } from "./slot-pool.js";

/** Words in front of those of the slots. */
const CLOSED = 0;
/** Whether the address space has been given back. */
const RELEASED = 1;
/** The number of the thread that joined last. */
const AGENTS = 2;
const FREE = 3;
/** The slot that was dropped last: where a linear strategy looks first. */
const LAST = 4;
const HEADER = 8;

/** A slot's word: free, in quarantine, or the number of a thread, with a bit once anybody was shown anything. */
const NOBODY = 0;
const NEVER_AGAIN = -1;
const SHOWN = 1 << 30;
const AGENT = SHOWN - 1;

/** More than a process can have in use at once: each takes at least two mappings of 65,530. Keeps the words below 64 MiB. */
const MOST_SLOTS = 2 ** 24 - HEADER;

/** See the head of this module. Each thread has one over the same words. */
export class SharedSlots<Leftover> implements SlotLedger<Leftover> {
  readonly capacity: number;
  readonly leaks: LeakWatch = new LeakWatch();
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #agent: number;

  private constructor(words: SharedArrayBuffer, agent: number) {
    this.#words = new Int32Array(words);
    this.#agent = agent;
    this.capacity = this.#words.length - HEADER;
  }

  /** @throws {@link RegionError} `invalid-argument`, `limits-exceeded`, `unsupported` */
  static create<L>(capacity: number): SharedSlots<L> {
    if (wholeNumber("capacity", capacity) > MOST_SLOTS) {
      const what = "slots of a shared region";
      throw new RegionError({ code: "limits-exceeded", what, asked: capacity, limit: MOST_SLOTS });
    }
    if (typeof SharedArrayBuffer === "undefined") throw notShareable();
    const words = new SharedArrayBuffer((HEADER + capacity) * Int32Array.BYTES_PER_ELEMENT);
    const slots = new SharedSlots<L>(words, 1);
    Atomics.store(slots.#words, AGENTS, 1);
    Atomics.store(slots.#words, FREE, capacity);
    Atomics.store(slots.#words, LAST, Math.max(0, capacity - 1));
    return slots;
  }

  /** @throws {@link RegionError} `invalid-argument` */
  static join<L>(words: SharedArrayBuffer, agent: number): SharedSlots<L> {
    if (words.byteLength < HEADER * Int32Array.BYTES_PER_ELEMENT || words.byteLength % 4 !== 0) {
      throw badArgument("handle.words", words, "must be what MmapRegion.share returned");
    }
    const slots = new SharedSlots<L>(words, agent);
    if (wholeNumber("handle.agent", agent, Atomics.load(slots.#words, AGENTS)) > 1) return slots;
    throw badArgument("handle.agent", agent, "must be a number that MmapRegion.share gave out");
  }

  /** What another thread joins by. */
  get words(): SharedArrayBuffer {
    return this.#words.buffer;
  }

  /** The number for one more thread. */
  nextAgent(): number {
    return Atomics.add(this.#words, AGENTS, 1) + 1;
  }

  get free(): number {
    return Math.max(0, Atomics.load(this.#words, FREE));
  }

  get quarantined(): readonly number[] {
    return this.#numbers((word) => word === NEVER_AGAIN);
  }

  get live(): number {
    return this.#numbers((word) => word > NOBODY).length;
  }

  get closed(): boolean {
    return Atomics.load(this.#words, CLOSED) !== 0;
  }

  /** The slot is taken from here on: what `take` does to a {@link SlotPool}. Its position is its number. */
  choose(strategy: AllocStrategy): number {
    this.#requireOpen();
    this.leaks.warn();
    const { capacity } = this;
    const free = this.free || this.#count(); // the count may lag behind where threads have died
    requireMethod("allocStrategy", strategy, "next");
    const position = strategy.next(free, capacity);
    if (free === 0) throw new RegionError({ code: "region-full", capacity });
    wholeNumber("allocation strategy's position", position, free - 1);
    const from = strategy === linear ? Atomics.load(this.#words, LAST) : position;
    for (let n = 0; n < capacity; n++) {
      const number = (from + n) % capacity;
      if (!this.#claim(number, NOBODY)) continue;
      Atomics.sub(this.#words, FREE, 1);
      if (!this.closed) return number;
      this.abandon(number);
      break;
    }
    this.#requireOpen();
    throw new RegionError({ code: "region-full", capacity });
  }

  /** Nothing is left warm: another thread could not know what. */
  find(): number {
    return -1;
  }

  numberAt(position: number): number {
    return position;
  }

  take(): void {
    // `choose` did.
  }

  abandon(number: number): void {
    this.putLast(number);
  }

  leftoverOf(): undefined {
    return undefined;
  }

  forgetLeftover(): void {
    // There is none.
  }

  shown(number: number): void {
    Atomics.or(this.#words, HEADER + number, SHOWN);
  }

  putLast(number: number): void {
    Atomics.store(this.#words, LAST, number);
    Atomics.add(this.#words, FREE, 1);
    Atomics.store(this.#words, HEADER + number, NOBODY);
  }

  quarantine(number: number): void {
    Atomics.store(this.#words, HEADER + number, NEVER_AGAIN);
  }

  close(): void {
    if (Atomics.exchange(this.#words, CLOSED, 1) !== 0) {
      throw new RegionError({ code: "region-closed" });
    }
  }

  /** Whether the caller is the one to give the address space back: true once, in one thread. */
  release(): boolean {
    return Atomics.compareExchange(this.#words, RELEASED, 0, 1) === 0;
  }

  /**
   * Takes over the slots of a thread that has died, one after the other: each is this thread's while `use` has it, which then
   * puts it back or away.
   *
   * @throws {@link RegionError} `invalid-argument` for this thread itself, or one that never was
   */
  reclaim(agent: number, use: (number: number, shown: boolean) => void): void {
    wholeNumber("agent", agent, Atomics.load(this.#words, AGENTS));
    if (agent === 0 || agent === this.#agent) {
      const reason = "must be the number of another thread";
      throw new RegionError({ code: "invalid-argument", argument: "agent", value: agent, reason });
    }
    for (const number of this.#numbers((word) => word > NOBODY && (word & AGENT) === agent)) {
      const word = Atomics.load(this.#words, HEADER + number);
      if ((word & AGENT) !== agent || !this.#claim(number, word)) continue; // another thread was faster
      const shown = (word & SHOWN) !== 0;
      if (shown) this.shown(number);
      use(number, shown);
    }
    Atomics.store(this.#words, FREE, this.#count());
  }

  #count(): number {
    return this.#numbers((word) => word === NOBODY).length;
  }

  #claim(number: number, from: number): boolean {
    return Atomics.compareExchange(this.#words, HEADER + number, from, this.#agent) === from;
  }

  #requireOpen(): void {
    if (this.closed) throw new RegionError({ code: "region-closed" });
  }

  #numbers(wanted: (word: number) => boolean): number[] {
    const numbers: number[] = [];
    for (let n = 0; n < this.capacity; n++) {
      if (wanted(Atomics.load(this.#words, HEADER + n))) numbers.push(n);
    }
    return numbers;
  }
}
