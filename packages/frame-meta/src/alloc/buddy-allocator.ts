/**
 * A buddy allocator: runs of frames from trees that all agents share, single frames from a cache of each agent's own.
 *
 *                    refill, spill                    alloc
 *        trees  <------------------->  caches  ------------------>  hand  --- claim --->  in use
 *          ^  \      under the lock       ^   <------------------    |  ^                  |
 *          |   \                          |           add            |  |                  |
 *          |    +-------------------------|------- alloc, takeAt ----+  +-- (slot BUSY) ---+
 *          +------------------------------+------------- add -----------------
 *
 * FM-23: a frame is in one place: in one tree, in one cache, or taken. `taken` is a bit of each frame. Who takes a frame out
 * of a tree (under the lock) or a cache (by one exchange) sets it; `add` clears it, by one step that only one of two can have
 * made, before it puts the frame in. So a frame that is freed twice is found out, and one that was not taken is not put in.
 *
 * FM-26: a frame that is torn down is in the free set before its slot is UNUSED. The other order would let an agent claim the
 * frame by its address before it is in the free set; it would then be in use and free. FM-38: as long as its slot is BUSY it is
 * in the cache of the agent that frees it, and stays there: others leave it alone, and the agent itself does nothing else
 * before the slot is UNUSED. So what an agent that died had in its cache tells how far it was, and nobody else has the frame.
 * An agent with a number in the table but no cache keeps the lock instead, until the slot is UNUSED. One that has neither puts
 * the frame into a tree, where another may take it while its slot is BUSY, and waits for that in `claimTaken`.
 *
 * Who could break them: code that claims slots without the allocator (`SlotTable.tryClaim` of a frame that is not taken).
 *
 * @see OSTD `osdk/deps/frame-allocator`, per-CPU caches over buddy pools
 * @module
 */

import { objectOf, refuseOption } from "../argument.js";
import type { Segment } from "../frame/segment.js";
import type { FrameTable } from "../frame/table.js";
import { REF_COUNT_BUSY, REF_COUNT_UNUSED, Refusal, refusalOf } from "../ref-count.js";
import { refuseFrame } from "../slot/refuse.js";
import type { SlotTable } from "../slot/slot-table.js";
import { FrameError } from "./alloc-error.js";
import { type AllocStats, statsOf } from "./alloc-stats.js";
import type { AllocWords } from "./alloc-words.js";
import { WORD_FRAMES, WORD_ORDER } from "./bits.js";
import { FrameCache } from "./cache.js";
import type { Depot } from "./depot.js";
import type { ExhaustedRequest, FrameAllocator, Placement } from "./frame-allocator.js";
import { type AllocParts, AllocWord, RecordWord } from "./layout.js";
import { ANYWHERE, limitOf, orderOf } from "./placement.js";

/** What one agent adds to an allocator. */
export interface BuddyHooks {
  /**
   * Called where a run cannot be had, outside of any lock. It may drop frames; `true` asks for another attempt, and another call
   * if that fails too.
   */
  readonly onExhausted?: (request: ExhaustedRequest) => boolean;
}

/** @internal */
export interface BuddyInit extends BuddyHooks {
  readonly table: FrameTable;
  readonly words: AllocWords;
  readonly parts: AllocParts;
  readonly depot: Depot;
  readonly agents: number;
  readonly room: number;
  readonly claimed: readonly Segment[];
}

/** A record's state: of an agent that has no number in the table, and of one that has, less its number. */
const NUMBERLESS = 1;
const NUMBERED = 2;

/** Made by `createBuddy`, or by `attachBuddy` in another agent. */
export class BuddyAllocator implements FrameAllocator {
  /** Which record is this agent's, to be told to whoever may have to `reap` it; -1 where there was none left, and no cache. */
  agent: number;
  /**
   * What the map of `createBuddy` says is not usable: a segment for each range and bank, in its order. Drop one to have its frames,
   * such as those that only booting needed. Empty in an agent that has attached.
   */
  readonly claimed: readonly Segment[];
  private readonly slots: SlotTable;
  private readonly words: AllocWords;
  private readonly depot: Depot;
  private readonly agents: number;
  private readonly taken: number;
  private readonly exhausted: BuddyHooks["onExhausted"];
  /** Its number in the table, -1 for none. */
  private readonly id: number;
  private cache: FrameCache;
  /** Whether `add` has kept the lock. */
  private keeps = false;

