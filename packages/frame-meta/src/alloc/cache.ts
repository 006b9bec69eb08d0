/**
 * The frames that one agent keeps at hand: it takes and gives one without the lock.
 *
 *     state | freed | frame  frame  frame  0  0  0  0  0
 *                                          ^ top
 *
 * The agent alone puts frames in, at the top, and takes them from there; whoever has the lock may empty a place at any time,
 * which is why taking is one exchange. So a frame is taken by exactly one of them.
 *
 * @module
 */

import type { AllocWords } from "./alloc-words.js";
import { RecordWord } from "./layout.js";

export class FrameCache {
  /** Frames that there is room for. */
  readonly room: number;
  private readonly words: AllocWords;
  private readonly freed: number;
  private readonly first: number;
  /** Places below may hold a frame, places from here on do not. */
  private top = 0;
  /** What the record's word `freed` is: only this agent writes it. */
  private count: number;

  constructor(words: AllocWords, record: number, room: number) {
    this.words = words;
    this.freed = record + RecordWord.freed;
    this.first = record + RecordWord.cache;
    this.count = words.load(this.freed);
    this.room = room;
  }

  get isFull(): boolean {
    return this.top === this.room;
  }

  /** Puts a frame in; there must be room. */
  put(leaf: number): void {
    this.words.store(this.first + this.top, leaf + 1);
    this.top += 1;
  }

  /** Says that frames have come in that others may have looked for: see `Depot`. */
  tell(): void {
    this.count = (this.count + 1) | 0;
    this.words.store(this.freed, this.count);
  }

  /** Takes out the frame that was put in last, or -1. */
  take(): number {
    while (this.top > 0) {
      this.top -= 1;
      const found = this.words.empty(this.first + this.top);
      if (found !== 0) return found - 1;
    }
    return -1;
  }

  /** The frame in a place, counted from the top, or -1 where there is none any more. Caller has the lock. */
  peek(place: number): number {
    return this.words.load(this.first + this.top - 1 - place) - 1;
  }

  /**
   * Empties so many places from the top, which must be there. Caller has the lock, and so has everybody else who looks at them: the
   * stores need not be atomic.
   */
  cut(places: number): void {
    const { words } = this.words;
    for (let n = 0; n < places; n += 1) {
      this.top -= 1;
      words[this.first + this.top] = 0;
    }
  }
}
