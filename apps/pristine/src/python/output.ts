/**
 * What a program writes to its standard output and error, taken where it leaves the guest.
 *
 * @module
 */

import type { Booted } from "./boot.js";

interface Streams {
  readonly streams: readonly (object | null | undefined)[];
}

/** `struct __wasi_ciovec_t`: an address and a length of 32 bits each (WASI preview1). */
const IOVEC_BYTES = 8;

/** See the head of this module. */
export class Output {
  readonly #booted: Booted;
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;

  /** @param limit - In bytes. */
  constructor(booted: Booted, limit: number) {
    this.#booted = booted;
    this.#limit = limit;
    const { streams } = booted.pyodide.FS as Streams;
    const own = [streams[1], streams[2]];
    booted.door.intercept("fd_write", ([fd, iovs, count, written]) => {
      // Only what still is the stream that it was: a program may have put a file in its place.
      const stream =
        typeof fd === "number" ? (booted.pyodide.FS as Streams).streams[fd] : undefined;
      if (stream === undefined || stream === null || !own.includes(stream)) return undefined;
      return this.#write(Number(iovs) >>> 0, Number(count) >>> 0, Number(written) >>> 0);
    });
  }

  #write(iovs: number, count: number, written: number): number {
    const { memory, door } = this.#booted;
    const view = new DataView(memory.buffer);
    let total = 0;
    for (let n = 0; n < count; n++) {
      const start = view.getUint32(iovs + n * IOVEC_BYTES, true);
      const length = view.getUint32(iovs + n * IOVEC_BYTES + 4, true);
      this.#length += length;
      if (this.#length > this.#limit) door.refuse({ code: "too-much-output", limit: this.#limit });
      this.#chunks.push(Buffer.from(Buffer.from(memory.buffer, start, length)));
      total += length;
    }
    view.setUint32(written, total, true);
    return 0;
  }

  clear(): void {
    this.#chunks = [];
    this.#length = 0;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