  /** @internal */
  constructor({ table, words, parts, depot, agents, room, claimed, onExhausted }: BuddyInit) {
    this.claimed = claimed;
    this.slots = table.slots;
    this.words = words;
    this.depot = depot;
    this.agents = agents;
    this.taken = parts.taken;
    this.exhausted = onExhausted;
    this.id = table.agent?.id ?? -1;
    this.agent = this.claimRecord();
    const record = this.agent < 0 ? 0 : depot.recordOf(this.agent);
    this.cache = new FrameCache(words, record, this.agent < 0 ? 0 : room);
  }

  /** The bytes of the allocator: hand them to another agent, which attaches. */
  get buffer(): ArrayBuffer | SharedArrayBuffer {
    return this.words.words.buffer as ArrayBuffer | SharedArrayBuffer;
  }

  /**
   * See {@link FrameAllocator.alloc}. One frame of any place comes from this agent's cache; everything else is the lowest run that
   * there is at a multiple of the next power of two, O(log frames).
   *
   * @throws {@link FrameError} `invalid-option` for a number of frames or a placement that cannot be; what `onExhausted` throws
   *
   * @example
   * ```ts
   * import { FrameTable } from "@memkit/frame-meta";
   * import { createBuddy } from "@memkit/frame-meta/alloc";
   *
   * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(64 * 4096) } });
   * const allocator = createBuddy(table);
   * allocator.alloc(3, { align: 0x8000, below: 0x20000 }); // => 0
   * allocator.alloc(16); // => 16
   * allocator.alloc(64); // => -1
   * allocator.add(16, 16);
   * allocator.stats().taken; // => 3
   * ```
   */
  alloc(frames = 1, placement: Placement = ANYWHERE): number {
    if (frames === 1 && placement === ANYWHERE) {
      const cache = this.cache;
      let leaf = cache.take();
      if (leaf < 0 && cache.room > 0) {
        this.depot.refill(this.holder, cache, (cache.room >>> 1) + 1);
        leaf = cache.take();
      }
      if (leaf >= 0) return this.handOut(leaf);
    }
    const order = orderOf(frames, objectOf("placement", placement));
    const limit = limitOf(placement);
    for (;;) {
      const leaf = this.depot.take(this.holder, frames, order, limit);
      if (leaf >= 0) return this.pfnOf(leaf);
      if (this.exhausted?.({ frames, ...placement }) !== true) return -1;
    }
  }

  /** See {@link FrameAllocator.takeAt}. @throws {@link FrameError} `out-of-bound`, `mmio`, `invalid-option` */
  takeAt(pfn: number): boolean {
    const leaf = this.leafOf(pfn);
    const bit = 1 << (leaf & (WORD_FRAMES - 1));
    const word = this.taken + (leaf >>> WORD_ORDER);
    if ((this.words.load(word) & bit) !== 0) return false;
    this.depot.lock(this.holder);
    const found = this.depot.takeAt(leaf);
    if (found) this.words.or(word, bit);
    this.depot.unlock();
    return found;
  }

  /**
   * See {@link FrameAllocator.add}. Of a run only the first and the last frame are looked at for somebody who has them in use: to
   * look at each would cost more than all else.
   *
   * @throws {@link FrameError} `not-taken`, `in-use`, `unique`, `overflow`, `out-of-bound`, `mmio`, `invalid-option`
   */
  add(pfn: number, frames = 1): void {
    const leaf = this.leafOf(pfn);
    if (frames !== 1) {
      this.addRun(pfn, leaf, frames);
      return;
    }
    this.refuseUsed(pfn);
    const cache = this.cache;
    if (cache.room === 0) {
      this.depot.lock(this.holder);
      try {
        this.untake(leaf, pfn);
        this.depot.put(leaf, 1);
        this.keeps = this.id >= 0 && this.depot.isEnding(leaf);
      } finally {
        if (!this.keeps) this.depot.unlock();
      }
      return;
    }
    if (cache.isFull) {
      this.expectTaken(leaf, pfn);
      // Before the frame is given back: who waits for the lock must not be in the middle of it.
      this.depot.spill(this.holder, cache, (cache.room + 1) >>> 1);
    }
    this.untake(leaf, pfn);
    cache.put(leaf);
    cache.tell(); // FM-25: after the frame is there
  }

