/**
 * A table of frames, as one agent sees it: the raw slots, the types bound here, and how frames are torn down.
 *
 * @module
 */

import { PAGE_SIZE, type Paddr, type PhysicalMemory } from "@memkit/core";
import { TableAgent } from "../agent/agent.js";
import type { FrameAllocator } from "../alloc/frame-allocator.js";
import type { WideView } from "../alloc/zero.js";
import { objectOf } from "../argument.js";
import { FrameError } from "../frame-error.js";
import type { FrameMeta } from "../meta/frame-meta.js";
import type { FrameLedger, HolderKind } from "../model/frame-ledger.js";
import { ANY_ALLOCATOR, HeaderWord } from "../slot/layout.js";
import {
  attachSlots,
  createSlots,
  type SlotTableAttachment,
  type SlotTableOptions,
} from "../slot/open.js";
import { park } from "../slot/park.js";
import { refuseFrame } from "../slot/refuse.js";
import type { SlotTable, TableMode } from "../slot/slot-table.js";
import { MetaScratch } from "./scratch.js";
import { Teardown } from "./teardown.js";
import { BoundTypes } from "./types.js";

/** Who is told of frames that become free. An allocator's; it must not throw. */
export interface FreeSet {
  /** Frame `pfn` is about to become unused. It still is busy: it can be claimed only after this call. */
  add(pfn: number): void;
  /** The frame that {@link FreeSet.add} was told of last is unused, or will never be. */
  settle?(): void;
}

/** What one agent adds to a table. */
export interface FrameTableExtras {
  /** Whom to tell of frames that become free. */
  readonly freeSet?: FreeSet;
  /** Records every handle, to find leaks and handles used twice: see `FrameLedger`. */
  readonly ledger?: FrameLedger;
  /**
   * This agent's number, one of the table's `agents`, which no other has: so that another can `reap` it. With a ledger it is the
   * ledger's, and then what it held is known exactly.
   */
  readonly agent?: number;
}

/** Made by {@link FrameTable.create}, or by {@link FrameTable.attach} in another agent. */
export class FrameTable {
  /** The raw storey. */
  readonly slots: SlotTable;
  /** The types bound by this agent. @internal */
  readonly types: BoundTypes;
  /** Ends frames. @internal */
  readonly teardown: Teardown;
  /** @internal */
  readonly scratch: MetaScratch;
  /** Slots whose metadata this agent has locked. @internal */
  readonly locks: Set<number>;
  readonly ledger: FrameLedger | undefined;
  /** This agent's record, where it was given a number. */
  readonly agent: TableAgent | undefined;
  /** Who is told of frames that become free. Set once, by {@link FrameTable.use}. */
  freeSet: FreeSet | undefined;
  /** Kept for `alloc/zero.ts`. @internal */
  wide: WideView | undefined;
  /**
   * Who keeps locks of its own in slots, such as page tables: asked by `reap` while it has stopped the table, and what it returns is
   * called when agents go on. @internal
   */
  onReap: ((dead: readonly number[]) => () => void) | undefined;
  /** Who owns the frames that are unused, as this agent sees it. Set once, by {@link FrameTable.use}. */
  allocator: FrameAllocator | undefined;

  private constructor(slots: SlotTable, { freeSet, ledger, agent }: FrameTableExtras) {
    if (ledger !== undefined) objectOf("ledger", ledger, "expectTo").expectTo(slots, agent);
    this.slots = slots;
    this.types = new BoundTypes(slots, agent ?? -1);
    this.scratch = new MetaScratch();
    this.locks = new Set();
    this.ledger = ledger;
    this.agent = agent === undefined ? undefined : new TableAgent(slots, agent);
    this.freeSet = freeSet;
    this.wide = undefined;
    this.onReap = undefined;
    this.allocator = undefined;
    this.teardown = new Teardown(this);
  }

  /**
   * A new table: every frame is unused.
   *
   * @throws {@link FrameError} `invalid-option`, `table-too-large`; what `PhysicalMemory` throws
   *
   * @example
   * ```ts
   * import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
   *
   * const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(16 * 4096) } });
   * const frame = Frame.fromUnused(table, 0x3000, unitMeta, {});
   * const other = frame.clone();
   * frame.referenceCount; // => 2
   * frame.drop();
   * other.drop();
   * table.slots.countOf(3); // => -1
   * ```
   */
  static create(options: SlotTableOptions, extras: FrameTableExtras = {}): FrameTable {
    objectOf("extras", extras); // before anything is written
    return new FrameTable(createSlots(options), extras);
  }

