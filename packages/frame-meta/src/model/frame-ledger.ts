/**
 * The ledger of a table: how many handles of each kind every agent has on every frame. vostd's `frame_obligations`, in memory
 * that all agents share, so that a leak of one is seen by another.
 *
 *     word (row * frames + slot) * 8 + kind     live handles of that kind; a row for each agent, and one for nobody's
 *
 * A handle that has become a number, and a mapping in a page table, is nobody's: any agent may take it up or undo it.
 *
 * A debugging aid: without one a handle costs a test of a field. FM-18: an entry is what was acquired less what was released,
 * and a release that nothing was acquired for is refused: it is how a raw handle used twice is found out.
 *
 * @module
 */

import { bufferTraits, CoreError } from "@memkit/core";
import { objectOf, refuseOption } from "../argument.js";
import { FrameError } from "../slot/open-error.js";
import type { SlotTable } from "../slot/slot-table.js";

/**
 * What can hold a frame. The last two are an agent that ends it: `busy` from its last handle on, `ending` from the moment on when
 * its `onDrop` is about to run.
 */
export type HolderKind =
  | "handle"
  | "unique"
  | "raw"
  | "segment"
  | "list"
  | "path"
  | "busy"
  | "ending";

/** Where the word of a kind is among those of a frame. */
const WORD_OF: Readonly<Record<HolderKind, number>> = {
  handle: 0,
  unique: 1,
  raw: 2,
  segment: 3,
  list: 4,
  path: 5,
  busy: 6,
  ending: 7,
};
/** In the order of the words. */
export const HOLDER_KINDS: readonly HolderKind[] = Object.keys(WORD_OF) as HolderKind[];
const KINDS = HOLDER_KINDS.length;

/** Kinds that are no agent's. */
const isCommon = (kind: HolderKind): boolean => kind === "raw" || kind === "path";

/** Live handles of one kind that one agent has on one frame. */
export interface HolderEntry {
  /** -1 for what is no agent's: raw handles and mappings. */
  readonly agent: number;
  readonly slot: number;
  readonly kind: HolderKind;
  readonly count: number;
}

/** What a ledger is for. */
export interface FrameLedgerOptions {
  /** Frames of the table. */
  readonly frames: number;
  /** How many agents there can be; 1 if not given. */
  readonly agents?: number;
  /** Which of them this one is, 0 if not given. */
  readonly agent?: number;
  /** The words of another agent's ledger; new ones if not given. */
  readonly buffer?: ArrayBuffer | SharedArrayBuffer;
}

function expectCount(option: string, got: number, min: number): void {
  if (!(Number.isSafeInteger(got) && got >= min)) refuseOption(option, got);
}

function allocate(bytes: number): ArrayBuffer | SharedArrayBuffer {
  // A page that is not cross-origin isolated has no SharedArrayBuffer, and no other agent either.
  const Buffer = typeof SharedArrayBuffer === "undefined" ? ArrayBuffer : SharedArrayBuffer;
  try {
    return new Buffer(bytes);
  } catch (cause) {
    throw new FrameError({ code: "table-too-large", needed: bytes, max: 0 }, { cause });
  }
}

/**
 * Of a table: it has as many frames, and is shared where the table is.
 *
 * @example
 * ```ts
 * import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
 * import { FrameLedger } from "@memkit/frame-meta/model";
 *
 * const ledger = new FrameLedger({ frames: 4 });
 * const memory = { buffer: new ArrayBuffer(4 * 4096) };
 * const table = FrameTable.create({ memory }, { ledger });
 * const frame = Frame.fromUnused(table, 0x1000, unitMeta, {});
 * ledger.report(); // => [{ agent: 0, slot: 1, kind: "handle", count: 1 }]
 * frame.drop();
 * ledger.report(); // => []
 * ```
 */
export class FrameLedger {
  readonly frames: number;
  readonly agents: number;
  readonly agent: number;
  /** Hand them to another agent, for a ledger of its own over the same words. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  readonly #words: Int32Array;

  /** @throws {@link FrameError} `invalid-option`; `table-too-large` where the host has no memory for it */
  constructor(options: FrameLedgerOptions) {
    const { frames, agents = 1, agent = 0, buffer } = objectOf("options", options);
    expectCount("frames", frames, 0);
    expectCount("agents", agents, 1);
    if (!(Number.isInteger(agent) && agent >= 0 && agent < agents)) {
      refuseOption("agent", agent);
    }
    const bytes = frames * (agents + 1) * KINDS * 4;
    this.buffer = buffer ?? allocate(bytes);
    if (this.buffer.byteLength !== bytes || bufferTraits(this.buffer).resizable) {
      refuseOption(
        "buffer",
        `${this.buffer.byteLength} bytes, ${bytes} of fixed length are needed`,
      );
    }
    this.frames = frames;
    this.agents = agents;
    this.agent = agent;
    this.#words = new Int32Array(this.buffer);
  }