  /** See `FreeSet.settle`. @internal */
  settle(): void {
    if (!this.keeps) return;
    this.keeps = false;
    this.depot.unlock();
  }

  /** What there is: exact while no agent works. */
  stats(): AllocStats {
    this.depot.lock(this.holder);
    const stats = statsOf(this.depot, this.slots.frames);
    this.depot.unlock();
    return stats;
  }

  /** Gives the frames of this agent's cache back, so that they can become part of larger blocks. */
  flush(): void {
    if (this.agent < 0) return;
    this.depot.lock(this.holder);
    this.depot.drain(this.agent);
    this.depot.unlock();
  }

  /** {@link BuddyAllocator.flush}, and leaves this agent's record to the next. Works on, without a cache. */
  close(): void {
    if (this.agent < 0) return;
    this.flush();
    const record = this.depot.recordOf(this.agent);
    this.agent = -1;
    this.cache = new FrameCache(this.words, record, 0);
    this.words.store(record + RecordWord.state, 0);
  }

  /**
   * Takes over what a terminated agent had here: its cache, and the lock if it died with it. What it had in its hands stays
   * taken: see {@link BuddyAllocator.rescan}. For agents without a number in the table; of those that have one `reap` of
   * `@memkit/frame-meta/agents` takes over this too.
   *
   * @param agent - its {@link BuddyAllocator.agent}. Caller must know that it is dead, and not reaped by another.
   * @throws {@link FrameError} `invalid-option`, also for an agent with a number
   */
  reap(agent: number): void {
    const known = Number.isInteger(agent) && agent >= 0 && agent < this.agents;
    if (!known || agent === this.agent || this.stateOf(agent) > NUMBERLESS) {
      refuseOption("agent", agent);
    }
    this.takeOverRecords([agent], [agent + 1]);
  }

  /** See {@link FrameAllocator.takeOver}. @internal */
  takeOver(dead: readonly number[]): void {
    const records: number[] = [];
    for (let agent = 0; agent < this.agents; agent += 1) {
      if (dead.includes(this.stateOf(agent) - NUMBERED)) records.push(agent);
    }
    const holders = [
      ...records.map((agent) => agent + 1),
      ...dead.map((id) => this.recordless(id)),
    ];
    this.takeOverRecords(records, holders);
  }

  /** See {@link FrameAllocator.takeBack}. @internal */
  takeBack(pfn: number): void {
    const leaf = this.leafOf(pfn);
    const bit = 1 << (leaf & (WORD_FRAMES - 1));
    const word = this.taken + (leaf >>> WORD_ORDER);
    if ((this.words.load(word) & bit) !== 0) return; // it was not given back
    this.depot.lock(this.holder);
    this.depot.takeAt(leaf); // or it was on its way to its place, and is nowhere
    this.words.or(word, bit);
    this.depot.unlock();
  }

  /**
   * Makes the free set anew: every frame whose slot is unused is in it. Finds what terminated agents had in their hands. Caller
   * must know that no other agent works, and that nobody has frames of {@link BuddyAllocator.alloc} which it has not claimed.
   *
   * @returns frames that the free set has won
   */
  rescan(): number {
    const depot = this.depot;
    depot.lock(this.holder);
    const before = depot.frames + depot.cached();
    depot.forget();
    depot.scan(this.slots);
    const won = depot.frames - before;
    depot.unlock();
    return won;
  }

  private get holder(): number {
    return this.agent < 0 ? this.recordless(this.id) : this.agent + 1;
  }