  /**
   * A table that another agent has made.
   *
   * @throws {@link FrameError} `header-mismatch`, `invalid-option`, `agent-taken`; what `PhysicalMemory` throws
   */
  static attach(attachment: SlotTableAttachment, extras: FrameTableExtras = {}): FrameTable {
    return new FrameTable(attachSlots(attachment), objectOf("extras", extras));
  }

  /**
   * Gives the unused frames to an allocator, in this agent: from here on frames are claimed and freed through it. `createBuddy`
   * and `attachBuddy` do so by themselves. Agents of the table that have not been told refuse to claim, and park what they would
   * free.
   *
   * @param number - what the header says of the allocator, the same in every agent that knows it
   * @throws {@link FrameError} `has-allocator` where there is one, or a free set; `invalid-option` for what is no object
   */
  use(allocator: FrameAllocator, number: number = ANY_ALLOCATOR): void {
    if (this.freeSet !== undefined) throw new FrameError({ code: "has-allocator" });
    this.freeSet = objectOf("allocator", allocator);
    this.allocator = allocator;
    this.slots.store(HeaderWord.allocator, number);
  }

  /** Whether the frames belong to an allocator that this agent does not know. @internal */
  get lacksAllocator(): boolean {
    return this.allocator === undefined && this.slots.load(HeaderWord.allocator) !== 0;
  }

  /** Whether other agents may share the table. */
  get mode(): TableMode {
    return this.slots.mode;
  }

  /**
   * Begins what a reap must not see half-done, such as a step of a count and of the ledger; a pair with {@link FrameTable.unpin}.
   * Waits while another agent reaps. Nothing in between may wait for another agent. Does nothing for an agent without a number.
   */
  pin(): void {
    if (this.agent !== undefined) this.agent.pin();
  }

  /** Ends what {@link FrameTable.pin} began. */
  unpin(): void {
    if (this.agent !== undefined) this.agent.unpin();
  }

  /** Ends a step by which this agent holds the frame of `slot` once more. @internal */
  gain(slot: number, kind: HolderKind): void {
    if (this.ledger !== undefined) this.ledger.acquire(slot, kind);
    this.unpin();
  }

  /** Ends a step by which it does once less. @throws `CoreError` `not-in-ledger` @internal */
  lose(slot: number, kind: HolderKind): void {
    try {
      if (this.ledger !== undefined) this.ledger.release(slot, kind);
    } finally {
      this.unpin();
    }
  }

  /** Ends a step by which it does in another way. @throws `CoreError` `not-in-ledger` @internal */
  turn(slot: number, from: HolderKind, to: HolderKind): void {
    try {
      if (this.ledger !== undefined) this.ledger.move(slot, from, to);
    } finally {
      this.unpin();
    }
  }

  /** Waits until the word may have changed, unpinned meanwhile. @internal */
  park(index: number, seen: number): void {
    if (this.agent === undefined) park(this.slots.words, index, seen);
    else this.agent.park(index, seen);
  }

  /** The memory whose frames these are. */
  get memory(): PhysicalMemory {
    return this.slots.memory;
  }

  /** The bytes of the table: hand them to another agent, which attaches. */
  get buffer(): ArrayBuffer | SharedArrayBuffer {
    return this.slots.words.buffer as ArrayBuffer | SharedArrayBuffer;
  }

  /**
   * Makes a type known to this agent, so that its frames can be looked into and torn down here. Claiming a frame with a type
   * binds it too.
   *
   * @returns its number in this table, the same in all agents
   * @throws {@link FrameError} `directory-full`; `invalid-option` for what `defineFrameMeta` has not made. Nothing has changed then.
   */
  bind(type: FrameMeta): number {
    return this.types.idOf(type);
  }

  /**
   * Tears down the frames whose last handle went in an agent that had not bound their type, where this agent has.
   *
   * @returns frames that have become unused
   * @throws {@link FrameError} `drop-failed`; all others are unused then too
   */
  drain(): number {
    return this.teardown.drain();
  }

  /**
   * The slot of the frame at `paddr`.
   *
   * @throws {@link FrameError} `not-aligned`, `out-of-bound`, `mmio`, judged in this order
   * @internal
   */
  slotAt(paddr: number): number {
    const slot = this.slots.slotAt(paddr);
    return slot >= 0 ? slot : refuseFrame(this.slots, paddr / PAGE_SIZE, slot);
  }

  /** Where the frame of `slot` starts. @internal */
  paddrOf(slot: number): Paddr {
    return (this.slots.geometry.pfnOf(slot) * PAGE_SIZE) as Paddr;
  }

  /** Throws what a refusal of a step on `slot` means. @internal */
  refuse(slot: number, refusal: number): never {
    return refuseFrame(this.slots, this.slots.geometry.pfnOf(slot), refusal);
  }
}
