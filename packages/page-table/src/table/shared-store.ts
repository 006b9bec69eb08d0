/**
 * Nodes that several agents work on: every change is one that who reads without a lock can tell from a change half-done.
 *
 *     the entry was      becomes          by
 *     nothing            a valid one      upper word, then lower word: until then it is nothing
 *     any                upper word as before    lower word
 *     any                anything else    version odd; lower word 0, upper word, lower word; version even
 *
 * PT-56: who reads an entry without the lock has read version, lower word, upper word, and both others again, each time the same and
 * the version even; otherwise it reads again. So it never sees two halves of different entries, and an entry that changes is never seen
 * as nothing, unless it was. The lower word is asked for again because one whose upper word is 0 comes and goes without a version.
 * PT-59: a processor may set bits of a leaf's lower word at any time, the lock or no (accessed, dirty). So who changes a leaf exchanges
 * its lower word for another if it is what the change was made from, and else makes the change anew: no bit is lost, and what a
 * cursor says that it has removed or replaced was so at the last.
 * PT-57: an entry of a node that goes is cleared before what it holds is let go: an agent that dies between has let nothing go twice.
 *
 * @module
 */

import { MemkitError, PAGE_SIZE } from "@memkit/core";
import type { Frame } from "@memkit/frame-meta";
import { Segment } from "@memkit/frame-meta/segment";
import type { PageTableConfig } from "../format/config.js";
import { TABLE } from "./entry-coder.js";
import { Limbo } from "./limbo.js";
import type { Locks } from "./locks.js";
import { CHILDREN, LOCK_WORD, type NodeMemory, VERSION_WORD } from "./node-memory.js";
import { NodeStore, type PageTablePageMeta } from "./node-store.js";
import { type Lost, releaseFailed } from "./release-failed.js";

/** Whether there is no frame for a node, or not one that an entry can name. */
export function lacksMemory(error: unknown): boolean {
  return error instanceof MemkitError && /^(no|unsupported)-memory$/.test(error.code);
}

export class SharedNodeStore extends NodeStore {
  /** Stray nodes of this agent. */
  readonly limbo: Limbo;
  /** Whether the tables that go are ones that nobody else can have: their root's last handle has gone. */
  private alone = false;

  constructor(memory: NodeMemory, config: PageTableConfig, type: PageTablePageMeta, locks: Locks) {
    super(memory, config, type, locks);
    this.limbo = new Limbo(memory.frames);
    this.references.segments = Segment; // others map them, too
  }

  override read(words: Int32Array, at: number, meta: number): boolean {
    const { slots } = this.frames;
    for (;;) {
      const version = slots.load(meta + VERSION_WORD);
      if ((version & 1) !== 0) {
        this.frames.park(meta + VERSION_WORD, version);
        return false;
      }
      this.lo = Atomics.load(words, at);
      this.hi = Atomics.load(words, at + 1);
      const whole = this.hi === 0 || Atomics.load(words, at) === this.lo;
      if (whole && slots.load(meta + VERSION_WORD) === version) return true;
    }
  }

  override put(words: Int32Array, at: number, meta: number, lo: number, hi: number): void {
    const oldHi = words[at + 1]!;
    if (oldHi === hi) {
      Atomics.store(words, at, lo);
      return;
    }
    if ((words[at]! | oldHi) === 0 && (lo & this.coder.valid) !== 0) {
      Atomics.store(words, at + 1, hi);
      Atomics.store(words, at, lo);
      return;
    }
    const { slots } = this.frames;
    const version = slots.words[meta + VERSION_WORD]!;
    slots.store(meta + VERSION_WORD, (version + 1) | 0);
    Atomics.store(words, at, 0);
    Atomics.store(words, at + 1, hi);
    Atomics.store(words, at, lo);
    slots.store(meta + VERSION_WORD, (version + 2) | 0);
  }