  /** What an agent without a record puts into the lock; all that have no number either put the same. */
  private recordless(id: number): number {
    return this.agents + NUMBERED + id;
  }

  private stateOf(agent: number): number {
    return this.words.load(this.depot.recordOf(agent) + RecordWord.state);
  }

  private claimRecord(): number {
    const state = this.id < 0 ? NUMBERLESS : NUMBERED + this.id;
    for (let agent = 0; agent < this.agents; agent += 1) {
      const at = this.depot.recordOf(agent) + RecordWord.state;
      if (this.words.swap(at, 0, state) === 0) return agent;
    }
    return -1;
  }

  private takeOverRecords(records: readonly number[], holders: readonly number[]): void {
    const { depot, words, holder } = this;
    const held = words.load(AllocWord.lock);
    const broken = holders.includes(held) && words.swap(AllocWord.lock, held, holder) === held;
    if (!broken) depot.lock(holder);
    for (const agent of records) {
      depot.takeOver(agent);
      words.store(depot.recordOf(agent) + RecordWord.state, 0);
    }
    // It died in the middle of a step: the bits are what counts. After the caches, whose frames may be in a tree too.
    if (broken) depot.rebuild();
    depot.unlock();
  }

  private expectTaken(leaf: number, pfn: number): void {
    const bits = this.words.load(this.taken + (leaf >>> WORD_ORDER));
    if (((bits >>> (leaf & (WORD_FRAMES - 1))) & 1) === 0) {
      throw new FrameError({ code: "not-taken", pfn });
    }
  }

  /** Clears the bit of a frame that is given back: one step, which only one of two can make. */
  private untake(leaf: number, pfn: number): void {
    const bit = 1 << (leaf & (WORD_FRAMES - 1));
    const found = this.words.and(this.taken + (leaf >>> WORD_ORDER), ~bit);
    if ((found & bit) === 0) throw new FrameError({ code: "not-taken", pfn });
  }

  /**
   * Refuses a frame that somebody has a handle on: it is given back by the end of its last one, which finds it busy. What is in a hand
   * is unused, or busy for a moment yet.
   */
  private refuseUsed(pfn: number): void {
    const { slots } = this;
    const count = slots.load(slots.knownCountIndexOf(pfn));
    if (count === REF_COUNT_UNUSED || count === REF_COUNT_BUSY) return;
    refuseFrame(slots, pfn, count > 0 ? Refusal.inUse : refusalOf(count));
  }

  /** The bit of a frame. @throws {@link FrameError} `out-of-bound`, `mmio`, `invalid-option` */
  private leafOf(pfn: number): number {
    if (typeof pfn !== "number") refuseOption("pfn", pfn);
    for (const tree of this.depot.trees) {
      const at = pfn - tree.firstPfn;
      if (at >>> 0 === at && at < tree.frames) return (tree.firstLeaf + (pfn - tree.base)) | 0;
    }
    return refuseFrame(this.slots, pfn, this.slots.geometry.slotOf(pfn));
  }

  private handOut(leaf: number): number {
    this.words.or(this.taken + (leaf >>> WORD_ORDER), 1 << (leaf & (WORD_FRAMES - 1)));
    return this.pfnOf(leaf);
  }

  private pfnOf(leaf: number): number {
    const tree = this.depot.treeOf(leaf);
    return tree.base + (leaf - tree.firstLeaf);
  }

  private addRun(pfn: number, leaf: number, frames: number): void {
    const tree = this.depot.treeOf(leaf);
    if (!(Number.isInteger(frames) && frames >= 1)) refuseOption("frames", frames);
    const beyond = tree.firstPfn + tree.frames;
    if (pfn + frames > beyond) refuseFrame(this.slots, beyond, Refusal.outOfBound);
    this.refuseUsed(pfn);
    this.refuseUsed(pfn + frames - 1);
    this.depot.lock(this.holder);
    const free = this.depot.clearTaken(leaf, frames);
    if (free >= 0) {
      this.depot.unlock();
      throw new FrameError({ code: "not-taken", pfn: pfn + (free - leaf) });
    }
    this.depot.put(leaf, frames);
    this.depot.unlock();
  }
}
