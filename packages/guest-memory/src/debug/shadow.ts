/**
 * What the holder of a borrow sees instead of the memory: a copy of its own.
 *
 *     guest   AAAA --copy--> given AAAA   as it was handed out
 *       ^      |             bytes AABA   what the holder sees, and may have written to
 *       |      `-- must still be AAAA when the borrow ends: nobody else may write what is borrowed
 *       `-- B, if the borrow is mut; if it is shared, nobody may have written it
 *
 * @module
 */

import type { BorrowKind } from "../error.js";

/** What a broken rule did first. */
export interface Breach {
  /** Address of the first byte that is another. */
  readonly at: number;
  /** The holder of a shared borrow wrote to its view, or somebody else to the bytes beneath a borrow. */
  readonly by: "holder" | "other";
}

/** What MSVC's debug heap fills freed memory with: whoever sees it kept a view for too long. */
const DEAD = 0xdd;

/** The copy of one borrow's bytes. */
export class Shadow {
  /** What the holder sees. */
  readonly bytes: Uint8Array;
  readonly #given: Uint8Array;
  readonly #start: number;

  constructor(memory: Uint8Array, start: number, len: number) {
    this.bytes = memory.slice(start, start + len);
    this.#given = this.bytes.slice();
    this.#start = start;
  }

  /**
   * Puts what the holder of a mut borrow wrote into `memory`, and looks for what nobody may have written.
   *
   * Bytes that the memory has lost since are lost here as well. May be called again.
   */
  settle(kind: BorrowKind, memory: Uint8Array): Breach | undefined {
    const given = this.#given;
    const { bytes } = this;
    const start = this.#start;
    let breach: Breach | undefined;
    const there = Math.min(bytes.length, Math.max(0, memory.length - start));
    for (let i = 0; i < there; i++) {
      const written = bytes[i]!;
      const before = given[i]!;
      if (memory[start + i] !== before) breach ??= { at: start + i, by: "other" };
      if (written === before) continue;
      if (kind === "shared") {
        breach ??= { at: start + i, by: "holder" };
      } else {
        memory[start + i] = written;
        given[i] = written;
      }
    }
    return breach;
  }

  /** Makes a view that was kept for too long look like it. */
  retire(): void {
    this.bytes.fill(DEAD);
  }
}
