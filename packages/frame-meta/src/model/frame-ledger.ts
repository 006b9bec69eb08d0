/**
 * The ledger of a table: how many handles of each kind every agent has on every frame. vostd's `frame_obligations`, in memory
 * that all agents share, so that a leak of one is seen by another.
 *
 *     word (agent * frames + slot) * 6 + kind     live handles of that kind
 *
 * A debugging aid: without one a handle costs a test of a field. FM-18: an entry is what was acquired less what was released,
 * and a release that nothing was acquired for is refused: it is how a raw handle used twice is found out.
 *
 * @module
 */

import { CoreError } from "@memkit/core";
import { FrameError } from "../frame-error.js";

/** What can hold a frame. */
export type HolderKind = "handle" | "unique" | "raw" | "segment" | "list" | "path";

/** In the order of the words. */
export const HOLDER_KINDS: readonly HolderKind[] = [
  "handle",
  "unique",
  "raw",
  "segment",
  "list",
  "path",
];
const KINDS = HOLDER_KINDS.length;

/** Live handles of one kind that one agent has on one frame. */
export interface HolderEntry {
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

/**
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

  /** @throws {@link FrameError} `invalid-option` */
  constructor({ frames, agents = 1, agent = 0, buffer }: FrameLedgerOptions) {
    const words = frames * agents * KINDS;
    this.buffer = buffer ?? new SharedArrayBuffer(words * 4);
    if (!(Number.isInteger(agent) && agent >= 0 && agent < agents)) {
      throw new FrameError({ code: "invalid-option", option: "agent", got: String(agent) });
    }
    if (this.buffer.byteLength !== words * 4) {
      const got = `${this.buffer.byteLength} bytes, ${words * 4} are needed`;
      throw new FrameError({ code: "invalid-option", option: "buffer", got });
    }
    this.frames = frames;
    this.agents = agents;
    this.agent = agent;
    this.#words = new Int32Array(this.buffer);
  }

  #index(agent: number, slot: number, kind: HolderKind): number {
    return (agent * this.frames + slot) * KINDS + HOLDER_KINDS.indexOf(kind);
  }

  /** A handle of this agent begins. */
  acquire(slot: number, kind: HolderKind): void {
    Atomics.add(this.#words, this.#index(this.agent, slot, kind), 1);
  }

  /** A handle of this agent ends. @throws {@link CoreError} `not-in-ledger` if it has none: nothing has changed then */
  release(slot: number, kind: HolderKind): void {
    const index = this.#index(this.agent, slot, kind);
    // Only this agent writes its words, so what is there stays there between the look and the step.
    if (Atomics.load(this.#words, index) === 0) {
      throw new CoreError({ code: "not-in-ledger", kind, id: slot });
    }
    Atomics.sub(this.#words, index, 1);
  }

  /** A handle becomes one of another kind. @throws {@link CoreError} `not-in-ledger` */
  move(slot: number, from: HolderKind, to: HolderKind): void {
    this.release(slot, from);
    this.acquire(slot, to);
  }

  /** Live handles of a kind on a frame, of all agents. */
  count(slot: number, kind: HolderKind): number {
    let sum = 0;
    for (let agent = 0; agent < this.agents; agent += 1) {
      sum += Atomics.load(this.#words, this.#index(agent, slot, kind));
    }
    return sum;
  }

  /** Everything that is live: at the end of a program, what has leaked. */
  report(): HolderEntry[] {
    const entries: HolderEntry[] = [];
    for (let i = 0; i < this.#words.length; i += 1) {
      const count = Atomics.load(this.#words, i);
      if (count === 0) continue;
      const at = Math.floor(i / KINDS);
      const agent = Math.floor(at / this.frames);
      entries.push({ agent, slot: at % this.frames, kind: HOLDER_KINDS[i % KINDS]!, count });
    }
    return entries;
  }
}