  override swap(
    words: Int32Array,
    at: number,
    meta: number,
    seen: number,
    lo: number,
    hi: number,
  ): boolean {
    if (words[at + 1] === hi) {
      this.lo = Atomics.compareExchange(words, at, seen, lo);
      return this.lo === seen;
    }
    const { slots } = this.frames;
    const version = slots.words[meta + VERSION_WORD]!;
    slots.store(meta + VERSION_WORD, (version + 1) | 0);
    this.lo = Atomics.compareExchange(words, at, seen, 0);
    const same = this.lo === seen;
    if (same) {
      Atomics.store(words, at + 1, hi);
      Atomics.store(words, at, lo);
    }
    slots.store(meta + VERSION_WORD, (version + 2) | 0);
    return same;
  }

  override putRun(
    words: Int32Array,
    at: number,
    stop: number,
    meta: number,
    lo: number,
    hi: number,
    step: number,
  ): void {
    for (let i = at, next = lo; i < stop; i += 2) {
      this.put(words, i, meta, next, hi);
      next = (next + step) | 0;
    }
  }

  protected override blank(words: Int32Array, at: number, meta: number): void {
    this.put(words, at, meta, 0, 0);
  }

  override setMeta(meta: number, word: number): void {
    this.frames.slots.store(meta, word);
  }

  override alloc(level: number, zeroed = true, stray = false): number {
    const pfn = this.tryAlloc(level, zeroed, stray);
    const { slots } = this.frames;
    // Who has waited for a change in the node that was here before may be looking still.
    slots.store(slots.wordOf(slots.geometry.slotOf(pfn), VERSION_WORD), 0);
    return pfn;
  }

  private tryAlloc(level: number, zeroed: boolean, stray: boolean): number {
    try {
      return super.alloc(level, zeroed, stray);
    } catch (error) {
      if (!lacksMemory(error) || this.limbo.size === 0 || this.collect() > 0) throw error;
      return super.alloc(level, zeroed, stray);
    }
  }

  protected override claim(pfn: number): void {
    const { slots } = this.frames;
    // Those of a table that is there still are locked.
    if (this.alone)
      slots.store(slots.wordOf(slots.geometry.slotOf(pfn), LOCK_WORD), this.locks.mark);
  }

  override dropTree(pfn: number, level: number, errors: Lost[]): number {
    if (this.alone) {
      const pages = this.dropEntries(pfn, level, errors);
      this.free(pfn);
      return pages;
    }
    this.strand(pfn, level);
    const pages = this.dropEntries(pfn, level, errors);
    this.limbo.add(pfn);
    return pages;
  }

  protected override strand(pfn: number, level: number): void {
    super.strand(pfn, level);
    this.locks.lose(pfn);
  }

  override strandTree(pfn: number, level: number): void {
    this.strand(pfn, level);
    if (level === 1) return;
    const { memory, coder } = this;
    memory.locate(pfn, level);
    const { words, base, meta, slotWords } = memory;
    let left = slotWords[meta]! & CHILDREN;
    for (let i = this.firstEntry(level); left > 0 && i < this.endEntry(level); i += 1) {
      const lo = words[base + 2 * i]!;
      const hi = words[base + 2 * i + 1]!;
      if ((lo | hi) !== 0) left -= 1;
      if (coder.kind(lo, hi, level) === TABLE) this.strandTree(coder.childOf(lo, hi), level - 1);
    }
  }

  override dropStray(node: Frame, level: number): void {
    const errors: Lost[] = [];
    const pfn = node.paddr / PAGE_SIZE;
    this.references.take(node);
    this.dropTree(pfn, level, errors);
    this.collect();
    if (errors.length > 0) throw releaseFailed(errors);
  }

  override endNode(pfn: number, level: number, errors: Lost[]): void {
    this.alone = true;
    try {
      this.dropEntries(pfn, level, errors);
    } finally {
      this.alone = false;
    }
  }

  override free(pfn: number): void {
    this.references.giveFrame(pfn).drop();
  }

  override collect(): number {
    for (const pfn of this.limbo.take()) this.free(pfn);
    return this.limbo.size;
  }
}