  /**
   * One of another table would have its entries where others have theirs.
   *
   * @throws {@link FrameError} `invalid-option` unless it is of as many frames, of this agent, and shared where they are
   * @internal
   */
  expectTo({ frames, mode }: SlotTable, agent: number | undefined): void {
    if ((agent ?? this.agent) !== this.agent)
      refuseOption("agent", `${agent}, where the ledger's is ${this.agent}`);
    if (frames !== this.frames) refuseOption("ledger", `of ${this.frames} frames, not ${frames}`);
    const unshared = mode !== "single" && !bufferTraits(this.buffer).shared;
    if (unshared) refuseOption("ledger", `unshared in mode ${mode}`);
  }

  #index(row: number, slot: number, kind: HolderKind): number {
    return (row * this.frames + slot) * KINDS + WORD_OF[kind];
  }

  #mine(slot: number, kind: HolderKind): number {
    return this.#index(isCommon(kind) ? this.agents : this.agent, slot, kind);
  }

  /** A handle of this agent begins, or one that is nobody's. */
  acquire(slot: number, kind: HolderKind): void {
    Atomics.add(this.#words, this.#mine(slot, kind), 1);
  }

  /** A handle ends. @throws `CoreError` `not-in-ledger` if there is none: nothing has changed then */
  release(slot: number, kind: HolderKind): void {
    const index = this.#mine(slot, kind);
    for (let count = Atomics.load(this.#words, index); count > 0; ) {
      const found = Atomics.compareExchange(this.#words, index, count, count - 1);
      if (found === count) return;
      count = found;
    }
    throw new CoreError({ code: "not-in-ledger", kind, id: slot });
  }

  /**
   * A handle on each of so many frames ends, or on none.
   *
   * @throws `CoreError` `not-in-ledger`
   * @internal
   */
  releaseAll(first: number, frames: number, kind: HolderKind): void {
    for (let i = 0; i < frames; i += 1) {
      try {
        this.release(first + i, kind);
      } catch (error) {
        while (i-- > 0) this.acquire(first + i, kind);
        throw error;
      }
    }
  }

  /** A handle becomes one of another kind. @throws `CoreError` `not-in-ledger` */
  move(slot: number, from: HolderKind, to: HolderKind): void {
    this.release(slot, from);
    this.acquire(slot, to);
  }

  /** Live handles of a kind on a frame, of all agents. */
  count(slot: number, kind: HolderKind): number {
    let sum = 0;
    for (let row = 0; row <= this.agents; row += 1) {
      sum += Atomics.load(this.#words, this.#index(row, slot, kind));
    }
    return sum;
  }

  /** Live handles of each kind on a frame, of all agents. @internal */
  countsOf(slot: number): Record<HolderKind, number> {
    const counts = {
      handle: 0,
      unique: 0,
      raw: 0,
      segment: 0,
      list: 0,
      path: 0,
      busy: 0,
      ending: 0,
    };
    for (let row = 0; row <= this.agents; row += 1) {
      const at = (row * this.frames + slot) * KINDS;
      for (const kind of HOLDER_KINDS)
        counts[kind] += Atomics.load(this.#words, at + WORD_OF[kind]);
    }
    return counts;
  }

  /** Live handles of a kind that one agent has on a frame; -1 is nobody. @internal */
  countOf(agent: number, slot: number, kind: HolderKind): number {
    return Atomics.load(this.#words, this.#index(agent < 0 ? this.agents : agent, slot, kind));
  }

  /** So many handles of a kind are on a frame, of a table that was opened. @internal */
  record(slot: number, kind: HolderKind, count: number): void {
    Atomics.store(this.#words, this.#mine(slot, kind), count);
  }

  /** What an agent had on a frame it has no more. @internal */
  clear(agent: number, slot: number): void {
    for (const kind of HOLDER_KINDS) Atomics.store(this.#words, this.#index(agent, slot, kind), 0);
  }

  /** Everything that is live: at the end of a program, what has leaked. */
  report(): HolderEntry[] {
    const entries: HolderEntry[] = [];
    for (let i = 0; i < this.#words.length; i += 1) {
      const count = Atomics.load(this.#words, i);
      if (count === 0) continue;
      const at = Math.floor(i / KINDS);
      const row = Math.floor(at / this.frames);
      const agent = row === this.agents ? -1 : row;
      entries.push({ agent, slot: at % this.frames, kind: HOLDER_KINDS[i % KINDS]!, count });
    }
    return entries;
  }
}
